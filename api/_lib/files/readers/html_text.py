"""Reads the text of an HTML page: its paragraphs with their heading levels. Pure.

Word documents can contain pages as parts (`altChunk`), alone or as a MIME archive (.mht).
The standard library's html.parser and email take time that grows with the square of a hostile
page's length, so the scanner here is our own: it never looks at a byte twice.
"""

from __future__ import annotations

import binascii
import re
from html import unescape
from typing import TYPE_CHECKING

from api._lib.files.readers.bounds import MAX_PARAGRAPHS, too_large
from api._lib.files.readers.document import Paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_HTML_BYTES = 8 * 1024 * 1024
MAX_MIME_PARTS = 1000

# Elements whose content is no text, and what may not be parsed in it.
_SKIPPED = frozenset({"head", "script", "style", "title", "template", "rt", "rp", "noscript"})
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "caption", "dd", "div", "dl", "dt"),
        *("figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "nav", "ol", "p"),
        *("pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
        *("h1", "h2", "h3", "h4", "h5", "h6"),
    }
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_QUOTE = re.compile("[\"'>]")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
_BOUNDARY = re.compile(rb"boundary\s*=\s*(?:\"([^\"\r\n]{1,70})\"|([^\s;\"]{1,70}))", re.IGNORECASE)
_HTML_PART = re.compile(rb"content-type:\s*text/html", re.IGNORECASE)
_TRANSFER = re.compile(rb"content-transfer-encoding:\s*([\w-]{1,20})", re.IGNORECASE)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
# Where the beginning of a page states its encoding.
_HEAD_BYTES = 2048


def html_paragraphs(data: bytes, *, charset: str = "") -> list[Paragraph]:
    """Return the paragraphs of a page.

    Args:
        data: The page.
        charset: Its encoding, where something outside the page states it.

    Raises:
        UnreadableFileError: It has too many paragraphs (`document_too_large`).
    """
    found: list[Paragraph] = []
    pieces: list[str] = []
    level = 0
    skipping = ""
    for is_tag, is_end, content in _events(_decoded(data[:MAX_HTML_BYTES], charset)):
        if skipping:
            skipping = "" if is_end and content == skipping else skipping
        elif not is_tag:
            pieces.append(_SPACES.sub(" ", unescape(content)))
        elif content in _SKIPPED and not is_end:
            skipping = content
        elif content == "br":
            pieces.append("\n")
        elif content in _BLOCKS:
            found.extend(_paragraph(pieces, level))
            if len(found) > MAX_PARAGRAPHS:
                raise too_large("paragraphs", MAX_PARAGRAPHS)
            pieces = []
            level = (
                int(content[1]) if len(content) > 1 and content[1].isdigit() and not is_end else 0
            )
    found.extend(_paragraph(pieces, level))
    return found


def mime_paragraphs(data: bytes) -> list[Paragraph]:
    """Return the paragraphs of the first page in a MIME archive (.mht)."""
    headers, body = _headed(data[:MAX_HTML_BYTES])
    boundary = _BOUNDARY.search(headers)
    parts = [data[:MAX_HTML_BYTES]]
    if boundary:
        parts = body.split(b"--" + (boundary[1] or boundary[2]), MAX_MIME_PARTS)
    for part in parts:
        headers, content = _headed(part.lstrip(b"\r\n"))
        if _HTML_PART.search(headers):
            charset = _CHARSET.search(headers)
            name = charset[1].decode("ascii", "replace") if charset else ""
            return html_paragraphs(_transferred(headers, content), charset=name)
    return []


def _headed(data: bytes) -> tuple[bytes, bytes]:
    end = _END_OF_HEADERS.search(data)
    return (data[: end.start()], data[end.end() :]) if end else (data[:_HEAD_BYTES], b"")


def _transferred(headers: bytes, content: bytes) -> bytes:
    encoding = _TRANSFER.search(headers)
    match encoding[1].lower() if encoding else b"":
        case b"quoted-printable":
            return binascii.a2b_qp(content)
        case b"base64":
            try:
                return binascii.a2b_base64(content)
            except binascii.Error:
                return b""
    return content


def _events(page: str) -> Iterator[tuple[bool, bool, str]]:
    """Yield tags and text in order: (is a tag, is an end tag, the tag's name or the text)."""
    at = 0
    while at < len(page):
        begin = page.find("<", at)
        if begin < 0:
            yield False, False, page[at:]
            return
        if begin > at:
            yield False, False, page[at:begin]
        tag = _TAG.match(page, begin)
        if tag:
            yield True, bool(tag[1]), tag[2].lower()
            at = _end_of_tag(page, tag.end())
        elif page.startswith("<!--", begin):
            end = page.find("-->", begin + 4)
            at = end + 3 if end >= 0 else len(page)
        elif page.startswith(("<!", "<?", "</"), begin):
            at = _end_of_tag(page, begin + 2)
        else:
            yield False, False, "<"
            at = begin + 1


def _end_of_tag(page: str, at: int) -> int:
    """Return where a tag ends. One that does not end takes the rest of the page.

    A quotation mark without a partner is a letter like others; the last of its kind can be one.
    """
    while found := _QUOTE.search(page, at):
        if found[0] == ">":
            return found.end()
        closing = page.find(found[0], found.end())
        at = closing + 1 if closing >= 0 else found.end()
    return len(page)


def _paragraph(pieces: list[str], level: int) -> Iterator[Paragraph]:
    lines = (line.strip() for line in "".join(pieces).split("\n"))
    text = "\n".join(lines).strip()
    if text:
        yield Paragraph(text, level)


def _decoded(data: bytes, charset: str) -> str:
    stated = _CHARSET.search(data[:_HEAD_BYTES])
    for name in (charset, stated[1].decode("ascii") if stated else "", "utf-8"):
        try:
            return data.decode(name or "utf-8")
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("cp1252", "replace")
