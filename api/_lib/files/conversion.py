"""What becomes of an upload: chapters of a document, the length and tags of a recording."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, cast

from api._lib.errors import StorageUnavailableError
from api._lib.files.kinds import AUDIO, AUDIO_ENDINGS, DOCX, KINDS, ending, stem
from api._lib.files.processing import Result
from api._lib.files.readers.audio import read_audio
from api._lib.files.readers.document import as_html, as_json, summary_of
from api._lib.files.readers.docx import read_docx
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.plain_text import read_text
from api._lib.files.s3 import NoSuchObjectError, ObjectTooLargeError
from api._lib.files.storage import storage
from api._lib.files.stored_file import Download

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from api._lib.files.readers.audio import Audio
    from api._lib.files.readers.document import Document
    from api._lib.files.stored_file import Lease, StoredFile

IN_MEMORY_BYTES = 1024 * 1024


def convert(lease: Lease, *, upload: str) -> Result:
    """Make the results of an upload and put them into the storage.

    Args:
        lease: The lease of the file.
        upload: The name of the raw upload among the file's objects.

    Raises:
        UnreadableFileError: The upload is not what its feature takes, or is too large.
        StorageUnavailableError: The storage cannot be reached.
    """
    file = lease.file
    try:
        # The client can still overwrite the upload, so we copy it first. No upload URL exists for
        # the copy's name: the size and content that we check are those that we keep.
        source = _copy(file, upload, ending(file.filename), file.content_type)
        if storage().size(file.object_name(source.name)) != file.size:
            raise UnreadableFileError(
                "The upload is not of the size that was announced. Upload the file again.",
                code="size_mismatch",
            )
        if file.feature == AUDIO:
            return _convert_audio(file, source)
        return _convert_document(file, source)
    except NoSuchObjectError:
        # Supabase sometimes answers so while the client overwrites the upload: try again.
        raise StorageUnavailableError from None
    except ObjectTooLargeError:
        raise UnreadableFileError(
            "There is too much text in this file. Divide it and try again.",
            code="document_too_large",
        ) from None


def _convert_audio(file: StoredFile, source: Download) -> Result:
    audio = _read_audio(storage().read(file.object_name(source.name)))
    endings = AUDIO_ENDINGS[audio.format]
    if ending(source.name) not in endings:
        # The content decides the format, not the file's name.
        source = _copy(file, source.name, endings[0], KINDS[AUDIO].types[endings[0]])
    return Result(audio.summary(), [source])


def _read_audio(chunks: Iterator[bytes]) -> Audio:
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as spooled:
        for chunk in chunks:
            spooled.write(chunk)
        return read_audio(cast("BinaryIO", spooled))


def _convert_document(file: StoredFile, source: Download) -> Result:
    data = b"".join(storage().read(file.object_name(source.name)))
    read = read_docx if file.feature == DOCX else read_text
    document = read(data, title=stem(file.filename))
    return Result(summary_of(document), [*_write_chapters(file, document), source])


def _write_chapters(file: StoredFile, document: Document) -> Iterator[Download]:
    for name, content_type, render in (
        ("chapters.json", "application/json", as_json),
        ("chapters.html", "text/html; charset=utf-8", as_html),
    ):
        content = render(document)
        storage().write(file.object_name(name), content, content_type=content_type)
        yield Download(name, content_type, len(content))


def _copy(file: StoredFile, name: str, suffix: str, content_type: str) -> Download:
    """Copy one of the file's objects to the source that its owner can download."""
    source = Download(f"source{suffix}", content_type, file.size)
    storage().copy(file.object_name(name), file.object_name(source.name), content_type=content_type)
    return source
