"""Reads a DOCX: bytes in, a document of chapters out. Pure.

It uses the standard library's zipfile and expat, so that we decide how much is inflated and no XML
entity is expanded (docs/decisions/0005-file-readers.md).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from api._lib.files.readers.document import into_chapters, one_line
from api._lib.files.readers.docx_body import Body
from api._lib.files.readers.docx_styles import Styles
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.safe_zip import Archive
from api._lib.files.readers.xml_events import Element, Listener, listen

if TYPE_CHECKING:
    from api._lib.files.readers.document import Document

MAX_BODY_BYTES = 64 * 1024 * 1024
MAX_PART_BYTES = 4 * 1024 * 1024

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ZIP = b"PK\x03\x04"
_CONTENT_TYPES = "[Content_Types].xml"
_MAIN_TYPE = re.compile(
    r"application/vnd\.openxmlformats-officedocument\.wordprocessingml\."
    r"(document|template)\.main\+xml"
)
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
        package = _relations(archive, "")
        main = package.get("officeDocument", "")
        _check_main_type(_content_type(archive, main))
        styles = _styles(archive, _relations(archive, main).get("styles", ""))
        body = Body(styles)
        listen(archive.chunks(main, limit_bytes=MAX_BODY_BYTES), body)
        named = body.title or _core_title(archive, package.get("core-properties", ""))
    except expat.ExpatError:
        raise UnreadableFileError(
            "This document is damaged. Open it in Word, save it again and try once more.",
            code="broken_document",
        ) from None
    document = into_chapters(body.paragraphs, title=named or title)
    if not document.words:
        raise UnreadableFileError("There is no text in this document.", code="empty_document")
    return document


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
        self.found: list[Element] = []

    def start(self, element: Element) -> None:
        if element.name in self._names:
            self.found.append(element)


def _relations(archive: Archive, part: str) -> dict[str, str]:
    """Return the parts that a part refers to, by the type of the relation; "" is the package."""
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    if relations not in archive:
        return {}
    listener = _Named("Relationship")
    listen(archive.chunks(relations, limit_bytes=MAX_PART_BYTES), listener)
    return {
        element.attributes.get("Type", "").rpartition("/")[2]: posixpath.normpath(
            posixpath.join("/", folder, element.attributes.get("Target", ""))
        ).lstrip("/")
        for element in listener.found
        if element.attributes.get("TargetMode") != "External"
    }


def _content_type(archive: Archive, part: str) -> str:
    listener = _Named("Override", "Default")
    listen(archive.chunks(_CONTENT_TYPES, limit_bytes=MAX_PART_BYTES), listener)
    extension = part.rpartition(".")[2].lower()
    of_extension = ""
    for element in listener.found:
        content_type = element.attributes.get("ContentType", "")
        if element.attributes.get("PartName", "").lstrip("/").lower() == part.lower():
            return content_type
        if element.attributes.get("Extension", "").lower() == extension:
            of_extension = content_type
    return of_extension


def _styles(archive: Archive, part: str) -> Styles:
    styles = Styles()
    if part and part in archive:
        listen(archive.chunks(part, limit_bytes=MAX_PART_BYTES), styles)
    return styles


class _Title(Listener):
    """Reads the title in the document's properties."""

    def __init__(self) -> None:
        self.text = ""
        self._within = False

    def start(self, element: Element) -> None:
        self._within = element.name == "title"

    def end(self, name: str) -> None:  # noqa: ARG002 - a title has no elements within
        self._within = False

    def characters(self, text: str) -> None:
        if self._within:
            self.text += text


def _core_title(archive: Archive, part: str) -> str:
    listener = _Title()
    if part and part in archive:
        listen(archive.chunks(part, limit_bytes=MAX_PART_BYTES), listener)
    return one_line(listener.text)


def _not_a_docx() -> UnreadableFileError:
    return UnreadableFileError(
        "This is not a Word document. Save it as .docx and try again.", code="not_a_docx"
    )


def _has_macros() -> UnreadableFileError:
    return UnreadableFileError(
        "This document holds macros. Save it as .docx, without them, and try again.",
        code="document_with_macros",
    )
