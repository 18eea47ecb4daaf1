"""Reads a text file: bytes in, a document of chapters out. Pure."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from api._lib.files.readers.bounds import MAX_LINES, too_large
from api._lib.files.readers.chapter_names import names_a_chapter
from api._lib.files.readers.document import Paragraph, into_chapters, one_line
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.text_encoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from api._lib.files.readers.document import Document

MAX_HEADING_CHARS = 120
MAX_FRONT_MATTER_LINES = 200

_LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_MARKDOWN = re.compile(r"(#{1,6})[ \t]+(.*\S)")
_UNDERLINE = re.compile(r"={2,}|-{3,}")
# What begins a list, a quotation or a table is not underlined but divided from what follows.
_NO_HEADING = re.compile(r"[-*+>|]|\d+[.)]\s")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_MAX_FENCE_CHARS = 10
_FRONT_MATTER = re.compile(r"[\w\"'-][^:]*:.*|\s.*|#.*|-.*|")
_TITLE = re.compile(r"title:\s*(.+)", re.IGNORECASE)


def read_text(data: bytes, *, title: str) -> Document:
    """Read a text file and divide it at its headings.

    A heading is a Markdown one (`# …`, or underlined), or a line of its own such as
    `Chapter 4: The Sea`. A text without any is one chapter. YAML before a Markdown text is not
    text; its title is the title.

    Args:
        data: The file.
        title: The title of a text that has none of its own.

    Raises:
        UnreadableFileError: It is not a text, its encoding is not clear, there is nothing in it, or
            too much of something.
    """
    text = _LINE_END.sub("\n", decode(data))
    if text.count("\n") > MAX_LINES:
        raise too_large("lines", MAX_LINES)
    lines = text.split("\n")
    del text
    after, own_title = _front_matter(lines)
    del lines[:after]
    document = into_chapters(_paragraphs(lines), title=own_title or title)
    if not document.words:
        raise UnreadableFileError("There is no text in this file.", code="empty_document")
    return document


def _front_matter(lines: Sequence[str]) -> tuple[int, str]:
    """Return the number of lines of YAML before the text, and the title in them."""
    if lines[0].rstrip() != "---":
        return 0, ""
    title = ""
    for number, line in enumerate(lines[1 : MAX_FRONT_MATTER_LINES + 1], 1):
        if line.rstrip() in {"---", "..."} and number > 1:
            return number + 1, title
        if not _FRONT_MATTER.fullmatch(line):
            break
        named = _TITLE.fullmatch(line.strip())
        title = title or (one_line(named[1].strip("\"' ")) if named else "")
    return 0, ""


def _paragraphs(all_lines: Sequence[str]) -> Iterator[Paragraph]:
    """Yield paragraphs, which end at an empty line or before a heading."""
    code = _fenced(all_lines)
    lines: list[str] = []
    is_after_heading = False
    for number, line in enumerate(chain(all_lines, ("",))):
        stripped = line.strip()
        is_code = number in code
        if _UNDERLINE.fullmatch(stripped) and not is_code:
            if is_after_heading and not lines:
                continue
            if len(lines) == 1 and _can_be_underlined(lines[0]):
                yield Paragraph(lines.pop().strip(), 1 if stripped[0] == "=" else 2)
                continue
        heading = None if is_code else _heading(stripped, at_start=not lines)
        if (heading or not stripped) and lines:
            yield Paragraph("\n".join(lines))
            lines = []
        if heading:
            yield heading
        elif stripped:
            lines.append(line.rstrip())
        is_after_heading = heading is not None


def _can_be_underlined(line: str) -> bool:
    return len(line) <= MAX_HEADING_CHARS and not _NO_HEADING.match(line.strip())


def _heading(line: str, *, at_start: bool) -> Paragraph | None:
    """Return the line as a heading if it is one, else None.

    at_start: Whether the line begins a paragraph, as a heading in words must.
    """
    if not line or len(line) > MAX_HEADING_CHARS:
        return None
    markdown = _MARKDOWN.fullmatch(line)
    if markdown:
        return Paragraph(markdown[2].rstrip("#").rstrip() or markdown[2], len(markdown[1]))
    if at_start and names_a_chapter(line):
        return Paragraph(line, 1)
    return None


def _fenced(lines: Sequence[str]) -> set[int]:
    """Return the numbers of the lines of code. A fence that nothing closes is text."""
    fences = [
        (number, found[1][:_MAX_FENCE_CHARS], not found[2].strip())
        for number, line in enumerate(lines)
        if (found := _FENCE.fullmatch(line))
    ]
    code: set[int] = set()
    # Fences that nothing after them closes: neither does anything after a later one as long.
    unclosed: set[str] = set()
    at = 0
    while at < len(fences):
        number, fence, _ = fences[at]
        at += 1
        if fence in unclosed:
            continue
        closing = next(
            (
                after
                for after in range(at, len(fences))
                if fences[after][1].startswith(fence) and fences[after][2]
            ),
            None,
        )
        if closing is None:
            unclosed.add(fence)
            continue
        code.update(range(number, fences[closing][0] + 1))
        at = closing + 1
    return code
