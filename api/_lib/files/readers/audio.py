"""Reads MP3 and WAV: the format by the content, the duration and the tags. Decodes no sound."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinytag import TinyTag, TinyTagException

from api._lib.files.readers.document import one_line
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.mp3 import mp3_seconds
from api._lib.files.readers.wav import wav_seconds

if TYPE_CHECKING:
    from typing import BinaryIO

MP3, WAV = "mp3", "wav"
MIN_SECONDS = 0.01

# What TinyTag raises for broken tags. The sound may still be fine, so the tags are left out.
_UNREADABLE_TAGS = (TinyTagException, ValueError, LookupError, TypeError, OSError, struct.error)


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
        UnreadableFileError: It is neither MP3 nor WAV, or it is damaged.
    """
    file.seek(0)
    head = file.read(12)
    if head.startswith((b"RIFF", b"RF64")) and head.endswith(b"WAVE"):
        kind, seconds = WAV, wav_seconds(file)
    else:
        # Whatever the file begins with: mp3_seconds decides by the frames that it finds.
        kind, seconds = MP3, mp3_seconds(file)
    if seconds < MIN_SECONDS:
        raise UnreadableFileError("There is no sound in this file.", code="empty_audio")
    return Audio(kind, round(seconds, 3), **_tags(file))


def _tags(file: BinaryIO) -> dict[str, str]:
    try:
        file.seek(0)
        tag = TinyTag.get(file_obj=file, duration=False)
        found = {"title": tag.title, "artist": tag.artist, "album": tag.album}
    except _UNREADABLE_TAGS:
        found = {"title": None, "artist": None, "album": None}
    return {name: one_line(value or "") for name, value in found.items()}
