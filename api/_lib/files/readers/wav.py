"""Measures the duration of a WAV by its chunks. Pure."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from api._lib.files.readers.errors import UnreadableFileError

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_CHUNKS = 1000

_CHUNK = struct.Struct("<4sL")
_FORMAT = struct.Struct("<HHLLHH")
_RIFF_HEADER_BYTES = 12
# PCM, ADPCM, float, A-law, µ-law, IMA ADPCM, GSM 6.10, MP3 in a WAV, extensible.
_FORMATS = frozenset({0x01, 0x02, 0x03, 0x06, 0x07, 0x11, 0x31, 0x55, 0xFFFE})
# What a program writes if it does not know the length at the start and cannot seek back.
_UNKNOWN_LENGTH = frozenset({0xFFFFFFFF, 0x7FFFF000})


def wav_seconds(file: BinaryIO) -> float:
    """Return the duration in seconds: bytes of sound divided by bytes a second.

    Raises:
        UnreadableFileError: It is cut off, or its format is missing or unknown.
    """
    size = file.seek(0, os.SEEK_END)
    at, bytes_per_second = _RIFF_HEADER_BYTES, 0
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        header = file.read(_CHUNK.size)
        if len(header) < _CHUNK.size:
            break
        name, length = _CHUNK.unpack(header)
        at += _CHUNK.size
        if name == b"fmt ":
            bytes_per_second = _bytes_per_second(file.read(_FORMAT.size))
        elif name == b"data":
            if not bytes_per_second:
                break
            if length in _UNKNOWN_LENGTH:
                length = size - at
            if at + length > size:
                raise UnreadableFileError(
                    "This recording is cut off: the file is shorter than it says. Upload it again.",
                    code="broken_audio",
                )
            return float(length / bytes_per_second)
        at += length + length % 2
    raise _broken()


def _bytes_per_second(chunk: bytes) -> int:
    if len(chunk) < _FORMAT.size:
        raise _broken()
    kind, channels, rate, bytes_per_second, block_bytes, _ = _FORMAT.unpack(chunk)
    if kind not in _FORMATS or not (channels and rate and block_bytes and bytes_per_second):
        raise _broken()
    return int(bytes_per_second)


def _broken() -> UnreadableFileError:
    return UnreadableFileError(
        "This WAV file is damaged and cannot be read. Export it again and try once more.",
        code="broken_audio",
    )
