"""Writes an object of unknown size by a multipart upload. Holds one part in memory."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from api._lib.errors import StorageUnavailableError
from api._lib.files.s3 import NoSuchObjectError, ObjectTooLargeError
from api._lib.files.storage import PART_BYTES

if TYPE_CHECKING:
    from types import TracebackType

    from api._lib.files.storage import Storage


class PartWriter:
    """Takes bytes in order and sends them in parts. The object exists after the block ends well.

    Args:
        storage: The bucket.
        name: The object's name.
        content_type: The object's content type.
        limit_bytes: The largest size that the object may have.
    """

    def __init__(self, storage: Storage, name: str, *, content_type: str, limit_bytes: int) -> None:
        self.size = 0
        self._storage = storage
        self._name = name
        self._content_type = content_type
        self._limit_bytes = limit_bytes
        self._buffer = bytearray()
        self._tags: list[str] = []
        self._upload_id = ""

    def __enter__(self) -> Self:
        self._upload_id = self._storage.begin_parts(self._name, content_type=self._content_type)
        return self

    def write(self, data: bytes) -> int:
        """Take bytes; send each part when it is full.

        Raises:
            ObjectTooLargeError: The object is now larger than limit_bytes.
        """
        self.size += len(data)
        if self.size > self._limit_bytes:
            raise ObjectTooLargeError
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            self._send(PART_BYTES)
        return len(data)

    def flush(self) -> None:
        """Do nothing: a part is sent when it is full."""

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        if kind is not None:
            self._drop()
            return
        try:
            if self._buffer or not self._tags:
                self._send(len(self._buffer))
            self._storage.end_parts(self._name, self._upload_id, self._tags)
        except BaseException:
            self._drop()
            raise

    def _send(self, count: int) -> None:
        part = bytes(self._buffer[:count])
        del self._buffer[:count]
        number = len(self._tags) + 1
        self._tags.append(self._storage.send_part(self._name, self._upload_id, number, part))

    def _drop(self) -> None:
        # Best effort: never mask the original exception. Supabase discards abandoned parts itself.
        with suppress(NoSuchObjectError, StorageUnavailableError):
            self._storage.drop_parts(self._name, self._upload_id)
