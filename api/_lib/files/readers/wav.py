"""How long a WAV plays, by its chunks. Pure.

Programs that write to a pipe cannot come back to fill in a length, and 32 bits wrap above 4 GiB.
So the length in the header is believed only where the bytes of the file agree with it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.id3 import id3_tags_in
from api._lib.files.readers.recording import MAX_TAG_BYTES, Recording, Tags, read_at, size_of

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_CHUNKS = 1000

_CHUNK = struct.Struct("<4sL")
_FORMAT = struct.Struct("<HHLLHH")
_FORMAT_BYTES = 40  # with all of its extension
_LENGTHS_64 = struct.Struct("<QQ")
_RIFF_HEADER_BYTES = 12
_WRAP = 1 << 32
_PCM, _MS_ADPCM, _FLOAT, _A_LAW, _MU_LAW, _IMA_ADPCM, _GSM = (
    0x01,
    0x02,
    0x03,
    0x06,
    0x07,
    0x11,
    0x31,
)
_EXTENSIBLE = 0xFFFE
_UNCOMPRESSED = frozenset({_PCM, _FLOAT, _A_LAW, _MU_LAW})
# The last 14 bytes of a subformat whose first two bytes are one of the numbers above.
_SUBFORMAT = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
_GSM_BLOCK_BYTES, _GSM_BLOCK_SAMPLES = 65, 320
_OTHER_CODECS = {
    0x20: "Yamaha ADPCM",
    0x40: "G.721",
    0x45: "G.726",
    0x64: "G.726",
    0x14: "G.723",
    0x65: "G.722",
    0x28F: "G.722",
    0x50: "MP2",
    0x55: "MP3",
    0x92: "AC3",
    0x2000: "AC3",
    0x2001: "DTS",
    0xFF: "AAC",
    0x1600: "AAC",
    0x1610: "AAC",
    0x706D: "AAC",
    0xA106: "AAC",
    0x160: "WMA",
    0x161: "WMA",
    0x162: "WMA",
    0x163: "WMA",
    0xF1AC: "FLAC",
    0x5346: "ADPCM",
    0x674F: "Vorbis",
    0x6750: "Vorbis",
    0x704F: "Opus",
    0x70: "ATRAC",
    0x42: "G.723.1",
}
# What programs write for a length that they do not know: 0, or about 2 or 4 GiB.
_UNKNOWN_LENGTHS = (range(1), range(0x7FFF0000, 0x80000100), range(0xFFFF0000, _WRAP))
_INFO_FIELDS = {b"INAM": "title", b"IART": "artist", b"IPRD": "album"}


def read_wav(file: BinaryIO) -> Recording:
    """Read a RIFF, RF64 or BW64 file that holds WAVE.

    Raises:
        UnreadableFileError: It ends before it should, does not say what it holds
            (`broken_audio`), or holds a codec we cannot read (`unsupported_codec`).
    """
    size = size_of(file)
    at, long_length = _RIFF_HEADER_BYTES, 0
    sound: _Format | None = None
    seconds: float | None = None
    tags = Tags()
    for _ in range(MAX_CHUNKS):
        header = read_at(file, at, _CHUNK.size)
        if len(header) < _CHUNK.size:
            break
        name, length = _CHUNK.unpack(header)
        at += _CHUNK.size
        if name == b"fmt " and sound is None:
            sound = _format(file.read(min(length, _FORMAT_BYTES)))
        elif name == b"ds64":
            long_length = _long_length(file.read(_LENGTHS_64.size))
        elif name == b"data" and seconds is None:
            if sound is None:
                raise _broken()
            length = _length_of_sound(file, at, length, long_length, size)
            seconds = sound.seconds_in(length)
        elif name in {b"LIST", b"id3 ", b"ID3 "}:
            chunk = file.read(min(length, MAX_TAG_BYTES))
            tags = tags.or_else(_info(chunk) if name == b"LIST" else id3_tags_in(chunk))
        at += length + length % 2
    if seconds is None:
        raise _broken()
    return Recording(seconds, tags)


@dataclass(frozen=True)
class _Format:
    codec: int
    channels: int
    rate: int
    block_bytes: int

    def seconds_in(self, length: int) -> float:
        """Return how long this many bytes play; the byte rate is no help where a codec packs."""
        blocks, rest = divmod(length, self.block_bytes)
        return float(
            (blocks * self._samples_in(self.block_bytes) + self._samples_in(rest)) / self.rate
        )

    def _samples_in(self, block_bytes: int) -> int:
        """Return the samples, a channel, in a block of so many bytes."""
        if self.codec == _GSM:
            return _GSM_BLOCK_SAMPLES if block_bytes == _GSM_BLOCK_BYTES else 0
        # A block begins with its first samples: one of IMA, two of Microsoft; 4 bits each follow.
        if self.codec == _IMA_ADPCM:
            header_bytes, first_samples = 4 * self.channels, 1
        elif self.codec == _MS_ADPCM:
            header_bytes, first_samples = 7 * self.channels, 2
        else:
            return int(block_bytes == self.block_bytes)
        if block_bytes < header_bytes:
            return 0
        return first_samples + 2 * (block_bytes - header_bytes) // self.channels


def _format(chunk: bytes) -> _Format:
    if len(chunk) < _FORMAT.size:
        raise _broken()
    codec, channels, rate, bytes_per_second, block_bytes, _ = _FORMAT.unpack_from(chunk)
    if codec == _EXTENSIBLE:
        codec = int.from_bytes(chunk[24:26], "little") if chunk[26:40] == _SUBFORMAT else codec
    if codec in _OTHER_CODECS or codec == _EXTENSIBLE:
        raise _unsupported(_OTHER_CODECS.get(codec, "an unusual codec"))
    is_known = codec in _UNCOMPRESSED or codec in {_MS_ADPCM, _IMA_ADPCM, _GSM}
    if not is_known or not (channels and rate and block_bytes and bytes_per_second):
        raise _broken()
    if codec == _GSM and block_bytes != _GSM_BLOCK_BYTES:
        raise _broken()
    return _Format(codec, channels, rate, block_bytes)


def _length_of_sound(file: BinaryIO, at: int, declared: int, long_length: int, size: int) -> int:
    """Return how many bytes of sound the file holds, whatever its header declares."""
    left = size - at
    if long_length:
        if long_length > left:
            raise _cut_off()
        return long_length
    for length in (declared, declared + _WRAP):
        if length <= left and _are_chunks(file, at + length + length % 2, size):
            return length
    if any(declared in lengths for lengths in _UNKNOWN_LENGTHS):
        return left
    if declared > left:
        raise _cut_off()
    # Something that is no chunk follows, such as a tag of another format.
    return declared + _WRAP if declared + _WRAP <= left else declared


def _are_chunks(file: BinaryIO, at: int, size: int) -> bool:
    """Whether chunks, or nothing, fill the file from here to its end."""
    for _ in range(MAX_CHUNKS):
        header = read_at(file, at, _CHUNK.size)
        if len(header) < _CHUNK.size:
            return not header.strip(b"\0")
        name, length = _CHUNK.unpack(header)
        if not name.isascii() or not name.decode("ascii").isprintable():
            return False
        at += _CHUNK.size + length + length % 2
        if at > size + 1:
            return False
    return False


def _long_length(chunk: bytes) -> int:
    return int(_LENGTHS_64.unpack(chunk)[1]) if len(chunk) == _LENGTHS_64.size else 0


def _info(chunk: bytes) -> Tags:
    """Read a LIST chunk of the kind INFO."""
    found: dict[str, str] = {}
    at = 4 if chunk.startswith(b"INFO") else len(chunk)
    while at + _CHUNK.size <= len(chunk):
        name, length = _CHUNK.unpack_from(chunk, at)
        at += _CHUNK.size
        field = _INFO_FIELDS.get(name)
        if field and field not in found:
            text = chunk[at : at + length].split(b"\0")[0]
            try:
                found[field] = text.decode().strip()
            except UnicodeDecodeError:
                found[field] = text.decode("latin-1").strip()
        at += length + length % 2
    return Tags(**found)


def _unsupported(codec: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"This WAV file holds {codec}, which we cannot read. Export it as uncompressed WAV (PCM),"
        " MP3 or FLAC and try again.",
        code="unsupported_codec",
    )


def _cut_off() -> UnreadableFileError:
    return UnreadableFileError(
        "This recording is cut off: the file is shorter than it says. Upload it again.",
        code="broken_audio",
    )


def _broken() -> UnreadableFileError:
    return UnreadableFileError(
        "This WAV file is damaged and cannot be read. Export it again and try once more.",
        code="broken_audio",
    )
