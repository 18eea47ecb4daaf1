"""Measures the duration of an MP3 by walking its frames. Pure.

A frame's header says how many bytes and samples the frame has, so the sum of the samples is exact
for any bit rate. A file without frames is not an MP3, whatever its name.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api._lib.files.readers.errors import UnreadableFileError

if TYPE_CHECKING:
    from typing import BinaryIO

MIN_FRAMES = 3
# The most bytes between frames in total. Padding and unknown tags are allowed, within this bound.
MAX_JUNK_BYTES = 256 * 1024

_HEADER_BYTES = 4
_SYNC = 0xFFE0
# The first two bytes of a layer III frame: sync, version 1, 2 or 2.5, with or without checksum.
_BEGINNING = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
_BLOCK_BYTES = 4096
# The first frame of many files is an index without sound. One of these words marks it.
_INDEX = (b"Xing", b"Info", b"VBRI")
_INDEX_WITHIN_BYTES = 48
_LAYER_3 = 1
_VERSION_1 = 3
_VERSION_RESERVED = 1
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_ID3_HEADER_BYTES = 10
_ID3_HAS_FOOTER = 0x10
_ID3V1_BYTES = 128


@dataclass(frozen=True)
class _Frame:
    version: int
    rate: int
    samples: int
    length: int

    def goes_on_from(self, other: _Frame) -> bool:
        """Whether both can belong to one recording: only the bit rate may change."""
        return (self.version, self.rate) == (other.version, other.rate)


def mp3_seconds(file: BinaryIO) -> float:
    """Return the duration in seconds.

    Raises:
        UnreadableFileError: It is not an MP3, or it has more junk than sound.
    """
    size = file.seek(0, os.SEEK_END)
    end = _without_trailing_tag(file, size)
    start = at = _after_id3(file)
    samples = frames = frame_bytes = junk_bytes = 0
    rate = 0
    previous: _Frame | None = None
    while at + _HEADER_BYTES <= end:
        file.seek(at)
        frame = _frame(file.read(_HEADER_BYTES))
        known = previous is not None and frame is not None and frame.goes_on_from(previous)
        if frame is None or not (known or _is_followed(file, at, frame, end)):
            skipped = _next_sync(file, at + 1, end) - at
            at, junk_bytes, previous = at + skipped, junk_bytes + skipped, None
            if junk_bytes > MAX_JUNK_BYTES:
                break
            continue
        if at + frame.length > end:
            break  # the last frame is cut off; players ignore it too
        frames, frame_bytes, rate = frames + 1, frame_bytes + frame.length, rate or frame.rate
        if frames > 1 or not _is_index(file, at):
            samples += frame.samples
        at, previous = at + frame.length, frame
    if frames < MIN_FRAMES:
        raise UnreadableFileError(
            "This is neither an MP3 nor a WAV file, or it is damaged.", code="not_audio"
        )
    if 2 * frame_bytes < end - start:
        raise UnreadableFileError(
            "This MP3 file is damaged: most of it cannot be read. Export it again and try once"
            " more.",
            code="broken_audio",
        )
    return samples / rate


def _frame(header: bytes) -> _Frame | None:
    """Read a frame header (ISO 11172-3, 2.4.1.3); None if the bytes are not one of layer III."""
    if len(header) < _HEADER_BYTES or int.from_bytes(header[:2]) & _SYNC != _SYNC:
        return None
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    kbits_index, rate_index, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == _VERSION_RESERVED or layer != _LAYER_3 or rate_index not in {0, 1, 2}:
        return None
    kbits = _KBITS_1 if version == _VERSION_1 else _KBITS_2
    # 0 is "free format", which encoders do not write; 15 is forbidden.
    if not 0 < kbits_index < len(kbits):
        return None
    samples, rate = 1152 if version == _VERSION_1 else 576, _RATES[version][rate_index]
    length = samples // 8 * kbits[kbits_index] * 1000 // rate + padding
    return _Frame(version, rate, samples, length)


def _is_index(file: BinaryIO, at: int) -> bool:
    file.seek(at)
    beginning = file.read(_INDEX_WITHIN_BYTES)
    return any(name in beginning for name in _INDEX)


def _is_followed(file: BinaryIO, at: int, frame: _Frame, end: int) -> bool:
    """Whether another frame follows this one. Without that check any two bytes could match."""
    following = at + frame.length
    if following >= end:
        return following == end
    file.seek(following)
    other = _frame(file.read(_HEADER_BYTES))
    return other is not None and other.goes_on_from(frame)


def _next_sync(file: BinaryIO, at: int, end: int) -> int:
    """Return where the next frame may begin, or where to continue the search."""
    file.seek(at)
    block = file.read(min(_BLOCK_BYTES, max(0, end - at)))
    found = _BEGINNING.search(block)
    if found:
        return at + found.start()
    # The last byte may be the first of the two bytes that begin a frame.
    return at + max(1, len(block) - 1)


def _after_id3(file: BinaryIO) -> int:
    """Return the offset of the sound: after the ID3v2 tag, if there is one."""
    file.seek(0)
    header = file.read(_ID3_HEADER_BYTES)
    if len(header) < _ID3_HEADER_BYTES or not header.startswith(b"ID3"):
        return 0
    length = 0
    for byte in header[6:10]:
        length = length << 7 | byte & 0x7F
    footer = _ID3_HEADER_BYTES if header[5] & _ID3_HAS_FOOTER else 0
    return _ID3_HEADER_BYTES + length + footer


def _without_trailing_tag(file: BinaryIO, size: int) -> int:
    """Return the offset at which the sound ends: before the ID3v1 tag, if there is one."""
    file.seek(max(0, size - _ID3V1_BYTES))
    return size - _ID3V1_BYTES if file.read(3) == b"TAG" and size >= _ID3V1_BYTES else size
