"""What a reader reports about a recording, and the limits all audio readers share. Pure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

# A tag's text is read into memory; pictures are stepped over.
MAX_TAG_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Tags:
    """What a recording says about itself; a text is "" if it says nothing."""

    title: str = ""
    artist: str = ""
    album: str = ""

    def or_else(self, other: Tags) -> Tags:
        """Fill the gaps of these tags from others."""
        return Tags(
            self.title or other.title, self.artist or other.artist, self.album or other.album
        )


@dataclass(frozen=True)
class Recording:
    """How long a recording plays, in seconds, and its tags."""

    seconds: float
    tags: Tags


def size_of(file: BinaryIO) -> int:
    """Return the number of bytes in a seekable file."""
    return file.seek(0, os.SEEK_END)


def read_at(file: BinaryIO, at: int, count: int) -> bytes:
    """Read up to `count` bytes at an offset."""
    file.seek(at)
    return file.read(count)
