"""What a DOCX's styles mean: heading of a level, title, contents; bold, size, hidden. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api._lib.files.readers.xml_events import Listener, attribute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_STYLES = 10_000
MAX_ANCESTORS = 20
_MAX_SIZE_DIGITS = 4
BODY_LEVEL = 9  # the outline level that Word writes for body text

# Word stores these style names in English in every language version. Style ids are translated.
_HEADING = re.compile(r"heading ?([1-9])", re.IGNORECASE)
_CONTENTS = re.compile(r"toc ?[1-9]|toc heading|contents [1-9]|contents heading", re.IGNORECASE)
_FRONT_MATTER = frozenset({"subtitle", "author", "date"})
# Names that people give to styles of their own.
_CHAPTER_NAME = re.compile(
    r"chapter|heading|kapitel|überschrift|chapitre|titre|cap[ií]tulo|t[ií]tulo|titolo|章|标题|標題"
    r"|عنوان|глава|заголов",
    re.IGNORECASE,
)
_OFF = frozenset({"0", "false", "off", "none"})


@dataclass
class _Style:
    name: str = ""
    outline_level: int | None = None
    based_on: str | None = None
    is_bold: bool | None = None
    is_hidden: bool | None = None
    half_points: int | None = None
    num_id: str | None = None
    list_level: str | None = None


@dataclass(frozen=True)
class Look:
    """What a style means for a paragraph or a run; None where it says nothing."""

    level: int = 0
    is_title: bool = False
    is_contents: bool = False
    is_front_matter: bool = False
    is_named_as_heading: bool = False
    is_bold: bool | None = None
    is_hidden: bool | None = None
    half_points: int | None = None
    num_id: str | None = None
    list_level: str | None = None


def outline_level(value: str | None) -> int | None:
    """Return the heading level, 1 to 9, of an outline level; 0 for body text, None if invalid."""
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 1:
        return None
    return (int(value) + 1) % (BODY_LEVEL + 1)


def is_on(attributes: Mapping[str, str]) -> bool:
    """Whether a property that is on or off is on: it is if nothing else is said."""
    return attribute(attributes, "val") not in _OFF


def half_points(attributes: Mapping[str, str]) -> int | None:
    """Return a size in half points, as Word measures letters."""
    value = attribute(attributes, "val") or ""
    is_size = value.isascii() and value.isdigit() and len(value) <= _MAX_SIZE_DIGITS
    return int(value) if is_size else None


class Styles(Listener):
    """Listener for styles.xml. Afterwards it answers what a style id means."""

    def __init__(self) -> None:
        self.half_points: int | None = None
        self._styles: dict[str, _Style] = {}
        self._current: _Style | None = None
        self._default_id = ""
        self._in_defaults = False
        self._looks: dict[str, Look] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin a style, or note one of its properties."""
        if name == "style":
            self._begin(attributes)
        elif name == "docDefaults":
            self._in_defaults = True
        elif self._current is not None:
            _note(self._current, name, attributes)
        elif self._in_defaults and name == "sz":
            self.half_points = half_points(attributes)

    def _begin(self, attributes: Mapping[str, str]) -> None:
        self._current = _Style()
        style_id = attribute(attributes, "styleId") or ""
        if len(self._styles) < MAX_STYLES:
            self._styles[style_id] = self._current
        is_default = attribute(attributes, "default") not in {None, *_OFF}
        if is_default and attribute(attributes, "type") == "paragraph":
            self._default_id = style_id

    def end(self, name: str) -> None:
        """End a style."""
        if name == "style":
            self._current = None
        elif name == "docDefaults":
            self._in_defaults = False

    def look(self, style_id: str) -> Look:
        """Return what a style means; of "", what paragraphs without one have."""
        found = self._looks.get(style_id)
        if found is None:
            found = self._looks[style_id] = self._worked_out(style_id or self._default_id)
        return found

    def _worked_out(self, style_id: str) -> Look:
        style = self._styles.get(style_id)
        name = (style.name if style else style_id).lower()
        line = list(self._line(style_id))
        return Look(
            level=self._level(style_id),
            is_title=name == "title",
            is_contents=bool(_CONTENTS.fullmatch(name)),
            is_front_matter=name in _FRONT_MATTER,
            is_named_as_heading=bool(_CHAPTER_NAME.search(name)),
            is_bold=next((one.is_bold for one in line if one.is_bold is not None), None),
            is_hidden=next((one.is_hidden for one in line if one.is_hidden is not None), None),
            half_points=next((one.half_points for one in line if one.half_points), None),
            num_id=next((one.num_id for one in line if one.num_id is not None), None),
            list_level=next((one.list_level for one in line if one.list_level is not None), None),
        )

    def _line(self, style_id: str) -> Iterator[_Style]:
        """Yield a style and those that it is based on."""
        current: str | None = style_id
        for _ in range(MAX_ANCESTORS):
            style = self._styles.get(current or "")
            if style is None:
                return
            yield style
            current = style.based_on

    def _level(self, style_id: str) -> int:
        """Return the heading level of a style, its own or inherited; 0 if it is not a heading."""
        # A style that is not described still has its id: "Heading1".
        if style_id not in self._styles:
            heading = _HEADING.fullmatch(style_id)
            return int(heading[1]) if heading else 0
        is_body = False
        for style in self._line(style_id):
            heading = _HEADING.fullmatch(style.name or "")
            if heading:
                return int(heading[1])
            if style.outline_level == 0:
                # LibreOffice writes "body text" into every style that is based on a heading.
                is_body = True
            elif style.outline_level and not is_body:
                return style.outline_level
        return 0


def _note(style: _Style, name: str, attributes: Mapping[str, str]) -> None:
    match name:
        case "name":
            style.name = attribute(attributes, "val") or ""
        case "basedOn":
            style.based_on = attribute(attributes, "val")
        case "outlineLvl":
            style.outline_level = outline_level(attribute(attributes, "val"))
        case "b":
            style.is_bold = is_on(attributes)
        case "vanish":
            style.is_hidden = is_on(attributes)
        case "sz":
            style.half_points = half_points(attributes)
        case "numId":
            style.num_id = attribute(attributes, "val")
        case "ilvl":
            style.list_level = attribute(attributes, "val")
