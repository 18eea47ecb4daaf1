"""Reads the main part of a DOCX: its paragraphs in order, with their heading levels. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api._lib.files.readers.document import Paragraph, one_line
from api._lib.files.readers.docx_styles import outline_level
from api._lib.files.readers.xml_events import Listener

if TYPE_CHECKING:
    from api._lib.files.readers.docx_styles import Styles
    from api._lib.files.readers.xml_events import Element

# Deleted or moved text, field codes, and second copies of text for older programs.
_SKIPPED = frozenset({"Fallback", "del", "moveFrom", "instrText"})
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}


@dataclass
class _Open:
    """A paragraph that has not ended yet. A text box nests one paragraph in another."""

    pieces: list[str] = field(default_factory=list)
    style_id: str = ""
    level: int | None = None


class Body(Listener):
    """Listener for the main part. Afterwards it has the title, if any, and the paragraphs."""

    def __init__(self, styles: Styles) -> None:
        self.title = ""
        self.paragraphs: list[Paragraph] = []
        self._styles = styles
        self._open: list[_Open] = []
        self._skipping = 0
        self._in_text = False
        self._in_properties = 0

    def start(self, element: Element) -> None:
        """Open a paragraph, note its style, or add the character that an element stands for."""
        name = element.name
        if self._skipping or name in _SKIPPED:
            self._skipping += 1
            return
        if name == "p":
            self._open.append(_Open())
        elif not self._open:
            return
        elif name in {"pPr", "rPr"}:
            self._in_properties += 1
        elif self._in_properties:
            self._note_property(element)
        elif name == "t":
            self._in_text = True
        elif name in _SIGNS:
            self._open[-1].pieces.append(_SIGNS[name])

    def _note_property(self, element: Element) -> None:
        paragraph, value = self._open[-1], element.attributes.get("val")
        if element.name == "pStyle":
            paragraph.style_id = value or ""
        elif element.name == "outlineLvl":
            paragraph.level = outline_level(value)

    def end(self, name: str) -> None:
        """End a paragraph, its properties, a text or a skipped element."""
        if self._skipping:
            self._skipping -= 1
        elif name == "t":
            self._in_text = False
        elif name in {"pPr", "rPr"} and self._in_properties:
            self._in_properties -= 1
        elif name == "p" and self._open:
            self._close(self._open.pop())

    def characters(self, text: str) -> None:
        """Add text to the innermost paragraph."""
        if self._in_text and not self._skipping and self._open:
            self._open[-1].pieces.append(text)

    def _close(self, paragraph: _Open) -> None:
        text = "".join(paragraph.pieces).strip()
        style_id = paragraph.style_id
        if not text or self._styles.is_contents(style_id):
            return
        if not self.title and not self.paragraphs and self._styles.is_title(style_id):
            self.title = one_line(text)
            return
        level = paragraph.level
        self.paragraphs.append(
            Paragraph(text, self._styles.level(style_id) if level is None else level)
        )
