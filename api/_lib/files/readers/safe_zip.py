"""Opens an untrusted zip archive; nothing is inflated before its directory is checked. Pure.

What is never read is never inflated, so the size of pictures does not matter.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from api._lib.files.readers.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ENTRIES = 5_000
MAX_DIRECTORY_BYTES = 1024 * 1024
MAX_INFLATED_BYTES = 256 * 1024 * 1024
# XML shrinks to a tenth, a long table of equal rows to less than a two-hundredth; deflate's limit,
# which bombs reach, is 1032. Whatever the ratio, each part is read up to a limit of its own.
MAX_RATIO = 200
RATIO_COUNTS_FROM_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 64 * 1024

_END = b"PK\x05\x06"
_END_RECORD = struct.Struct("<4s4H2LH")
_LOCATOR_64 = b"PK\x06\x07"
_LOCATOR_64_BYTES = 20
_MAX_COMMENT_BYTES = 0xFFFF
_ENCRYPTED = 0x1
_PICTURES = (
    ".bmp",
    ".dib",
    ".tif",
    ".tiff",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".emf",
    ".wmf",
    ".svg",
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

# What zipfile raises for damaged archives.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)


class Archive:
    """An archive that is within our limits. Its entries are read by name.

    Args:
        data: The whole archive.

    Raises:
        UnreadableFileError: `broken_document`, `encrypted_document` or `suspicious_archive`.
    """

    def __init__(self, data: bytes) -> None:
        _check_directory(data)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except BROKEN:
            raise _broken() from None
        entries = self._zip.infolist()
        _check_entries(entries)
        # Part names of an Office document are case-insensitive.
        self._entries = {entry.filename.lower().lstrip("/"): entry for entry in entries}

    @property
    def names(self) -> list[str]:
        """The names of all entries, in lower case."""
        return list(self._entries)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._entries

    def chunks(self, name: str, *, limit_bytes: int) -> Iterator[bytes]:
        """Inflate an entry in pieces, at most limit_bytes, whatever size it declares.

        Raises:
            UnreadableFileError: `broken_document` or `suspicious_archive`.
        """
        entry = self._entries.get(name.lower())
        # The size of a picture was not checked.
        if entry is None or _is_picture(entry):
            raise _broken()
        left = limit_bytes
        try:
            with self._zip.open(entry) as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise _suspicious()
                    yield chunk
        except BROKEN:
            raise _broken() from None


def _check_directory(data: bytes) -> None:
    """Limit the number of entries before zipfile makes an object of each."""
    tail = data[-(_LOCATOR_64_BYTES + _END_RECORD.size + _MAX_COMMENT_BYTES) :]
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_RECORD.size:
        raise _broken()
    _, _, _, _, entries, directory_bytes, _, _ = _END_RECORD.unpack_from(tail, at)
    # A 64-bit end record would override this one. No document needs it.
    if tail[max(0, at - _LOCATOR_64_BYTES) : at].startswith(_LOCATOR_64):
        raise _suspicious()
    if entries > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise _suspicious()


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise UnreadableFileError(
            "This file is protected with a password. Save it without one and try again.",
            code="encrypted_document",
        )
    read = [entry for entry in entries if not _is_picture(entry)]
    too_many = len(entries) > MAX_ENTRIES
    too_large = sum(entry.file_size for entry in read) > MAX_INFLATED_BYTES
    if too_many or too_large or any(_is_bomb(entry) for entry in read):
        raise _suspicious()
    if any(entry.compress_type not in _METHODS for entry in entries):
        raise _broken()


def _is_picture(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.lower().endswith(_PICTURES)


def _is_bomb(entry: zipfile.ZipInfo) -> bool:
    if entry.file_size < RATIO_COUNTS_FROM_BYTES:
        return False
    return entry.file_size > MAX_RATIO * max(entry.compress_size, 1)


def _broken() -> UnreadableFileError:
    return UnreadableFileError(
        "This file is damaged and cannot be opened. Save it again and try once more.",
        code="broken_document",
    )


def _suspicious() -> UnreadableFileError:
    return UnreadableFileError(
        "This file unpacks to far more than a document should, so it was not opened.",
        code="suspicious_archive",
    )
