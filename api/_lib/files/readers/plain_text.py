"""Reads a text file: bytes in, a document of chapters out. Pure."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from api._lib.files.readers.document import Paragraph, into_chapters
from api._lib.files.readers.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.files.readers.document import Document

MAX_HEADING_CHARS = 120

# Longer marks first, because the UTF-32-LE mark begins with the UTF-16-LE mark.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Formats whose first bytes are printable, so that they could look like text.
_NOT_TEXT = (b"%PDF-", b"{\\rtf", b"PK\x03\x04", b"RIFF", b"ID3", b"%!PS")
# Control characters that are not in text. Tabs, line ends, form feeds and escapes are allowed.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")
_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")

_MARKDOWN = re.compile(r"(#{1,6})[ \t]+(.*\S)")
_NUMBER = (
    r"(\d{1,4}|[ivxlcdm]{1,8}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|(thir|four|fif|six|seven|eigh|nine)teen|twenty(-(one|two|three|four|five))?)"
)
_CHAPTER = re.compile(
    rf"(chapter|part|book|kapitel|teil|chapitre|partie|cap[ií]tulo|capitolo|parte)\s+{_NUMBER}"
    r"(\s*[.:\u2014\u2013-].*)?"
    r"|(prologue|epilogue|prolog|epilog|pr[oó]logo|ep[ií]logo)",
    re.IGNORECASE,
)


def read_text(data: bytes, *, title: str) -> Document:
    """Read a text file and divide it at its headings.

    A heading is a Markdown heading (`# …`) or a line of its own such as `Chapter 4: The Sea`. A
    text without headings is one chapter.

    Args:
        data: The file.
        title: The title of a text that has none of its own.

    Raises:
        UnreadableFileError: It is not text, or it is empty.
    """
    document = into_chapters(_paragraphs(_decoded(data)), title=title)
    if not document.words:
        raise UnreadableFileError("There is no text in this file.", code="empty_document")
    return document


def _decoded(data: bytes) -> str:
    """Decode by the byte order mark, else as UTF-8, else as Windows-1252.

    Windows-1252 also decodes the letters of Latin-1.
    """
    if data.startswith(_NOT_TEXT):
        raise _not_a_text()
    mark, encoding = next(
        ((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8")
    )
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        if mark:
            raise _not_a_text() from None
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            raise _not_a_text() from None
    if _CONTROL.search(text):
        raise _not_a_text()
    return text


def _not_a_text() -> UnreadableFileError:
    return UnreadableFileError(
        "This is not a plain text file. Save it as text (UTF-8) and try again.", code="not_a_text"
    )


def _paragraphs(text: str) -> Iterator[Paragraph]:
    """Yield paragraphs, which end at an empty line or before a heading."""
    lines: list[str] = []
    for line in [*_LINE_END.sub("\n", text).split("\n"), ""]:
        stripped = line.strip()
        heading = _heading(stripped, at_start=not lines)
        if (heading or not stripped) and lines:
            yield Paragraph("\n".join(lines))
            lines = []
        if heading:
            yield heading
        elif stripped:
            lines.append(line.rstrip())


def _heading(line: str, *, at_start: bool) -> Paragraph | None:
    """Return the line as a heading if it is one, else None.

    at_start: Whether the line begins a paragraph, as a heading in words must.
    """
    if not line or len(line) > MAX_HEADING_CHARS:
        return None
    markdown = _MARKDOWN.fullmatch(line)
    if markdown:
        return Paragraph(markdown[2].rstrip("#").rstrip() or markdown[2], len(markdown[1]))
    if at_start and _CHAPTER.fullmatch(line):
        return Paragraph(line, 1)
    return None
