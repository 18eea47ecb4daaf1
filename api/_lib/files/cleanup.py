"""Remove objects that nobody needs from the storage: abandoned uploads, and leftovers.

Housekeeping only: an upload expires, and its credits are free again, without it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.files.storage import storage
from api._lib.files.stored_file import object_name

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from api._lib.files.storage import Storage

FILES_AT_ONCE = 50


@dataclass(frozen=True)
class Removed:
    """What a run did.

    Attributes:
        files: How many files' objects were looked through.
        expired: How many of these files were marked as expired.
        complete: Whether no such file is left.
    """

    files: int
    expired: int
    complete: bool


def remove_abandoned_uploads(*, deadline: float) -> Removed:
    """Remove the objects of expired uploads, and of processed files all but the downloads.

    Args:
        deadline: By time.monotonic(); after it no further batch is begun.

    Raises:
        StorageUnavailableError: The storage cannot be reached; the next run continues.
        DatabaseUnavailableError: The same for the database.
    """
    files = expired = 0
    while time.monotonic() < deadline:
        batch: list[dict[str, Any]] = database.call("files_to_sweep", p_limit=FILES_AT_ONCE)
        # Without a bucket nothing is left of them: nobody has uploaded yet, or it was deleted.
        if batch and storage().has_bucket():
            for file in batch:
                remove_all_but(set(file["keep"]), storage(), file["user_id"], file["id"])
        marked = database.call("mark_swept", p_ids=[file["id"] for file in batch])
        files += marked["swept"]
        expired += marked["expired"]
        if len(batch) < FILES_AT_ONCE:
            return Removed(files, expired, complete=True)
    return Removed(files, expired, complete=False)


def remove_all_but(keep: AbstractSet[str], store: Storage, user_id: str, file_id: str) -> None:
    """Remove all objects of a file except those with these names."""
    prefix = object_name(user_id, file_id, "")
    for name in store.names(prefix):
        if name.removeprefix(prefix) not in keep:
            store.delete(name)
