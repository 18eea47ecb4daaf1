"""Delete a file for its owner: the row, the credits held for it, and its objects in the storage."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from api._lib.errors import StorageUnavailableError
from api._lib.files.cleanup import remove_all_but
from api._lib.files.rows import delete_file
from api._lib.files.storage import storage

if TYPE_CHECKING:
    from typing import Any


def delete_one(user_id: str, file_id: str) -> dict[str, Any]:
    """Delete a file; return the owner's credits as `{balance, available}`.

    If the storage is away, or an upload arrives afterwards, the daily clean-up deletes the objects.

    Raises:
        NotFoundError: The user has no such file.
        ConflictError: It is being processed (`file_processing`).
        DatabaseUnavailableError: The database cannot be reached.
    """
    credits_ = delete_file(user_id, file_id)
    with suppress(StorageUnavailableError):
        remove_all_but(frozenset(), storage(), user_id, file_id)
    return credits_
