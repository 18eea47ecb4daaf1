"""Reads a DOCX: bytes in, a document of chapters out. Pure.

It uses the standard library's zipfile and expat, so that we decide how much is inflated and no XML
entity is expanded (docs/decisions/0005-file-readers.md).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from xml.parsers import expat

from api._lib.files.readers.bounds import MAX_LINES, check_bounds, too_large
from api._lib.files.readers.document import Paragraph, into_chapters, one_line
from api._lib.files.readers.docx_body import Body
from api._lib.files.readers.docx_headings import titled
from api._lib.files.readers.docx_numbering import Numbering
from api._lib.files.readers.docx_paragraphs import Kept
from api._lib.files.readers.docx_styles import Look, Styles
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.html_text import MAX_HTML_BYTES, html_paragraphs, mime_paragraphs
from api._lib.files.readers.safe_zip import Archive
from api._lib.files.readers.xml_events import Listener, listen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.files.readers.document import Document

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_PART_BYTES = 4 * 1024 * 1024
MAX_ALT_CHUNKS = 20

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ZIP = b"PK\x03\x04"
_CONTENT_TYPES = "[Content_Types].xml"
_MAIN_TYPE = re.compile(
    r"application/vnd\.openxmlformats-officedocument\.wordprocessingml\."
    r"(document|template)\.main\+xml"
)
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_MIME_TYPES = frozenset({"message/rfc822", "multipart/related", "application/x-mimearchive"})
_Heard = TypeVar("_Heard", bound=Listener)
_MACROS = re.compile(r"(^|/)vba(project|data)[^/]*$")


def read_docx(data: bytes, *, title: str) -> Document:
    """Read a document and divide it at its headings.

    Args:
        data: The file.
        title: The title of a document that has none of its own.

    Raises:
        UnreadableFileError: It is not a DOCX, is protected, contains macros, is damaged, inflates
            to too much, or contains no text.
    """
    _check_container(data)
    archive = Archive(data)
    if _CONTENT_TYPES not in archive:
        raise _not_a_docx()
    if any(_MACROS.search(name) for name in archive.names):
        raise _has_macros()
    try:
        title_of_body, paragraphs, package = _text(archive)
        named = title_of_body or _core_title(archive, package.get("core-properties", ""))
    except expat.ExpatError:
        raise UnreadableFileError(
            "This document is damaged. Open it in Word, save it again and try once more.",
            code="broken_document",
        ) from None
    document = into_chapters(paragraphs, title=named or title)
    if not document.words:
        raise UnreadableFileError("There is no text in this document.", code="empty_document")
    return document


def _text(archive: Archive) -> tuple[str, list[Paragraph], dict[str, str]]:
    """Return the title, the paragraphs, and the parts that the package refers to."""
    package = _parts_by_kind(_relations(archive, ""))
    main = package.get("officeDocument", "")
    _check_main_type(_content_type(archive, main))
    relations = _relations(archive, main)
    parts = _parts_by_kind(relations)
    body = _body(archive, main, parts)
    if body.has_open_contents:
        # Its end is missing: everything after it would be left out.
        body = _body(archive, main, parts, leaves_out_contents=False)
    kept = body.kept
    targets = {relation.id: relation.target for relation in relations}
    for before, relation_id in reversed(body.alt_chunks[:MAX_ALT_CHUNKS]):
        look = Look()
        kept[before:before] = [
            Kept(paragraph, look) for paragraph in _alt_chunk(archive, targets.get(relation_id, ""))
        ]
        # Each part alone is within the bounds; all of them together need not be.
        check_bounds(one.paragraph for one in kept)
    return *titled(kept), package


def _body(
    archive: Archive, main: str, parts: dict[str, str], *, leaves_out_contents: bool = True
) -> Body:
    styles = _heard(archive, parts.get("styles", ""), Styles())
    numbering = _heard(archive, parts.get("numbering", ""), Numbering())
    body = Body(styles, numbering, leaves_out_contents=leaves_out_contents)
    listen(archive.chunks(main, limit_bytes=MAX_BODY_BYTES), body)
    return body


def _alt_chunk(archive: Archive, part: str) -> list[Paragraph]:
    """Read a part that is a document of another format, which Word shows as part of the text."""
    content_type = _content_type(archive, part).lower()
    data = b"".join(archive.chunks(part, limit_bytes=MAX_HTML_BYTES))
    if content_type in _MIME_TYPES:
        return mime_paragraphs(data)
    if content_type in _HTML_TYPES:
        return html_paragraphs(data)
    if content_type == "text/plain":
        text = data.decode("utf-8", "replace")
        if text.count("\n") > MAX_LINES:
            raise too_large("lines", MAX_LINES)
        return [Paragraph(line) for line in text.splitlines() if line.strip()]
    # To leave it out would be to charge for a part of the text.
    raise UnreadableFileError(
        "This document includes another file. Open it in Word, save it again and try once more.",
        code="unsupported_document",
    )


def _check_container(data: bytes) -> None:
    if data.startswith(_OLE):
        if _OLE_ENCRYPTED in data:
            raise UnreadableFileError(
                "This document is protected with a password. Save it without one and try again.",
                code="encrypted_document",
            )
        raise UnreadableFileError(
            "This is a document of an older Word (.doc). Save it as .docx and try again.",
            code="not_a_docx",
        )
    if not data.startswith(_ZIP):
        raise _not_a_docx()


def _check_main_type(content_type: str) -> None:
    if "macroenabled" in content_type.lower():
        raise _has_macros()
    if not _MAIN_TYPE.fullmatch(content_type):
        raise _not_a_docx()


class _Named(Listener):
    """Collects the elements of certain names."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self.found: list[tuple[str, dict[str, str]]] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in self._names:
            self.found.append((name, dict(attributes)))


class _Relation(NamedTuple):
    id: str
    kind: str
    target: str


def _relations(archive: Archive, part: str) -> list[_Relation]:
    """Return the parts that a part (or, of "", the package) refers to."""
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if relations not in archive:
        return []
    listener = _Named("Relationship")
    listen(archive.chunks(relations, limit_bytes=MAX_PART_BYTES), listener)
    return [
        _Relation(
            attributes.get("Id", ""),
            attributes.get("Type", "").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip(
                "/"
            ),
        )
        for _, attributes in listener.found
        if attributes.get("TargetMode") != "External"
    ]


def _parts_by_kind(relations: list[_Relation]) -> dict[str, str]:
    return {relation.kind: relation.target for relation in relations}


def _content_type(archive: Archive, part: str) -> str:
    listener = _Named("Override", "Default")
    listen(archive.chunks(_CONTENT_TYPES, limit_bytes=MAX_PART_BYTES), listener)
    extension = part.rpartition(".")[2].lower()
    of_extension = ""
    for _, attributes in listener.found:
        content_type = attributes.get("ContentType", "")
        if attributes.get("PartName", "").lstrip("/").lower() == part.lower():
            return content_type
        if attributes.get("Extension", "").lower() == extension:
            of_extension = content_type
    return of_extension


def _heard(archive: Archive, part: str, listener: _Heard) -> _Heard:
    """Let a listener hear a part, if the document has it."""
    if part and part in archive:
        listen(archive.chunks(part, limit_bytes=MAX_PART_BYTES), listener)
    return listener


class _Title(Listener):
    """Reads the title in the document's properties."""

    def __init__(self) -> None:
        self.text = ""
        self._within = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - a Listener
        self._within = name == "title"

    def end(self, name: str) -> None:  # noqa: ARG002 - a title has no elements within
        self._within = False

    def characters(self, text: str) -> None:
        if self._within:
            self.text += text


def _core_title(archive: Archive, part: str) -> str:
    return one_line(_heard(archive, part, _Title()).text)


def _not_a_docx() -> UnreadableFileError:
    return UnreadableFileError(
        "This is not a Word document. Save it as .docx and try again.", code="not_a_docx"
    )


def _has_macros() -> UnreadableFileError:
    return UnreadableFileError(
        "This document holds macros. Save it as .docx, without them, and try again.",
        code="document_with_macros",
    )
