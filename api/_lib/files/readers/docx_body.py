"""Reads the main part of a DOCX: its paragraphs in order, with their heading levels. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api._lib.files.readers.bounds import (
    MAX_CHARACTERS,
    MAX_ELEMENTS,
    MAX_PARAGRAPHS,
    too_large,
)
from api._lib.files.readers.document import Paragraph
from api._lib.files.readers.docx_contents import ContentsFields, is_contents
from api._lib.files.readers.docx_paragraphs import Kept, OpenParagraph, Run
from api._lib.files.readers.xml_events import Listener, attribute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.files.readers.docx_numbering import Numbering
    from api._lib.files.readers.docx_styles import Styles

# Text that is not the document's any more, that stands in it twice, or how a word is pronounced.
_SKIPPED = frozenset(
    {
        *("Fallback", "del", "moveFrom", "rt"),
        *("pPrChange", "rPrChange", "sectPrChange", "tblPrChange", "numberingChange"),
    }
)
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011"}
# Fonts such as Wingdings number their signs from here; no letter can stand for one.
_PRIVATE = range(0xE000, 0xF900)
_UNKNOWN_SIGN = "\u25a1"
_CONTENTS_GALLERY = "table of contents"


class Body(Listener):
    """Listens to the main part; afterwards holds its paragraphs.

    Args:
        styles: What its styles mean.
        numbering: Counts its automatic numbers.
        leaves_out_contents: Whether the result of a contents field is left out.
    """

    def __init__(
        self, styles: Styles, numbering: Numbering, *, leaves_out_contents: bool = True
    ) -> None:
        self.kept: list[Kept] = []
        self.alt_chunks: list[tuple[int, str]] = []  # before which paragraph, relation id
        self._elements = self._paragraphs = self._characters = 0
        self._styles = styles
        self._numbering = numbering
        self._open: list[OpenParagraph] = []
        self._paragraph: OpenParagraph | None = None
        self._run = Run()
        self._skipping = 0
        self._in_text = False
        self._is_shown = True
        self._is_look_due = False
        self._in_properties = 0
        self._tables = 0
        self._contents = ContentsFields(is_off=not leaves_out_contents)
        self._is_contents_next = False
        self._is_after_drop_cap = False
        self._starts = {
            "p": self._start_paragraph,
            "r": self._start_run,
            "t": self._start_text,
            "pPr": self._start_properties,
            "rPr": self._start_properties,
            "tbl": self._start_table,
            "sym": self._add_symbol,
            "fldChar": self._contents.note_field,
            "instrText": self._contents.start_instruction,
            "fldSimple": self._start_simple_field,
            "docPartGallery": self._note_gallery,
            "sdtContent": self._start_content,
            "altChunk": self._note_alt_chunk,
        }

    @property
    def has_open_contents(self) -> bool:
        """Whether a contents field began that never ended: all that follows was left out."""
        return self._contents.is_open

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Open a paragraph, note its style, or add the character that an element stands for.

        Raises:
            UnreadableFileError: There are too many elements (`document_too_large`).
        """
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise too_large("formatting marks", MAX_ELEMENTS)
        if self._skipping or name in _SKIPPED:
            self._skipping += 1
            return
        handler = self._starts.get(name)
        if handler is not None:
            handler(attributes)
        elif self._in_properties:
            self._note_property(name, attributes)
        elif name in _SIGNS and self._paragraph is not None:
            self._add(_SIGNS[name])

    def end(self, name: str) -> None:
        """End a paragraph, its properties, a text or a skipped element."""
        if self._skipping:
            self._skipping -= 1
        elif name == "t":
            self._in_text = False
        elif name in {"pPr", "rPr"}:
            self._in_properties = max(0, self._in_properties - 1)
        elif name == "p":
            self._end_paragraph()
        elif name == "tbl":
            self._tables = max(0, self._tables - 1)
        elif name == "instrText":
            self._contents.end_instruction()

    def characters(self, text: str) -> None:
        """Add text to the innermost paragraph.

        Raises:
            UnreadableFileError: There are too many characters (`document_too_large`).
        """
        if self._in_text and not self._skipping:
            self._characters += len(text)
            if self._characters > MAX_CHARACTERS:
                raise too_large("characters", MAX_CHARACTERS)
            if self._is_shown and self._paragraph is not None:
                self._paragraph.pieces.append(text)
                if self._is_look_due and not text.isspace():
                    self._is_look_due = False
                    self._note_look(self._paragraph, self._run)
        elif not self._skipping:
            self._contents.add(text)

    # What opens ---------------------------------------------------------------------------------

    def _start_paragraph(self, _: Mapping[str, str]) -> None:
        self._paragraphs += 1
        if self._paragraphs > MAX_PARAGRAPHS:
            raise too_large("paragraphs", MAX_PARAGRAPHS)
        self._paragraph = OpenParagraph(self._styles.look(""))
        self._open.append(self._paragraph)
        self._in_properties = 0
        self._run = Run()

    def _start_run(self, _: Mapping[str, str]) -> None:
        self._run = Run()

    def _start_properties(self, _: Mapping[str, str]) -> None:
        self._in_properties += 1

    def _start_table(self, _: Mapping[str, str]) -> None:
        self._tables += 1

    def _start_text(self, _: Mapping[str, str]) -> None:
        self._in_text = True
        paragraph, run = self._paragraph, self._run
        if paragraph is None:
            return
        self._is_shown = not (self._contents.is_open or run.is_hidden_in(paragraph))
        self._is_look_due = not paragraph.has_plain_text

    def _start_simple_field(self, attributes: Mapping[str, str]) -> None:
        if is_contents(attribute(attributes, "instr") or ""):
            self._skipping = 1

    def _start_content(self, _: Mapping[str, str]) -> None:
        if self._is_contents_next:
            self._is_contents_next, self._skipping = False, 1

    # What is noted ------------------------------------------------------------------------------

    def _note_property(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._paragraph is not None and not self._paragraph.note(name, attributes, self._styles):
            self._run.note(name, attributes, self._styles)

    def _note_look(self, paragraph: OpenParagraph, run: Run) -> None:
        paragraph.has_plain_text = not run.is_bold_in(paragraph)
        size = run.size_in(paragraph) or self._styles.half_points
        if size and (paragraph.half_points is None or size < paragraph.half_points):
            paragraph.half_points = size

    def _note_gallery(self, attributes: Mapping[str, str]) -> None:
        value = attribute(attributes, "val") or ""
        self._is_contents_next = value.lower() == _CONTENTS_GALLERY

    def _note_alt_chunk(self, attributes: Mapping[str, str]) -> None:
        self.alt_chunks.append((len(self.kept), attribute(attributes, "id") or ""))

    def _add_symbol(self, attributes: Mapping[str, str]) -> None:
        value = attribute(attributes, "char") or ""
        try:
            code = int(value, 16)
            sign = _UNKNOWN_SIGN if code in _PRIVATE else chr(code)
        except (ValueError, OverflowError):
            sign = _UNKNOWN_SIGN
        self._add(sign)

    def _add(self, sign: str) -> None:
        paragraph, run = self._paragraph, self._run
        if paragraph is None or self._in_properties or self._contents.is_open:
            return
        if not run.is_hidden_in(paragraph):
            paragraph.pieces.append(sign)

    # What closes --------------------------------------------------------------------------------

    def _end_paragraph(self) -> None:
        if not self._open:
            return
        paragraph = self._open.pop()
        self._paragraph = self._open[-1] if self._open else None
        self._in_properties = 0
        look = paragraph.look
        level = look.level if paragraph.level is None else paragraph.level
        raw = "".join(paragraph.pieces)
        number = self._number_of(paragraph)
        text = raw.strip()
        if look.is_contents:
            return
        if not text:
            # A heading may consist of its automatic number alone.
            if not (level and number):
                return
            text = number
        if self._is_after_drop_cap:
            text = (self.kept.pop().paragraph.text + raw).strip()
        self._is_after_drop_cap = paragraph.is_drop_cap
        self.kept.append(
            Kept(
                Paragraph(text, level),
                look,
                is_bold=not paragraph.has_plain_text,
                half_points=paragraph.half_points,
                is_in_table=self._tables > 0,
            )
        )

    def _number_of(self, paragraph: OpenParagraph) -> str:
        look = paragraph.look
        num_id = look.num_id if paragraph.num_id is None else paragraph.num_id
        if num_id is None:
            return ""
        level = look.list_level if paragraph.list_level is None else paragraph.list_level
        return self._numbering.count(num_id, level, paragraph.style_id)
