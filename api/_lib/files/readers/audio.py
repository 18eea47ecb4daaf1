"""Reads recordings: the kind by the content, the length and the tags. Nothing is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib.files.readers import flac, ogg
from api._lib.files.readers.document import one_line
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.id3 import HEADER_BYTES, id3_length
from api._lib.files.readers.mp3 import read_mp3
from api._lib.files.readers.mp4 import is_mp4, read_mp4
from api._lib.files.readers.recording import read_at
from api._lib.files.readers.wav import read_wav

if TYPE_CHECKING:
    from typing import BinaryIO

    from api._lib.files.readers.recording import Recording

MP3, WAV, FLAC, M4A = "mp3", "wav", "flac", "m4a"
MIN_SECONDS = 0.01


@dataclass(frozen=True)
class Audio:
    """What we know about a recording; a text is "" if the tag is missing."""

    format: str
    seconds: float
    title: str
    artist: str
    album: str

    def summary(self) -> dict[str, Any]:
        """Return the summary that the file's owner is shown."""
        return {
            "format": self.format,
            "duration_seconds": self.seconds,
            "title": self.title,
            "artist": self.artist,
            "album": self.album,
        }


def read_audio(file: BinaryIO) -> Audio:
    """Read a recording from a seekable file, without loading all of it into memory.

    Raises:
        UnreadableFileError: It is no recording of a kind we know (`not_audio`), it is damaged
            (`broken_audio`), holds no sound (`empty_audio`), or holds a codec that we cannot read
            (`unsupported_codec`).
    """
    kind, recording = _read(file)
    if recording.seconds < MIN_SECONDS:
        raise UnreadableFileError("There is no sound in this file.", code="empty_audio")
    tags = recording.tags
    texts = (one_line(text) for text in (tags.title, tags.artist, tags.album))
    return Audio(kind, round(recording.seconds, 3), *texts)


def _read(file: BinaryIO) -> tuple[str, Recording]:
    head = read_at(file, 0, 12)
    if head.startswith((b"RIFF", b"RF64", b"BW64")) and head.endswith(b"WAVE"):
        return WAV, read_wav(file)
    if head.startswith(ogg.MAGIC):
        return ogg.read_ogg(file)
    if is_mp4(head):
        return M4A, read_mp4(file)
    # Some programs write an MP3's tag before a FLAC.
    start = id3_length(head[:HEADER_BYTES])
    if read_at(file, start, len(flac.MAGIC)) == flac.MAGIC:
        return FLAC, flac.read_flac(file, start)
    # Also where it begins with neither tag nor frame: the frames themselves decide.
    return MP3, read_mp3(file)
