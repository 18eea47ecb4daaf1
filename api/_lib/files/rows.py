"""Calls of the Postgres functions of sql/*_files*.sql, which change a file's row.

This module alone knows their arguments, their JSON and their refusals. Credits move in the same
transaction as the file's status, so one never changes without the other.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.credits.spending import REFUSALS, refusals
from api._lib.errors import ConflictError, DatabaseUnavailableError, UnavailableError
from api._lib.files.stored_file import LEASE_SECONDS, Lease, ProcessedFile, StoredFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api._lib.files.stored_file import Download

_EXPIRED = "This upload was open for too long and nothing was charged. Upload the file again."
_BUSY = "This file is being processed. Ask again in a moment."
# What a Postgres function refuses (the error's detail) -> code and sentence for the client.
_REFUSALS = {
    **REFUSALS,
    "no_such_file": ("no_such_file", "There is no such file."),
    "too_many_open_files": (
        "too_many_open_files",
        "Too many uploads are open. Complete some of them first, or wait until they lapse.",
    ),
    "file_not_ready": ("file_not_ready", "Only files that are done can be exported."),
    "lease_lost": ("file_processing", _BUSY),
    "hold_lapsed": ("upload_expired", _EXPIRED),
    "hold_released": ("upload_expired", _EXPIRED),
}


def begin_file(  # noqa: PLR0913 - one argument a column
    user_id: str,
    *,
    feature: str,
    filename: str,
    size: int,
    content_type: str,
    idempotency_key: str | None,
    hold_seconds: int,
    source_ids: Sequence[str] = (),
) -> StoredFile:
    """Hold what the feature costs and insert a row; return the first row for a repeated key.

    Raises:
        InsufficientCreditsError: The user cannot pay.
        ConflictError: The key was used for another request (`idempotency_key_reused`), a source is
            not done (`file_not_ready`), or too many uploads are open (`too_many_open_files`).
        NotFoundError: The feature is not offered, or a source is not the user's.
        TooManyAttemptsError: Too many of the user's files failed within an hour.
    """
    answer = _call(
        "begin_file",
        p_user_id=user_id,
        p_feature=feature,
        p_filename=filename,
        p_size=size,
        p_content_type=content_type,
        p_idempotency_key=idempotency_key,
        p_seconds=hold_seconds,
        p_sources=list(source_ids),
    )
    return StoredFile.from_json(user_id, answer["file"])


def lease_file(user_id: str, file_id: str, *, is_uploaded: bool) -> Lease | ProcessedFile:
    """Lease a file for processing; return the file as it is if it is done or failed already.

    A lease that was neither finished nor released can be taken over after LEASE_SECONDS.

    Raises:
        NotFoundError: The user has no such file.
        ConflictError: The upload is missing (`not_uploaded`) or came too late (`upload_expired`),
            or another worker has the lease (`file_processing`).
        UnavailableError: Two of the user's files are being processed (`busy`).
    """
    answer = _call(
        "lease_file",
        p_user_id=user_id,
        p_file_id=file_id,
        p_seconds=LEASE_SECONDS,
        p_is_uploaded=is_uploaded,
    )
    file = StoredFile.from_json(user_id, answer["file"])
    match answer["outcome"]:
        case "settled":
            return ProcessedFile(file, answer["balance"])
        case "processing":
            raise ConflictError(_BUSY, code="file_processing")
        case "busy":
            raise UnavailableError(
                "Two of your files are being processed. Try again when one is done.",
                code="busy",
                retry_after_seconds=10,
            )
        case "expired":
            raise expired_upload()
        case "not_uploaded":
            raise ConflictError("The file is not uploaded yet.", code="not_uploaded")
    sources = tuple(StoredFile.from_json(user_id, source) for source in answer["sources"])
    return Lease(file, answer["lease"], sources)


def finish_file(
    lease: Lease,
    *,
    summary: Mapping[str, Any],
    downloads: Sequence[Download],
    size: int | None,
) -> ProcessedFile:
    """Record that a file is done and spend the credits held for it.

    Args:
        lease: The lease, which ends.
        summary: What processing found out.
        downloads: What the owner can download.
        size: The file's size in bytes, or None to leave it as announced.

    Raises:
        ConflictError: The lease was lost (`file_processing`) or the hold lapsed (`upload_expired`).
    """
    answer = _call(
        "finish_file",
        p_file_id=lease.file.id,
        p_lease=lease.number,
        p_summary=summary,
        p_results=[asdict(download) for download in downloads],
        p_size=size,
    )
    return _processed(lease, answer)


def fail_file(lease: Lease, *, code: str, message: str) -> ProcessedFile:
    """Record that a file failed for good and release the credits held for it.

    Raises:
        ConflictError: The lease was lost (`file_processing`).
    """
    answer = _call(
        "fail_file",
        p_file_id=lease.file.id,
        p_lease=lease.number,
        p_code=code,
        p_message=message,
    )
    return _processed(lease, answer)


def release_lease(lease: Lease) -> None:
    """Give a lease back after an infrastructure failure, so that another request can retry.

    Best effort: without the database the lease ends by itself.
    """
    with suppress(database.DatabaseError, DatabaseUnavailableError):
        database.call("release_file_lease", p_file_id=lease.file.id, p_lease=lease.number)


def delete_file(user_id: str, file_id: str) -> dict[str, Any]:
    """Delete a file's name and results from its row, and release what is held for it.

    Returns:
        The owner's credits, `{balance, available}`.

    Raises:
        NotFoundError: The user has no such file.
        ConflictError: It is being processed (`file_processing`).
    """
    return _call("delete_file", p_user_id=user_id, p_file_id=file_id)


def read_files(
    user_id: str, *, limit: int, cursor: int | None
) -> tuple[list[StoredFile], int | None]:
    """Return a page of the user's files, newest first, and the cursor of the next page."""
    page = _call("read_files", p_user_id=user_id, p_limit=limit, p_cursor=cursor)
    return [StoredFile.from_json(user_id, row) for row in page["files"]], page["next_cursor"]


def expired_upload() -> ConflictError:
    """Return the error for an upload whose hold has lapsed."""
    return ConflictError(_EXPIRED, code="upload_expired")


def _processed(lease: Lease, answer: Mapping[str, Any]) -> ProcessedFile:
    return ProcessedFile(
        StoredFile.from_json(lease.file.user_id, answer["file"]), answer["balance"]
    )


def _call(function: str, **arguments: Any) -> dict[str, Any]:
    with refusals(_REFUSALS):
        answer: dict[str, Any] = database.call(function, **arguments)
    return answer
