"""Reads ID3 tags (versions 1 and 2.2 to 2.4): their length and three of their texts. Pure.

Only the headers of other frames are read, so that a cover costs nothing whatever its size.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from api._lib.files.readers.recording import MAX_TAG_BYTES, Tags, read_at

if TYPE_CHECKING:
    from typing import BinaryIO

HEADER_BYTES = 10
V1_BYTES = 128
MAX_FRAMES = 10_000
MAX_TEXT_BYTES = 16 * 1024

_OLDEST_VERSION, _NEWEST_VERSION = 2, 4
_MAX_SYNCHSAFE = 0x7F
_HAS_FOOTER = 0x10
_UNSYNCHRONISED = 0x80
_HAS_EXTENDED_HEADER = 0x40
_FRAME_HAS_LENGTH = 0x01
_FRAME_UNSYNCHRONISED = 0x02
_FRAME_UNREADABLE = 0x0C  # compressed or encrypted
_FIELDS = {
    b"TT2": "title",
    b"TP1": "artist",
    b"TAL": "album",
    b"TIT2": "title",
    b"TPE1": "artist",
    b"TALB": "album",
}
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")


def id3_length(header: bytes) -> int:
    """Return the length of the ID3v2 tag that begins with these ten bytes; 0 if none does."""
    if len(header) < HEADER_BYTES or not header.startswith(b"ID3"):
        return 0
    version, size = header[3], header[6:10]
    if not _OLDEST_VERSION <= version <= _NEWEST_VERSION or max(size) > _MAX_SYNCHSAFE:
        return 0
    footer = HEADER_BYTES if version == _NEWEST_VERSION and header[5] & _HAS_FOOTER else 0
    return HEADER_BYTES + _synchsafe(size) + footer


def id3v2_tags(file: BinaryIO, at: int) -> Tags:
    """Read the tag at an offset, if there is one."""
    header = read_at(file, at, HEADER_BYTES)
    end = at + id3_length(header)
    if end == at:
        return Tags()
    version, flags = header[3], header[5]
    at += HEADER_BYTES
    if flags & _HAS_EXTENDED_HEADER and version > _OLDEST_VERSION:
        size = read_at(file, at, 4)
        at += _synchsafe(size) if version == _NEWEST_VERSION else 4 + int.from_bytes(size)
    found: dict[str, str] = {}
    name_bytes, header_bytes = (3, 6) if version == _OLDEST_VERSION else (4, 10)
    for _ in range(MAX_FRAMES):
        frame = read_at(file, at, header_bytes) if at + header_bytes <= end else b""
        name, size = frame[:name_bytes], frame[name_bytes : 2 * name_bytes]
        if not name.isalnum():
            break  # padding, or the end
        length = _synchsafe(size) if version == _NEWEST_VERSION else int.from_bytes(size)
        at += header_bytes
        field = _FIELDS.get(name)
        if field and field not in found and 1 < length <= min(MAX_TEXT_BYTES, end - at):
            frame_flags = frame[9] if version == _NEWEST_VERSION else 0
            if flags & _UNSYNCHRONISED:
                frame_flags |= _FRAME_UNSYNCHRONISED
            found[field] = _text(file.read(length), frame_flags)
        at += length
    return Tags(**found)


def id3v1_tags(tag: bytes) -> Tags:
    """Read a tag of version 1: 128 bytes that begin with "TAG"."""
    title, artist, album = (
        tag[at : at + 30].split(b"\0")[0].decode("latin-1").strip() for at in (3, 33, 63)
    )
    return Tags(title, artist, album)


def id3_tags_in(data: bytes) -> Tags:
    """Read a tag that was cut out of another format, such as a WAV's `id3 ` chunk."""
    return id3v2_tags(io.BytesIO(data[:MAX_TAG_BYTES]), 0)


def _synchsafe(size: bytes) -> int:
    length = 0
    for byte in size:
        length = length << 7 | byte & 0x7F
    return length


def _text(data: bytes, flags: int) -> str:
    if flags & _FRAME_UNREADABLE:
        return ""
    if flags & _FRAME_HAS_LENGTH:
        data = data[4:]
    if flags & _FRAME_UNSYNCHRONISED:
        data = data.replace(b"\xff\x00", b"\xff")
    encoding = data[0] if data and data[0] < len(_ENCODINGS) else 0
    # Several values are separated by a zero; the first is the main one.
    text = data[1:].decode(_ENCODINGS[encoding], "replace")
    return text.lstrip("\ufeff").split("\0")[0].strip()
