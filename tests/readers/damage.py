"""Small files of every container, to be damaged: made once by public programs, or by hand."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.readers.rows import shell

_TONE = "ffmpeg -loglevel error -f lavfi -i sine=duration=1:sample_rate=8000 {options} $OUT"
OPTIONS = {
    "m4a": "-c:a aac -metadata title=Harbour",
    "fragments.m4a": "-c:a aac -movflags frag_keyframe+empty_moov+default_base_moof -f mp4",
    "flac": "-c:a flac -metadata title=Harbour",
    "ogg": "-c:a libvorbis -ar 44100",
    "opus": "-c:a libopus -ar 48000 -metadata title=Harbour",
}


@cache
def small(kind: str) -> bytes:
    """Return a second of sound in a container.

    Raises:
        MissingProgramError: ffmpeg is not here.
    """
    with TemporaryDirectory(prefix="purse-small-") as folder:
        path = Path(folder) / f"x.{kind}"
        shell(_TONE.format(options=OPTIONS[kind]))(path)
        return path.read_bytes()


def box(kind: bytes, content: bytes = b"", *, length: int | None = None) -> bytes:
    """Return a box of an MP4 file."""
    return struct.pack(">L", 8 + len(content) if length is None else length) + kind + content


def page(content: bytes, *, granule: int = 0, flags: int = 0, serial: int = 1) -> bytes:
    """Return a page of an Ogg file with one packet of less than 255 bytes."""
    header = struct.pack("<4sBBqLLLB", b"OggS", 0, flags, granule, serial, 0, 0, 1)
    return header + bytes([len(content)]) + content
