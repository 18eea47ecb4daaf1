"""An upload, from its first request to its last.

1. POST /api/files: begin_upload holds the credits and signs an address for the upload.
2. The browser PUTs the file at that address, straight into the storage.
3. POST /api/files/complete: complete_upload processes the file and charges for it (processing.py).

An upload that is never completed expires: its hold lapses, and cleanup.py removes its objects.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from api._lib.errors import StorageUnavailableError
from api._lib.files.answers import file_json
from api._lib.files.rows import begin_file, expired_upload
from api._lib.files.settings import storage_settings
from api._lib.files.signed_urls import upload_url
from api._lib.files.storage import storage
from api._lib.files.stored_file import object_name
from api._lib.settings import settings

if TYPE_CHECKING:
    from api._lib.files.kinds import NewUpload
    from api._lib.files.stored_file import ProcessedFile

UPLOAD_SECONDS = 3600
# Grace period after the upload address expires: time to end a slow upload and to process it.
GRACE_SECONDS = 1800
# The raw upload. Processing copies it first, because the client can still overwrite this object.
UPLOAD = "upload"

_log = logging.getLogger("purse")


def begin_upload(user_id: str, upload: NewUpload, idempotency_key: str | None) -> dict[str, Any]:
    """Hold what the feature costs and return the file and a signed address for the upload.

    The same key returns the same file, with a new address as long as the upload is awaited.

    Raises:
        InsufficientCreditsError: The user cannot pay.
        ConflictError: The key was used for another request, too many uploads are open, or this
            upload has expired.
        NotFoundError: The feature is not offered.
        NotConfiguredError: This deployment has no storage.
    """
    _ensure_bucket()
    file = begin_file(
        user_id,
        feature=upload.feature,
        filename=upload.filename,
        size=upload.size,
        content_type=upload.content_type,
        idempotency_key=idempotency_key,
        hold_seconds=UPLOAD_SECONDS + GRACE_SECONDS,
    )
    if file.status not in {"awaiting_upload", "expired"}:
        return {"file": file_json(file), "upload": None}
    ends_at = datetime.fromisoformat(file.expires_at).timestamp() - GRACE_SECONDS
    seconds = int(ends_at - datetime.now(UTC).timestamp())
    if file.status == "expired" or seconds < 1:
        raise expired_upload()
    address = upload_url(
        storage_settings(),
        file.object_name(UPLOAD),
        size=upload.size,
        content_type=upload.content_type,
        seconds=seconds,
    )
    return {
        "file": file_json(file),
        "upload": {
            "method": address.method,
            "url": address.url,
            "headers": dict(address.headers),
            "expires_at": datetime.fromtimestamp(ends_at, UTC).isoformat(),
        },
    }


def complete_upload(user_id: str, file_id: str) -> ProcessedFile:
    """Process an upload and charge for it; return the file as it is if it is done or failed.

    Raises:
        NotFoundError: The user has no such file.
        ConflictError: `not_uploaded`, `file_processing` or `upload_expired`.
        StorageUnavailableError: The storage cannot be reached. The upload can be completed later.
    """
    # Imported here, because only this step needs the readers.
    from api._lib.files.conversion import convert  # noqa: PLC0415
    from api._lib.files.processing import process  # noqa: PLC0415

    is_uploaded = storage().size(object_name(user_id, file_id, UPLOAD)) is not None
    return process(user_id, file_id, is_uploaded=is_uploaded, make=partial(convert, upload=UPLOAD))


@cache
def _ensure_bucket() -> None:
    """Make the bucket if it does not exist. A process asks until the bucket exists, then never.

    Raises:
        NotConfiguredError: This deployment has no storage.
        StorageUnavailableError: The storage is away, or the bucket cannot be made.
    """
    if storage().has_bucket():
        return
    # Imported here: it brings Supabase's client, and a project makes its bucket once.
    from api._lib.files.bucket import make_bucket  # noqa: PLC0415

    make_bucket(settings())
    if not storage().has_bucket():
        _log.warning("storage: SUPABASE_URL and STORAGE_S3_ENDPOINT are different projects")
        raise StorageUnavailableError
