"""How long a FLAC plays, by its last frame. Pure.

The file's header may not know the length (an encoder that wrote to a pipe) or state more than there
is. The header of the last frame states the frame's position.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.recording import MAX_TAG_BYTES, Recording, Tags, read_at, size_of
from api._lib.files.readers.vorbis_comment import vorbis_tags

if TYPE_CHECKING:
    from typing import BinaryIO

MAGIC = b"fLaC"
MAX_BLOCKS = 1000

_STREAM_INFO, _COMMENT = 0, 4
_STREAM_INFO_BYTES = 34
_TAIL_BYTES = 1024 * 1024
_MAX_HEADER_BYTES = 16
# The shortest frame, of silence, has this many bytes; the longest block has 65535 samples.
_MIN_FRAME_BYTES = 10
_MAX_BLOCK_SAMPLES = 65535
_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_BLOCK_8, _BLOCK_16 = 6, 7
_RATE_8, _RATE_16, _RATE_16_TENS, _RATE_INVALID = 12, 13, 14, 15


class _Info(NamedTuple):
    block_samples: int  # 0 if blocks differ in length
    rate: int
    samples: int  # 0 if not known


def read_flac(file: BinaryIO, start: int) -> Recording:
    """Read a FLAC file that begins at an offset.

    Raises:
        UnreadableFileError: It is damaged, or ends before it should (`broken_audio`).
    """
    size = size_of(file)
    at = start + len(MAGIC)
    info, tags = None, Tags()
    for _ in range(MAX_BLOCKS):
        header = read_at(file, at, 4)
        if len(header) < 4:  # noqa: PLR2004 - a block header
            raise _broken()
        kind, length = header[0] & 0x7F, int.from_bytes(header[1:])
        if kind == _STREAM_INFO:
            info = _info(file.read(_STREAM_INFO_BYTES))
        elif kind == _COMMENT:
            tags = vorbis_tags(file.read(min(length, MAX_TAG_BYTES)))
        at += 4 + length
        if header[0] & 0x80:
            break
    if info is None or _end_of_frame(read_at(file, at, _MAX_HEADER_BYTES), info) is None:
        raise _broken()
    samples = _samples(file, at, size, info)
    if samples < info.samples:
        raise UnreadableFileError(
            "This recording is cut off: the file is shorter than it says. Upload it again.",
            code="broken_audio",
        )
    return Recording(samples / info.rate, tags)


def _info(block: bytes) -> _Info:
    if len(block) < _STREAM_INFO_BYTES:
        raise _broken()
    shortest, longest = int.from_bytes(block[0:2]), int.from_bytes(block[2:4])
    # 20 bits of rate, 3 of channels, 5 of depth, 36 of samples.
    packed = int.from_bytes(block[10:18])
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    if not rate:
        raise _broken()
    return _Info(shortest if shortest == longest else 0, rate, samples)


def _samples(file: BinaryIO, start: int, size: int, info: _Info) -> int:
    """Return where the last frame ends, in samples."""
    begin = max(start, size - _TAIL_BYTES)
    tail = read_at(file, begin, size - begin)
    most = (size - start) // _MIN_FRAME_BYTES * (info.block_samples or _MAX_BLOCK_SAMPLES)
    ends = [
        end
        for found in _SYNC.finditer(tail)
        if (end := _end_of_frame(tail[found.start() : found.start() + _MAX_HEADER_BYTES], info))
        and end <= most
    ]
    if not ends:
        raise _broken()
    return info.samples if info.samples in ends else ends[-1]


def _end_of_frame(header: bytes, info: _Info) -> int | None:
    """Return the sample after a frame, by its header (RFC 9639, 9.1); None if it is none."""
    if len(header) < _MAX_HEADER_BYTES or not _SYNC.match(header) or header[3] & 1:
        return None
    is_variable, block_code, rate_code = header[1] & 1, header[2] >> 4, header[2] & 0xF
    number, at = _coded_number(header, 4)
    if number is None or not block_code or rate_code == _RATE_INVALID:
        return None
    if block_code in {_BLOCK_8, _BLOCK_16}:
        length = block_code - _BLOCK_8 + 1
        block = int.from_bytes(header[at : at + length]) + 1
        at += length
    elif block_code == 1:
        block = 192
    else:
        block = 576 << block_code - 2 if block_code < _BLOCK_8 else 256 << block_code - 8
    at += {_RATE_8: 1, _RATE_16: 2, _RATE_16_TENS: 2}.get(rate_code, 0)
    if at >= len(header) or _crc_8(header[:at]) != header[at]:
        return None
    first = number if is_variable else number * (info.block_samples or block)
    return first + block


def _coded_number(header: bytes, at: int) -> tuple[int | None, int]:
    """Read a number coded as UTF-8 codes characters, in up to seven bytes."""
    lead = header[at]
    length = 8 - (lead ^ 0xFF).bit_length()
    if length == 0:
        return lead, at + 1
    if length == 1 or length > 7:  # noqa: PLR2004 - UTF-8 as FLAC extends it
        return None, at
    number = lead & (0xFF >> length + 1)
    for byte in header[at + 1 : at + length]:
        if byte & 0xC0 != 0x80:  # noqa: PLR2004 - a continuation byte
            return None, at
        number = number << 6 | byte & 0x3F
    return number, at + length


def _crc_8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def _broken() -> UnreadableFileError:
    return UnreadableFileError(
        "This FLAC file is damaged and cannot be read. Export it again and try once more.",
        code="broken_audio",
    )
