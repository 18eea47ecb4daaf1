"""Measures the duration of an MP3 by walking its frames. Pure.

A frame's header says how many bytes and samples the frame has, so the sum of the samples is exact
for any bit rate. A file without frames is not an MP3, whatever its name. Files joined end to end
are one recording: the walk steps over the tags between them, and each part counts at its sample
rate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.id3 import HEADER_BYTES, V1_BYTES, id3_length, id3v1_tags, id3v2_tags
from api._lib.files.readers.recording import Recording, Tags, read_at, size_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO

MIN_FRAMES = 3
# All bytes that are neither frame nor tag. Real files hold a little padding.
MAX_JUNK_BYTES = 256 * 1024
# A run ends where the next frame is missing or has another sample rate.
MAX_RUNS = 100_000
MAX_TAGS = 10_000

_BLOCK_BYTES = 256 * 1024
_SEARCH_BYTES = 4096
_FRAME_HEADER_BYTES = 4
# The first two bytes of a layer III frame (sync, version 1, 2 or 2.5, with or without checksum),
# or the beginning of a tag.
_BEGINNING = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]|ID3[\x02-\x04]|APETAGEX")
# The first frame of many files is an index of the others and holds no sound. Its name follows the
# header and the side information, whose length depends on version, channels and checksum.
_INDEX = (b"Xing", b"Info")
_RARE_INDEX = b"VBRI"  # of one encoder; looked for only where a run begins
_INDEX_OFFSETS = frozenset({13, 15, 21, 23, 36, 38})
_FARTHEST_INDEX = max(_INDEX_OFFSETS)
_LAYER_3 = 1
_VERSION_1 = 3
_VERSION_RESERVED = 1
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
# Index 0 is "free format", which no encoder writes; 15 is forbidden.
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_APE_BYTES = 32
_APE_HAS_HEADER = 1 << 31
_APE_IS_HEADER = 1 << 29


@dataclass(frozen=True)
class _Kind:
    """What all frames of a run share: the bit rate may change, version and sample rate may not."""

    version: int
    rate_index: int

    @property
    def rate(self) -> int:
        """Samples a second."""
        return _RATES[self.version][self.rate_index]

    @property
    def samples(self) -> int:
        """Samples a frame."""
        return 1152 if self.version == _VERSION_1 else 576


@dataclass
class _Walk:
    """What has been found so far."""

    samples: dict[_Kind, int] = field(default_factory=dict)
    frames: int = 0
    frame_bytes: int = 0
    tag_bytes: int = 0
    junk_bytes: int = 0
    runs: int = 0
    tags: int = 0

    def is_hopeless(self) -> bool:
        """Whether there is more disorder than a recording can have."""
        return self.junk_bytes > MAX_JUNK_BYTES or self.runs > MAX_RUNS or self.tags > MAX_TAGS


def read_mp3(file: BinaryIO) -> Recording:
    """Read a file of MPEG frames, layer III.

    Raises:
        UnreadableFileError: It has no frames (`not_audio`), or more junk than sound
            (`broken_audio`).
    """
    size = size_of(file)
    end, old_tags = _end_of_sound(file, size)
    walk = _Walk()
    at = 0
    while at + _FRAME_HEADER_BYTES <= end and not walk.is_hopeless():
        header = read_at(file, at, _APE_BYTES)
        tag_bytes = id3_length(header[:HEADER_BYTES]) or _ape_length(header)
        kind = None if tag_bytes else _kind(header)
        if tag_bytes:
            tag_bytes = min(tag_bytes, end - at)
            walk.tags, walk.tag_bytes, at = (
                walk.tags + 1,
                walk.tag_bytes + tag_bytes,
                at + tag_bytes,
            )
        elif kind and _is_followed(file, at, header, kind, end):
            walk.runs += 1
            at = _run(file, at, kind, end, walk)
        else:
            beginning = _next_beginning(file, at + 1, end)
            walk.junk_bytes, at = walk.junk_bytes + beginning - at, beginning
    if walk.frames < MIN_FRAMES:
        raise UnreadableFileError(
            "This is no recording that we can read, or it is damaged.", code="not_audio"
        )
    if walk.is_hopeless() or 2 * walk.frame_bytes < end - walk.tag_bytes:
        raise UnreadableFileError(
            "This MP3 file is damaged: most of it cannot be read. Export it again and try once"
            " more.",
            code="broken_audio",
        )
    seconds = sum(samples / kind.rate for kind, samples in walk.samples.items())
    return Recording(seconds, id3v2_tags(file, 0).or_else(old_tags))


def _run(file: BinaryIO, at: int, kind: _Kind, end: int, walk: _Walk) -> int:
    """Walk frames of one kind; return where they end."""
    lengths = _lengths(kind)
    start, frames, silent = at, 0, 0
    block_bytes, goes_on = _SEARCH_BYTES, True
    names: Sequence[bytes] = (*_INDEX, _RARE_INDEX)
    while goes_on and at + _FRAME_HEADER_BYTES <= end:
        # Short runs cost little, and long ones are read in large blocks.
        block = read_at(file, at, min(block_bytes, end - at))
        block_bytes = min(2 * block_bytes, _BLOCK_BYTES)
        found, names = _frames_in(block, lengths, names), _INDEX
        frames, silent, goes_on = frames + found.frames, silent + found.silent, found.goes_on
        if not goes_on:
            # The last frame may be cut off, with the next file's tag within the space it claims.
            within = block.find(b"ID3", found.last + _FRAME_HEADER_BYTES, found.end)
            is_tag = within > 0 and id3_length(block[within : within + HEADER_BYTES]) > 0
            at += within if is_tag else found.end
        else:
            at += found.end
    if at > end:
        # The last frame is cut off; players ignore it too.
        frames, at = frames - 1, end
    walk.frames += frames
    walk.frame_bytes += at - start
    walk.samples[kind] = walk.samples.get(kind, 0) + (frames - silent) * kind.samples
    return at


class _Found(NamedTuple):
    """Frames in a block: how many, how many of them silent, where the last begins and ends."""

    frames: int
    silent: int
    last: int
    end: int
    goes_on: bool


def _frames_in(block: bytes, lengths: Mapping[bytes, int], names: Sequence[bytes]) -> _Found:
    """Walk the frames that begin in a block. This loop takes nearly all of the time."""
    frames = silent = last = at = 0
    last_header = len(block) - _FRAME_HEADER_BYTES
    for mark in [*_marks(block, names), len(block) + _FARTHEST_INDEX]:
        # Only a frame that begins this close to the mark can be an index.
        near = min(last_header + 1, mark - _FARTHEST_INDEX)
        while at < near:
            length = lengths.get(block[at : at + 3])
            if length is None:
                return _Found(frames, silent, last, at, goes_on=False)
            frames += 1
            last, at = at, at + length
        while at <= min(last_header, mark):
            length = lengths.get(block[at : at + 3])
            if length is None:
                return _Found(frames, silent, last, at, goes_on=False)
            frames += 1
            silent += mark - at in _INDEX_OFFSETS
            last, at = at, at + length
    return _Found(frames, silent, last, at, goes_on=True)


def _marks(block: bytes, names: Sequence[bytes]) -> list[int]:
    """Return where a block names an index. A search for each name is faster than one pattern."""
    marks = []
    for name in names:
        at = block.find(name)
        while at >= 0:
            marks.append(at)
            at = block.find(name, at + 1)
    return sorted(marks)


@lru_cache
def _lengths(kind: _Kind) -> Mapping[bytes, int]:
    """Return the length of each frame of a kind by the first three bytes of its header.

    ISO 11172-3, 2.4.1.3, and ISO 13818-3 for the lower rates.
    """
    found = {}
    for kbits_index, kbits in enumerate(_KBITS_1 if kind.version == _VERSION_1 else _KBITS_2):
        for low in range(4) if kbits else ():
            third = kbits_index << 4 | kind.rate_index << 2 | low
            length = kind.samples // 8 * kbits * 1000 // kind.rate + (low >> 1)
            for unprotected in (0, 1):
                second = 0xE0 | kind.version << 3 | _LAYER_3 << 1 | unprotected
                found[bytes((0xFF, second, third))] = length
    return found


def _kind(header: bytes) -> _Kind | None:
    """Return the kind of frame that begins with these bytes; None if none of layer III does."""
    if len(header) < _FRAME_HEADER_BYTES:
        return None
    version, rate_index = header[1] >> 3 & 3, header[2] >> 2 & 3
    if version == _VERSION_RESERVED or rate_index >= len(_RATES[version]):
        return None
    kind = _Kind(version, rate_index)
    return kind if header[:3] in _lengths(kind) else None


def _is_followed(file: BinaryIO, at: int, header: bytes, kind: _Kind, end: int) -> bool:
    """Whether another frame follows this one. Without that check any two bytes could match."""
    following = at + _lengths(kind)[header[:3]]
    if following >= end:
        return following == end
    return _kind(read_at(file, following, _FRAME_HEADER_BYTES)) == kind


def _next_beginning(file: BinaryIO, at: int, end: int) -> int:
    """Return where the next frame or tag may begin, or from where to look on."""
    block = read_at(file, at, min(_SEARCH_BYTES, max(0, end - at)))
    found = _BEGINNING.search(block)
    if found:
        return at + found.start()
    # The last bytes may be the first of a beginning.
    return at + max(1, len(block) - 7)


def _ape_length(header: bytes) -> int:
    """Return the length of the APE tag that begins with these bytes; 0 if none does."""
    if len(header) < _APE_BYTES or not header.startswith(b"APETAGEX"):
        return 0
    size, flags = int.from_bytes(header[12:16], "little"), int.from_bytes(header[20:24], "little")
    # The size leaves out the header; without a header these bytes are the tag's footer.
    return _APE_BYTES + size if flags & _APE_IS_HEADER else _APE_BYTES


def _end_of_sound(file: BinaryIO, size: int) -> tuple[int, Tags]:
    """Return where the sound ends: before the ID3v1 and APE tags, if there are any."""
    end, tags = size, Tags()
    tag = read_at(file, max(0, end - V1_BYTES), V1_BYTES)
    if tag.startswith(b"TAG") and len(tag) == V1_BYTES:
        end, tags = end - V1_BYTES, id3v1_tags(tag)
    footer = read_at(file, max(0, end - _APE_BYTES), _APE_BYTES)
    if footer.startswith(b"APETAGEX") and end >= _APE_BYTES:
        flags = int.from_bytes(footer[20:24], "little")
        header = _APE_BYTES if flags & _APE_HAS_HEADER else 0
        end = max(0, end - int.from_bytes(footer[12:16], "little") - header)
    return end, tags
