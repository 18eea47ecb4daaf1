"""A file that was uploaded becomes what its feature promises, and is paid for if it does.

Whoever claims the file processes it, alone. What is wrong with the file itself ends it: failed, and
nothing charged. What is wrong elsewhere gives it back, for another attempt.
"""

from __future__ import annotations

import logging
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

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
from api._lib.files.readers.plain_text import read_text
from api._lib.files.storage import NoSuchObjectError, ObjectTooLargeError, storage, storage_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from api._lib.files.readers.audio import Audio
    from api._lib.files.readers.document import Document
    from api._lib.files.storage import Storage

# Longer than a function may run (vercel.json): who has not ended by then will not.
CLAIM_SECONDS = 330
EXPORT_SECONDS = 1800
IN_MEMORY_BYTES = 1024 * 1024
EXPORT_NAME, EXPORT_TYPE = "export.zip", "application/zip"

_log = logging.getLogger("purse")


@dataclass(frozen=True)
class Result:
    """Something to download."""

    name: str
    content_type: str
    size: int

    def as_json(self) -> dict[str, Any]:
        """Return it as the database keeps it."""
        return {"name": self.name, "content_type": self.content_type, "size": self.size}


@dataclass(frozen=True)
class Made:
    """What processing made of a file."""

    summary: dict[str, Any]
    results: list[Result]
    size: int | None = None


def complete(user_id: str, file_id: str) -> dict[str, Any]:
    """Process an upload and charge for it; of a file that is done or failed, just tell.

    Returns:
        `{"file", "balance"}`.

    Raises:
        NotFoundError: They have no such file.
        ConflictError: `not_uploaded`, `file_processing` or `upload_expired`.
        StorageUnavailableError: The storage is away; nothing is lost.
    """
    size = storage().size(object_name(user_id, file_id, UPLOAD))
    return _process(user_id, file_id, uploaded_bytes=size)


def export(user_id: str, file_ids: list[str], idempotency_key: str | None) -> dict[str, Any]:
    """Make one archive of files that are done, and charge for it.

    Returns:
        `{"file", "balance"}`.

    Raises:
        InsufficientCreditsError: They cannot pay.
        NotFoundError: One of the files is not theirs.
        ConflictError: One is not done; or the key is another request's, or that of an export under
            way.
    """
    storage()
    row = begin_file(
        user_id,
        p_feature=EXPORT,
        p_filename=EXPORT_NAME,
        p_size=0,
        p_content_type=EXPORT_TYPE,
        p_idempotency_key=idempotency_key,
        p_seconds=EXPORT_SECONDS,
        p_sources=file_ids,
    )
    return _process(user_id, row["id"], uploaded_bytes=0)


def _process(user_id: str, file_id: str, *, uploaded_bytes: int | None) -> dict[str, Any]:
    with file_refusals():
        claimed: dict[str, Any] = database.call(
            "claim_file",
            p_user_id=user_id,
            p_file_id=file_id,
            p_seconds=CLAIM_SECONDS,
            p_is_uploaded=uploaded_bytes is not None,
        )
    match claimed["outcome"]:
        case "settled":
            return _answer(user_id, claimed)
        case "processing":
            raise busy()
        case "expired":
            raise expired()
        case "not_uploaded":
            raise ConflictError("The file is not uploaded yet.", code="not_uploaded")
    is_ended = False
    try:
        answer = _end(user_id, claimed, uploaded_bytes or 0)
        is_ended = True
    finally:
        if not is_ended:
            _put_back(claimed)
    return answer


def _end(user_id: str, claimed: dict[str, Any], uploaded_bytes: int) -> dict[str, Any]:
    """Process, and record how it ended together with the charge."""
    store, row = storage(), claimed["file"]
    ours = {"p_file_id": row["id"], "p_claim": claimed["claim"]}
    try:
        made = (
            _export(store, user_id, claimed)
            if row["feature"] == EXPORT
            else _made_of_upload(store, user_id, row, uploaded_bytes)
        )
    except UnreadableFileError as error:
        with file_refusals():
            ended = database.call("fail_file", **ours, p_code=error.code, p_message=error.message)
    else:
        with file_refusals():
            ended = database.call(
                "finish_file",
                **ours,
                p_summary=made.summary,
                p_results=[result.as_json() for result in made.results],
                p_size=made.size,
            )
    _log.info("file %s: %s", row["id"], ended["file"]["status"])
    _clear(store, user_id, ended["file"])
    return _answer(user_id, ended)


def _answer(user_id: str, known: dict[str, Any]) -> dict[str, Any]:
    return {"file": describe(user_id, known["file"]), "balance": known["balance"]}


def _put_back(claimed: dict[str, Any]) -> None:
    # Where the database is away too, the claim ends by itself.
    with suppress(database.DatabaseError, DatabaseUnavailableError):
        database.call("put_back_file", p_file_id=claimed["file"]["id"], p_claim=claimed["claim"])


def _clear(store: Storage, user_id: str, row: dict[str, Any]) -> None:
    """Remove what is not to be downloaded; the daily clean-up does it if this cannot."""
    keep = {result["name"] for result in row["results"]}
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
