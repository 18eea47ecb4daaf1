"""Reads the paragraph styles of a DOCX: heading levels, title, table of contents. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api._lib.files.readers.xml_events import Listener

if TYPE_CHECKING:
    from api._lib.files.readers.xml_events import Element

MAX_STYLES = 10_000
MAX_ANCESTORS = 20
BODY_LEVEL = 9  # the outline level that Word writes for body text

# Word stores these style names in English in every language version. Style ids are translated.
_HEADING = re.compile(r"heading ?([1-9])", re.IGNORECASE)
_CONTENTS = re.compile(r"toc ?[1-9]|toc heading", re.IGNORECASE)


@dataclass
class _Style:
    name: str = ""
    outline_level: int | None = None
    based_on: str | None = None


def outline_level(value: str | None) -> int | None:
    """Return the heading level, 1 to 9, of an outline level; 0 for body text, None if invalid."""
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 1:
        return None
    return (int(value) + 1) % (BODY_LEVEL + 1)


class Styles(Listener):
    """Listener for styles.xml. Afterwards it answers what a style id means."""

    def __init__(self) -> None:
        self._styles: dict[str, _Style] = {}
        self._current: _Style | None = None

    def start(self, element: Element) -> None:
        """Begin a style, or note one of its properties."""
        value = element.attributes.get("val")
        if element.name == "style":
            self._current = _Style()
            if len(self._styles) < MAX_STYLES:
                self._styles[element.attributes.get("styleId", "")] = self._current
        elif self._current is None:
            return
        elif element.name == "name":
            self._current.name = value or ""
        elif element.name == "basedOn":
            self._current.based_on = value
        elif element.name == "outlineLvl":
            self._current.outline_level = outline_level(value)

    def end(self, name: str) -> None:
        """End a style."""
        if name == "style":
            self._current = None

    def level(self, style_id: str) -> int:
        """Return the heading level of a style, its own or inherited; 0 if it is not a heading."""
        current: str | None = style_id
        for _ in range(MAX_ANCESTORS):
            style = self._styles.get(current or "")
            # Of a style that styles.xml lacks we know only the id, such as "Heading1".
            heading = _HEADING.fullmatch(style.name if style else current or "")
            if heading:
                return int(heading[1])
            if style is None:
                return 0
            if style.outline_level is not None:
                return style.outline_level
            current = style.based_on
        return 0

    def is_title(self, style_id: str) -> bool:
        """Whether this is the style of a document's title."""
        return self._name(style_id) == "title"

    def is_contents(self, style_id: str) -> bool:
        """Whether this is a style of a table of contents, which repeats the headings."""
        return bool(_CONTENTS.fullmatch(self._name(style_id)))

    def _name(self, style_id: str) -> str:
        style = self._styles.get(style_id)
        return (style.name if style else style_id).lower()
