"""Reads a Vorbis comment: the tags of FLAC, Ogg Vorbis and Opus. Pure."""

from __future__ import annotations

from api._lib.files.readers.recording import Tags

MAX_FIELDS = 10_000
MAX_TEXT_BYTES = 16 * 1024

_FIELDS = {b"TITLE": "title", b"ARTIST": "artist", b"ALBUM": "album"}


def vorbis_tags(data: bytes) -> Tags:
    """Read a comment as far as it goes: data may end within it, where a picture was left out."""
    at = 4 + _length(data, 0)
    count = _length(data, at)
    at += 4
    found: dict[str, str] = {}
    for _ in range(min(count, MAX_FIELDS)):
        length = _length(data, at)
        at += 4
        if at + length > len(data):
            break
        if length <= MAX_TEXT_BYTES:
            name, _, text = data[at : at + length].partition(b"=")
            field = _FIELDS.get(name.upper())
            if field and field not in found:
                found[field] = text.decode("utf-8", "replace").strip()
        at += length
    return Tags(**found)


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")
