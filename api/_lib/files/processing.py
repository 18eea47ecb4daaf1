"""Process a file once: lease it, make its results, then charge for them or record a failure.

- One worker at a time has the lease, so a file is processed and charged once.
- If the file itself is wrong, it fails for good and nothing is charged.
- If the storage or the database fails, the lease is released and the next request tries again.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib.errors import StorageUnavailableError, UnavailableError
from api._lib.files.cleanup import remove_all_but
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.rows import fail_file, finish_file, lease_file, release_lease
from api._lib.files.storage import storage
from api._lib.files.stored_file import Lease, ProcessedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from api._lib.files.stored_file import Download, StoredFile

# Reading a file takes processor time and memory, which a process has only so much of. It bounds one
# process; Vercel may run several, and sql/ bounds what one user may run in all of them.
AT_ONCE = 4
_slots = threading.BoundedSemaphore(AT_ONCE)

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
        UnavailableError: `busy`: this process has enough to do, or two of the user's files are
            being processed.
    """
    lease = lease_file(user_id, file_id, is_uploaded=is_uploaded)
    if isinstance(lease, ProcessedFile):
        return lease
    try:
        with slot():
            processed = _finish(lease, make)
    except BaseException:
        release_lease(lease)
        raise
    _log.info("file %s: %s", file_id, processed.file.status)
    _remove_leftovers(processed.file)
    return processed


@contextmanager
def slot() -> Iterator[None]:
    """Take one of this process's slots for as long as the block runs.

    Raises:
        UnavailableError: None is free (`busy`).
    """
    if not _slots.acquire(blocking=False):
        raise UnavailableError(
            "Many files are being processed. Please try again in a moment.",
            code="busy",
            retry_after_seconds=10,
        )
    try:
        yield
    finally:
        _slots.release()


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
        remove_all_but(keep, storage(), file.user_id, file.id)
