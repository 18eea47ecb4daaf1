"""Is the file storage there? The bucket, and whether our key opens it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from api._lib.files.storage import Storage
from ops.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.settings import Settings


def check_storage(config: Settings) -> Iterator[Finding]:
    """Whether files can be kept, where that is wanted."""
    if config.storage is None:
        yield Finding("note", "Files cannot be uploaded: there are no STORAGE_S3_… variables.")
        return
    bucket = config.storage.bucket
    with closing(Storage(config.storage)) as storage:
        if storage.is_there():
            yield Finding("ok", f"The storage has the bucket {bucket}, and our key opens it.")
            return
    yield Finding(
        "WRONG",
        f"The bucket {bucket} cannot be opened at {config.storage.endpoint}.",
        f"Supabase > Storage: make a private bucket {bucket}, and compare STORAGE_S3_ACCESS_KEY_ID"
        " and STORAGE_S3_SECRET_ACCESS_KEY with Storage > Settings > S3 access keys.",
    )
