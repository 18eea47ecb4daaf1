"""A person's files as a whole: the list of them for an export, and deleting them all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.errors import InvalidRequestError
from api._lib.files.storage import storage
from api._lib.settings import settings

if TYPE_CHECKING:
    from api._lib.files.storage import Storage

FILES_AT_ONCE = 100


def forget_files(user_id: str, *, deadline: float) -> bool:
    """Delete the files of a deleted account: their rows' contents, and the objects in the storage.

    An upload that arrives later is deleted by the daily clean-up, as any abandoned one.

    Args:
        user_id: The account.
        deadline: By time.monotonic(). Objects that are left then need another call.

    Returns:
        Whether no object is left.

    Raises:
        StorageUnavailableError: The storage is away.
        DatabaseUnavailableError: The database cannot be reached.
    """
    database.call("forget_files", p_user_id=user_id)
    if settings().files is None:
        return True
    store = storage()
    # The bucket is made at the first upload.
    if not store.has_bucket():
        return True
    return _delete_objects(store, f"{user_id}/", deadline=deadline)


def _delete_objects(store: Storage, prefix: str, *, deadline: float) -> bool:
    # Each round deletes what it lists, so the next one lists less.
    while names := store.names(prefix):
        for name in names:
            if time.monotonic() >= deadline:
                return False
            store.delete(name)
    return True


def exported_files(user_id: str, after: str | None) -> tuple[list[Any], str | None]:
    """Return a page of a person's files as the database has them, and where the next one begins.

    Raises:
        InvalidRequestError: The place is not one that we gave out.
    """
    if after is not None and not after.isdigit():
        raise InvalidRequestError("cursor is not one that we gave out.")
    page: dict[str, Any] = database.call(
        "read_files",
        p_user_id=user_id,
        p_limit=FILES_AT_ONCE,
        p_cursor=int(after) if after else None,
    )
    return page["files"], page["next_cursor"]
