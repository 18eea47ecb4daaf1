"""Process a file once: lease it, make its results, then charge for them or record a failure.

- One worker at a time has the lease, so a file is processed and charged once.
- If the file itself is wrong, it fails for good and nothing is charged.
- If the storage or the database fails, the lease is released and the next request tries again.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.errors import ConflictError, DatabaseUnavailableError, StorageUnavailableError
from api._lib.files.export import write_export
from api._lib.files.files import (
    UPLOAD,
    begin_file,
    busy,
    clear,
    describe,
    expired,
    file_refusals,
    object_name,
)
from api._lib.files.kinds import AUDIO, AUDIO_ENDINGS, DOCX, EXPORT, KINDS, ending, stem
from api._lib.files.multipart import PartWriter
from api._lib.files.readers.audio import read_audio
from api._lib.files.readers.document import as_html, as_json, summary_of
from api._lib.files.readers.docx import read_docx
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.rows import (
    Lease,
    ProcessedFile,
    fail_file,
    finish_file,
    lease_file,
    release_lease,
)
from api._lib.files.storage import storage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from api._lib.files.rows import Download, StoredFile

_log = logging.getLogger("purse")


@dataclass(frozen=True)
class Result:
    """What was made of a file.

    Attributes:
        summary: What its owner is shown.
        downloads: What its owner can download; the objects are in the storage already.
        size: The file's size in bytes, if it was not known before.
    """

    summary: Mapping[str, Any]
    downloads: Sequence[Download]
    size: int | None = None


if TYPE_CHECKING:
    Make = Callable[[Lease], Result]


def process(user_id: str, file_id: str, *, is_uploaded: bool, make: Make) -> ProcessedFile:
    """Process a file and charge for it; return it as it is if it is done or failed already.

    Args:
        user_id: The owner.
        file_id: The file.
        is_uploaded: Whether the storage has the upload.
        make: Makes the results. It raises UnreadableFileError if the file itself is wrong.

    Raises:
        NotFoundError: The user has no such file.
        ConflictError: `not_uploaded`, `file_processing` or `upload_expired`.
        StorageUnavailableError: The storage cannot be reached.
        DatabaseUnavailableError: The database cannot be reached.
    """
    lease = lease_file(user_id, file_id, is_uploaded=is_uploaded)
    if isinstance(lease, ProcessedFile):
        return lease
    try:
        processed = _finish(lease, make)
    except BaseException:
        release_lease(lease)
        raise
    _log.info("file %s: %s", file_id, processed.file.status)
    _remove_leftovers(processed.file)
    return processed


def _finish(lease: Lease, make: Make) -> ProcessedFile:
    try:
        result = make(lease)
    except UnreadableFileError as error:
        return fail_file(lease, code=error.code, message=error.message)
    return finish_file(lease, summary=result.summary, downloads=result.downloads, size=result.size)


def _remove_leftovers(file: StoredFile) -> None:
    """Remove the objects that are not downloads. If that fails, the daily cleanup removes them."""
    keep = {download.name for download in file.downloads}
    with suppress(StorageUnavailableError):
        clear(store, user_id, row["id"], keep)


# What is made ------------------------------------------------------------------------------------


def _made_of_upload(store: Storage, user_id: str, row: dict[str, Any], uploaded_bytes: int) -> Made:
    if uploaded_bytes != row["size"]:
        raise UnreadableFileError(
            "The upload is not of the size that was announced. Upload the file again.",
            code="size_mismatch",
        )
    try:
        # A copy that its owner cannot reach: what is looked at is what is kept.
        source = _copy(store, user_id, row, UPLOAD, ending(row["filename"]), row["content_type"])
        name = object_name(user_id, row["id"], source.name)
        if row["feature"] == AUDIO:
            audio = _audio(store.read(name))
            endings = AUDIO_ENDINGS[audio.format]
            if ending(source.name) not in endings:
                # The content decides what it is, not the name.
                content_type = KINDS[AUDIO].types[endings[0]]
                source = _copy(store, user_id, row, source.name, endings[0], content_type)
            return Made(audio.summary(), [source])
        document = _document(row, b"".join(store.read(name)))
        return Made(summary_of(document), [*_write(store, user_id, row, document), source])
    except NoSuchObjectError:
        raise StorageUnavailableError from None
    except ObjectTooLargeError:
        raise UnreadableFileError(
            "There is too much text in this file. Divide it and try again.",
            code="document_too_large",
        ) from None


def _copy(  # noqa: PLR0913, PLR0917 - from where, to where, as what
    store: Storage,
    user_id: str,
    row: dict[str, Any],
    name: str,
    suffix: str,
    content_type: str,
) -> Result:
    copy = Result(f"source{suffix}", content_type, row["size"])
    store.copy(
        object_name(user_id, row["id"], name),
        object_name(user_id, row["id"], copy.name),
        content_type=content_type,
    )
    return copy


def _audio(chunks: Iterator[bytes]) -> Audio:
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
        for chunk in chunks:
            file.write(chunk)
        return read_audio(cast("BinaryIO", file))


def _document(row: dict[str, Any], data: bytes) -> Document:
    read = read_docx if row["feature"] == DOCX else read_text
    return read(data, title=stem(row["filename"]))


def _write(
    store: Storage, user_id: str, row: dict[str, Any], document: Document
) -> Iterator[Result]:
    for name, content_type, write in (
        ("chapters.json", "application/json", as_json),
        ("chapters.html", "text/html; charset=utf-8", as_html),
    ):
        content = write(document)
        store.write(object_name(user_id, row["id"], name), content, content_type=content_type)
        yield Result(name, content_type, len(content))


def _export(store: Storage, user_id: str, claimed: dict[str, Any]) -> Made:
    limit = storage_settings().max_file_bytes
    name = object_name(user_id, claimed["file"]["id"], EXPORT_NAME)
    try:
        with PartWriter(store, name, content_type=EXPORT_TYPE, limit_bytes=limit) as writer:
            write_export(
                writer,
                claimed["sources"],
                read=lambda file_id, result: store.read(object_name(user_id, file_id, result)),
            )
    except ObjectTooLargeError:
        raise UnreadableFileError(
            f"These files make an archive of more than {limit // 1_000_000} MB. Choose fewer.",
            code="export_too_large",
        ) from None
    except NoSuchObjectError:
        raise UnreadableFileError(
            "One of these files is not in the storage any more.", code="source_missing"
        ) from None
    result = Result(EXPORT_NAME, EXPORT_TYPE, writer.size)
    return Made({"files": len(claimed["sources"])}, [result], writer.size)
