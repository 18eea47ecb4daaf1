"""How long an Ogg file plays (Vorbis, Opus, FLAC or Speex in it), by walking its pages. Pure.

Each page's header says up to which sample it goes. Files joined end to end are one recording.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.recording import MAX_TAG_BYTES, Recording, Tags, read_at, size_of
from api._lib.files.readers.vorbis_comment import vorbis_tags

if TYPE_CHECKING:
    from typing import BinaryIO

MAGIC = b"OggS"
MAX_PAGES = 10_000_000
MAX_LINKS = 10_000
MAX_JUNK_BYTES = 256 * 1024

_HEADER = struct.Struct("<4sBBqLLLB")
_BLOCK_BYTES = 256 * 1024
_MAX_PAGE_BYTES = 65_307
_BEGINS_STREAM = 0x02
_NO_GRANULE = -1
_CONTINUES = 0xFF  # a lacing value: the packet goes on
# A page holds at most 255 packets, of at most this many samples each.
_MAX_PACKET_SAMPLES = 65_535
# A stream that was recorded from the middle begins at a later sample than its first page can hold:
# 255 packets of 120 ms at 48 kHz.
_MAX_PAGE_SAMPLES = 255 * 5760


@dataclass
class _Stream:
    """One of the streams in a file."""

    codec: str
    rate: int
    skipped: int = 0
    first: int | None = None
    last: int = 0
    segments: int = 0
    comment: bytearray = field(default_factory=bytearray)
    packets: int = 0

    @property
    def seconds(self) -> float:
        """How long it plays."""
        first = self.first or 0
        begin = first if first > _MAX_PAGE_SAMPLES else self.skipped
        return max(0, self.last - begin) / self.rate

    @property
    def is_plausible(self) -> bool:
        """Whether its packets can hold as many samples as its pages state."""
        return self.seconds * self.rate <= self.segments * _MAX_PACKET_SAMPLES


def read_ogg(file: BinaryIO) -> tuple[str, Recording]:
    """Read an Ogg file; return its format, `ogg` or `opus`, too.

    Raises:
        UnreadableFileError: It is damaged (`broken_audio`), or holds no sound that we can read
            (`unsupported_codec`).
    """
    streams = _streams(file)
    if not streams:
        raise UnreadableFileError(
            "This Ogg file holds no sound that we can read. Export it as Vorbis, Opus or MP3 and"
            " try again.",
            code="unsupported_codec",
        )
    if not all(stream.is_plausible for stream in streams):
        raise _broken()
    prefix = {"vorbis": 7, "opus": 8}.get(streams[0].codec)
    tags = vorbis_tags(bytes(streams[0].comment[prefix:])) if prefix else Tags()
    seconds = sum(stream.seconds for stream in streams)
    return "opus" if streams[0].codec == "opus" else "ogg", Recording(seconds, tags)


def _streams(file: BinaryIO) -> list[_Stream]:
    """Walk all pages and return the streams of sound in order."""
    size = size_of(file)
    found: list[_Stream] = []
    current: dict[int, _Stream] = {}
    at = base = pages = junk = 0
    block = b""
    while at + _HEADER.size <= size and pages < MAX_PAGES and junk <= MAX_JUNK_BYTES:
        offset = at - base
        if offset + _MAX_PAGE_BYTES > len(block) and base + len(block) < size:
            base, offset = at, 0
            block = read_at(file, at, _BLOCK_BYTES)
        if len(block) - offset < _HEADER.size:
            break
        magic, _, flags, granule, serial, _, _, count = _HEADER.unpack_from(block, offset)
        if magic != MAGIC:
            following = block.find(MAGIC, offset + 1)
            step = (following if following >= 0 else len(block)) - offset
            junk, at = junk + step, at + step
            continue
        pages += 1
        lacing = block[offset + _HEADER.size : offset + _HEADER.size + count]
        begin = offset + _HEADER.size + count
        end = begin + sum(lacing)
        if base + end > size:
            break  # the last page is cut off
        if flags & _BEGINS_STREAM:
            stream = _identified(block[begin:end])
            current.pop(serial, None)
            if stream and len(found) < MAX_LINKS:
                found.append(stream)
                current[serial] = stream
        elif serial in current:
            _note(current[serial], granule, lacing, block[begin:end])
        at = base + end
    if pages >= MAX_PAGES or junk > MAX_JUNK_BYTES:
        raise _broken()
    return found


def _note(stream: _Stream, granule: int, lacing: bytes, content: bytes) -> None:
    stream.segments += len(lacing)
    if stream.packets < 1:
        # The comment is the second packet, on pages of its own.
        stream.comment += content[: MAX_TAG_BYTES - len(stream.comment)]
        stream.packets += min(lacing, default=_CONTINUES) < _CONTINUES
    if granule != _NO_GRANULE and granule > 0:
        if stream.first is None:
            stream.first = granule
        stream.last = max(stream.last, granule)


def _identified(packet: bytes) -> _Stream | None:
    """Return what a stream's first packet says; None if it is no sound, such as a picture."""
    stream = None
    if packet.startswith(b"\x01vorbis") and len(packet) >= 16:  # noqa: PLR2004 - its header
        stream = _Stream("vorbis", int.from_bytes(packet[12:16], "little"))
    elif packet.startswith(b"OpusHead") and len(packet) >= 12:  # noqa: PLR2004 - its header
        # Opus counts at 48 kHz whatever went in; the first samples are not played.
        stream = _Stream("opus", 48_000, skipped=int.from_bytes(packet[10:12], "little"))
    elif packet.startswith(b"\x7fFLAC") and len(packet) >= 30:  # noqa: PLR2004 - its header
        stream = _Stream("flac", int.from_bytes(packet[27:30]) >> 4)
    elif packet.startswith(b"Speex   ") and len(packet) >= 40:  # noqa: PLR2004 - its header
        stream = _Stream("speex", int.from_bytes(packet[36:40], "little"))
    return stream if stream and stream.rate else None


def _broken() -> UnreadableFileError:
    return UnreadableFileError(
        "This Ogg file is damaged and cannot be read. Export it again and try once more.",
        code="broken_audio",
    )
