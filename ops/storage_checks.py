"""Is the file storage there? The bucket, and whether our key opens it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from api._lib.files.settings import storage_settings
from api._lib.files.storage import Storage
from ops.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_storage() -> Iterator[Finding]:
    """Check that our key opens the bucket that the settings name."""
    config = storage_settings()
    bucket = config.bucket
    with closing(Storage(config)) as storage:
        if storage.is_there():
            yield Finding("ok", f"The storage has the bucket {bucket}, and our key opens it.")
            return
    yield Finding(
        "WRONG",
        f"The bucket {bucket} cannot be opened at {config.endpoint}.",
        f"Supabase > Storage: make a private bucket {bucket}, and compare STORAGE_S3_ACCESS_KEY_ID"
        " and STORAGE_S3_SECRET_ACCESS_KEY with Storage > Settings > S3 access keys.",
    )
