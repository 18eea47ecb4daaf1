"""How long the sound in an MP4 file (M4A, M4B) plays, by its tables. Pure.

Most files keep their tables in `moov`; files written in fragments also in each `moof`. Only boxes
with a table or a tag are read, never covers or sound.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.recording import Recording, Tags, read_at, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

MAX_BOXES = 500_000
MAX_TABLE_BYTES = 32 * 1024 * 1024
MAX_TEXT_BYTES = 16 * 1024

_PROTECTED = frozenset({b"drms", b"enca", b"aavd"})
_TAGS = {b"\xa9nam": "title", b"\xa9ART": "artist", b"\xa9alb": "album"}
# Flags of tfhd and trun: which optional fields are there, in order.
_TFHD_FIELDS = ((0x01, 8), (0x02, 4))
_TFHD_DURATION = 0x08
_TRUN_FIELDS = ((0x01, 4), (0x04, 4))
_TRUN_DURATION, _TRUN_SAMPLE_FIELDS = 0x100, (0x100, 0x200, 0x400, 0x800)


class _Box(NamedTuple):
    kind: bytes
    at: int  # where its content begins
    end: int


@dataclass
class _Track:
    id: int = 0
    is_sound: bool = False
    timescale: int = 0
    codec: bytes = b""
    duration: int = 0
    samples: int = 0
    sample_bytes: int = 0
    default_duration: int = 0


@dataclass
class _Movie:
    tracks: list[_Track] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    sound_bytes: int = 0
    boxes: int = 0


def is_mp4(head: bytes) -> bool:
    """Whether a file that begins with these bytes is of the family."""
    return head[4:8] == b"ftyp"


def read_mp4(file: BinaryIO) -> Recording:
    """Read the first track of sound.

    Raises:
        UnreadableFileError: There is none or it is protected (`unsupported_codec`), or the file is
            damaged or ends before it should (`broken_audio`).
    """
    movie = _Movie()
    size = size_of(file)
    fragments: list[_Box] = []
    for box in _boxes(file, 0, size, movie):
        if box.kind == b"moov":
            _read_movie(file, box, movie)
        elif box.kind == b"moof":
            fragments.append(box)
        elif box.kind == b"mdat":
            movie.sound_bytes += box.end - box.at
    track = next((track for track in movie.tracks if track.is_sound), None)
    if track is None:
        # Most programs write the tables last.
        raise _broken() if not movie.tracks else _unsupported("no sound that we can read")
    if track.codec in _PROTECTED:
        raise _unsupported("copy-protected sound")
    for box in fragments:
        _read_fragment(file, box, track, movie)
    # Whatever the tables state, the sound must be there.
    if not track.timescale or not track.samples or track.sample_bytes > movie.sound_bytes:
        raise _broken()
    return Recording(track.duration / track.timescale, Tags(**movie.tags))


def _boxes(file: BinaryIO, at: int, end: int, movie: _Movie) -> Iterator[_Box]:
    """Yield the boxes between two offsets."""
    while at + 8 <= end:
        movie.boxes += 1
        header = read_at(file, at, 16)
        length, kind, begin = int.from_bytes(header[:4]), header[4:8], at + 8
        if length == 1:
            length, begin = int.from_bytes(header[8:16]), at + 16
        elif length == 0:
            length = end - at
        if length < begin - at or at + length > end or movie.boxes > MAX_BOXES:
            raise _broken()
        yield _Box(kind, begin, at + length)
        at += length


def _read_movie(file: BinaryIO, movie_box: _Box, movie: _Movie) -> None:
    for box in _boxes(file, movie_box.at, movie_box.end, movie):
        if box.kind == b"trak":
            track = _Track()
            movie.tracks.append(track)
            _read_track(file, box, track, movie)
        elif box.kind == b"udta":
            _read_tags(file, box, movie)
        elif box.kind == b"mvex":
            for extends in _boxes(file, box.at, box.end, movie):
                if extends.kind == b"trex":
                    content = _content(file, extends)
                    for track in movie.tracks:
                        if track.id == int.from_bytes(content[4:8]):
                            track.default_duration = int.from_bytes(content[12:16])


def _read_track(file: BinaryIO, parent: _Box, track: _Track, movie: _Movie) -> None:
    for box in _boxes(file, parent.at, parent.end, movie):
        if box.kind in {b"mdia", b"minf", b"stbl"}:
            _read_track(file, box, track, movie)
        elif box.kind == b"tkhd":
            content = _content(file, box)
            track.id = int.from_bytes(content[20:24] if content[:1] == b"\1" else content[12:16])
        elif box.kind == b"mdhd":
            content = _content(file, box)
            track.timescale = int.from_bytes(
                content[20:24] if content[:1] == b"\1" else content[12:16]
            )
        elif box.kind == b"hdlr":
            track.is_sound = _content(file, box)[8:12] == b"soun"
        elif box.kind == b"stsd":
            track.codec = read_at(file, box.at, 16)[12:16]
        elif box.kind == b"stts" and track.is_sound:
            counts_and_durations = _numbers(_content(file, box)[8:])
            counts, durations = counts_and_durations[::2], counts_and_durations[1::2]
            track.duration = sum(map(int.__mul__, counts, durations))
            track.samples = sum(counts)
        elif box.kind == b"stsz" and track.is_sound:
            content = _content(file, box)
            each, count = int.from_bytes(content[4:8]), int.from_bytes(content[8:12])
            track.sample_bytes = (
                each * count if each else sum(_numbers(content[12 : 12 + 4 * count]))
            )
            if not each and len(content) < 12 + 4 * count:
                raise _broken()


def _read_fragment(file: BinaryIO, fragment: _Box, track: _Track, movie: _Movie) -> None:
    for part in _boxes(file, fragment.at, fragment.end, movie):
        if part.kind != b"traf":
            continue
        duration = track.default_duration
        for box in _boxes(file, part.at, part.end, movie):
            content = _content(file, box) if box.kind in {b"tfhd", b"trun"} else b""
            flags = int.from_bytes(content[1:4])
            if box.kind == b"tfhd":
                if int.from_bytes(content[4:8]) != track.id:
                    break
                at = 8 + sum(length for flag, length in _TFHD_FIELDS if flags & flag)
                if flags & _TFHD_DURATION:
                    duration = int.from_bytes(content[at : at + 4])
            elif box.kind == b"trun":
                _read_run(content, flags, duration, track)


def _read_run(content: bytes, flags: int, duration: int, track: _Track) -> None:
    count = int.from_bytes(content[4:8])
    at = 8 + sum(length for flag, length in _TRUN_FIELDS if flags & flag)
    width = sum(1 for flag in _TRUN_SAMPLE_FIELDS if flags & flag)
    fields = _numbers(content[at : at + 4 * width * count])
    if len(fields) < width * count or count > MAX_TABLE_BYTES:
        raise _broken()
    track.samples += count
    track.duration += sum(fields[::width]) if flags & _TRUN_DURATION else count * duration
    sizes_at = 1 if flags & _TRUN_DURATION else 0
    # A sample has at least one byte, whatever is not said.
    track.sample_bytes += sum(fields[sizes_at::width]) if flags & 0x200 else count


def _read_tags(file: BinaryIO, parent: _Box, movie: _Movie) -> None:
    """Read udta/meta/ilst, whose items each hold a box of data."""
    for box in _boxes(file, parent.at, parent.end, movie):
        if box.kind == b"meta":
            _read_tags(file, box._replace(at=box.at + 4), movie)
        elif box.kind == b"ilst":
            _read_tags(file, box, movie)
        elif box.kind in _TAGS and _TAGS[box.kind] not in movie.tags:
            # 8 bytes of the box's own header, then 4 of the type and 4 of the language.
            content = read_at(file, box.at, min(box.end - box.at, MAX_TEXT_BYTES))
            if content[4:8] == b"data":
                length = int.from_bytes(content[:4])
                movie.tags[_TAGS[box.kind]] = content[16:length].decode("utf-8", "replace").strip()


def _content(file: BinaryIO, box: _Box) -> bytes:
    if box.end - box.at > MAX_TABLE_BYTES:
        raise _broken()
    return read_at(file, box.at, box.end - box.at)


def _numbers(data: bytes) -> array[int]:
    """Read numbers of 32 bits."""
    numbers = array("I", data[: len(data) // 4 * 4])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _unsupported(what: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"This MP4 file holds {what}. Export it as MP3, WAV or M4A without protection and try"
        " again.",
        code="unsupported_codec",
    )


def _broken() -> UnreadableFileError:
    return UnreadableFileError(
        "This MP4 file is damaged or cut off. Export it again and try once more.",
        code="broken_audio",
    )
