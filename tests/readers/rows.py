"""A row: a file as people's programs write it, and what Purse has to find in it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api._lib.files.readers.audio import read_audio
from api._lib.files.readers.docx import read_docx
from api._lib.files.readers.plain_text import read_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from api._lib.files.readers.audio import Audio
    from api._lib.files.readers.document import Document

TOOL_TIMEOUT_SECONDS = 300


class MissingProgramError(Exception):
    """A program that writes a sample is not on this machine."""


@dataclass(frozen=True)
class Sound:
    """A recording of this length, in seconds, with a decoder's rounding allowed."""

    seconds: float
    format: str
    title: str = ""
    tolerance: float = 0.15

    def check(self, audio: Audio) -> None:
        """Compare."""
        assert abs(audio.seconds - self.seconds) <= self.tolerance, audio
        assert (audio.format, audio.title) == (self.format, self.title)


@dataclass(frozen=True)
class Text:
    """A document with these chapters."""

    chapters: tuple[str, ...]
    words: int | None = None
    title: str | None = None
    holds: str = ""
    lacks: str = ""

    def check(self, document: Document) -> None:
        """Compare."""
        assert tuple(chapter.title for chapter in document.chapters) == self.chapters
        assert self.words is None or document.words == self.words
        assert self.title is None or document.title == self.title
        whole = "\n".join(chapter.text for chapter in document.chapters)
        assert self.holds in whole
        assert not self.lacks or self.lacks not in whole


@dataclass(frozen=True)
class Refused:
    """A file that is refused, free of charge, with a sentence that names the reason."""

    code: str
    says: str = ""


@dataclass(frozen=True)
class Row:
    """A file's name, how it is made in a scratch folder, and what it holds.

    Attributes:
        make: Gets a folder of its own and the path that the file must have.
        is_large: Larger than the local storage takes.
    """

    name: str
    make: Callable[[Path], None]
    expected: Sound | Text | Refused
    is_large: bool = False

    def write(self, folder: Path) -> Path:
        """Make the file.

        Raises:
            MissingProgramError: The program that writes it is not here.
        """
        path = folder / self.name
        self.make(path)
        return path


def read(path: Path) -> Audio | Document:
    """Read a file as its ending says."""
    if path.suffix == ".docx":
        return read_docx(path.read_bytes(), title=path.stem)
    if path.suffix in {".txt", ".md"}:
        return read_text(path.read_bytes(), title=path.stem)
    with path.open("rb") as file:
        return read_audio(file)


def content(data: bytes | Callable[[], bytes]) -> Callable[[Path], None]:
    """Return what writes these bytes."""

    def make(path: Path) -> None:
        path.write_bytes(data if isinstance(data, bytes) else data())

    return make


def shell(command: str) -> Callable[[Path], None]:
    """Return what runs a command line in the file's folder; `$OUT` is the file's name there.

    The command's first lines may make what it needs; names in the folder are its own.
    """

    def make(path: Path) -> None:
        scratch = path.parent / f"{path.name}.parts"
        scratch.mkdir()
        run(command.replace("$OUT", '"$OUT"'), scratch, OUT=str(path))
        shutil.rmtree(scratch)

    return make


def run(command: str, folder: Path, **environment: str) -> None:
    """Run a command line.

    Raises:
        MissingProgramError: One of its programs is not here.
    """
    for program in _programs(command):
        if not shutil.which(program):
            raise MissingProgramError(f"{program} is not installed: run `make tools`")
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)}
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env={**path, **environment},
        check=True,
        capture_output=True,
        timeout=TOOL_TIMEOUT_SECONDS,
    )


def _programs(command: str) -> set[str]:
    known = {
        *("ffmpeg", "sox", "lame", "mpg123", "opusenc", "opusdec", "flac", "oggenc", "pandoc"),
        "gst-launch-1.0",
    }
    return known & set(command.split())
