"""Files of a user: begun, listed, described. What becomes of one is api/_lib/files/processing.py's.

An object's name begins with the ids of user and file, so that nobody can name another's.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.credits.spending import refusals
from api._lib.errors import ConflictError, InvalidRequestError, NotFoundError
from api._lib.files.bucket import ensure_bucket
from api._lib.files.kinds import ending, stem
from api._lib.files.signed_urls import download_url, upload_url
from api._lib.files.storage import storage, storage_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.files.kinds import NewUpload
    from api._lib.files.storage import Storage

UPLOAD_SECONDS = 3600
# After the last moment at which an upload may begin: to end it, and to process it.
AFTER_UPLOAD_SECONDS = 1800
DOWNLOAD_SECONDS = 3600
# Where an upload arrives. It is copied before it is looked at, and what was looked at is kept: the
# address for uploading is still good then.
UPLOAD = "upload"

_FILE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_SHOWN = (
    *("id", "feature", "filename", "size", "content_type", "status", "credits"),
    *("created_at", "completed_at", "error", "transaction_id", "summary"),
)

_EXPIRED = "This upload was open for too long and nothing was charged. Upload the file again."
_BUSY = "This file is being processed. Ask again in a moment."
_UNKNOWN = {"no_such_file": "There is no such file."}
# What our Postgres functions say -> (code, sentence).
_CONFLICTS = {
    "too_many_open_files": (
        "too_many_open_files",
        "Too many uploads are open. Complete some of them first, or wait until they lapse.",
    ),
    "file_not_ready": ("file_not_ready", "Only files that are done can be exported."),
    "claim_lost": ("file_processing", _BUSY),
    "hold_lapsed": ("upload_expired", _EXPIRED),
    "hold_released": ("upload_expired", _EXPIRED),
}


def begin_upload(user_id: str, upload: NewUpload, idempotency_key: str | None) -> dict[str, Any]:
    """Hold what the feature costs and say how to upload; under the same key, say it again.

    Raises:
        InsufficientCreditsError: They cannot pay.
        ConflictError: The key is another request's, too many uploads are open, or this one lapsed.
        NotFoundError: The feature is not offered.
    """
    ensure_bucket()
    row = begin_file(
        user_id,
        p_feature=upload.feature,
        p_filename=upload.filename,
        p_size=upload.size,
        p_content_type=upload.content_type,
        p_idempotency_key=idempotency_key,
        p_seconds=UPLOAD_SECONDS + AFTER_UPLOAD_SECONDS,
    )
    if row["status"] == "expired":
        raise expired()
    if row["status"] != "awaiting_upload":
        return {"file": describe(user_id, row), "upload": None}
    lapses_at = datetime.fromisoformat(row["expires_at"]).timestamp()
    until = lapses_at - AFTER_UPLOAD_SECONDS
    seconds = int(until - datetime.now(UTC).timestamp())
    if seconds < 1:
        raise expired()
    way = upload_url(
        storage_settings(),
        object_name(user_id, row["id"], UPLOAD),
        size=upload.size,
        content_type=upload.content_type,
        seconds=seconds,
    )
    return {
        "file": describe(user_id, row),
        "upload": {
            "method": way.method,
            "url": way.url,
            "headers": dict(way.headers),
            "expires_at": datetime.fromtimestamp(until, UTC).isoformat(),
        },
    }


def begin_file(user_id: str, **arguments: Any) -> dict[str, Any]:
    """Hold what a feature costs and open a file's row; return the row."""
    with file_refusals():
        answer: dict[str, Any] = database.call("begin_file", p_user_id=user_id, **arguments)
    row: dict[str, Any] = answer["file"]
    return row


def list_files(user_id: str, *, limit: int, cursor: int | None) -> dict[str, Any]:
    """Return a page of the user's files, newest first, with addresses to download from."""
    storage()  # says so if there is none
    page = database.call("read_files", p_user_id=user_id, p_limit=limit, p_cursor=cursor)
    return {
        "files": [describe(user_id, row) for row in page["files"]],
        "next_cursor": page["next_cursor"],
    }


def describe(user_id: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a file as its owner sees it."""
    return {
        **{name: row[name] for name in _SHOWN},
        "downloads": [
            {
                "name": result["name"],
                "content_type": result["content_type"],
                "url": download_url(
                    storage_settings(),
                    object_name(user_id, row["id"], result["name"]),
                    filename=_saved_as(row["filename"], result["name"]),
                    seconds=DOWNLOAD_SECONDS,
                ),
            }
            for result in row["results"]
        ],
    }


def object_name(user_id: str, file_id: str, name: str) -> str:
    """Return what an object of a file is called in the storage."""
    return f"{user_id}/{file_id}/{name}"


def clear(store: Storage, user_id: str, file_id: str, keep: set[str]) -> None:
    """Remove all objects of a file but those to keep."""
    prefix = object_name(user_id, file_id, "")
    for name in store.names(prefix):
        if name.removeprefix(prefix) not in keep:
            store.delete(name)


def file_id_in(value: Any) -> str:
    """Return a file's id as we write it.

    Raises:
        InvalidRequestError: It is none.
    """
    if not isinstance(value, str) or not _FILE_ID.fullmatch(value):
        raise InvalidRequestError("A file's id is needed, as POST /api/files gave it.")
    return value


def expired() -> ConflictError:
    """Return the error of an upload that lapsed."""
    return ConflictError(_EXPIRED, code="upload_expired")


def busy() -> ConflictError:
    """Return the error of a file that somebody else is processing."""
    return ConflictError(_BUSY, code="file_processing")


@contextmanager
def file_refusals() -> Iterator[None]:
    """Turn what our Postgres functions refuse into the error a client is told.

    Raises:
        NotFoundError: The file is not theirs, or the feature is not offered.
        ConflictError: It is not in a state for this.
        InsufficientCreditsError: They cannot pay.
    """
    try:
        with refusals():
            yield
    except NotFoundError as error:
        raise NotFoundError(_UNKNOWN.get(error.code, error.message), code=error.code) from None
    except ConflictError as error:
        code, message = _CONFLICTS.get(error.code, (error.code, error.message))
        raise ConflictError(message, code=code) from None


def _saved_as(filename: str, name: str) -> str:
    """Return the name under which a download is saved."""
    if name.startswith("source."):
        return filename if ending(filename) == ending(name) else f"{stem(filename)}{ending(name)}"
    return name if name == filename else f"{stem(filename)} {name}"
