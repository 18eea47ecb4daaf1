"""Measures the readers: `python -m tests.bench.readers [OTHER_TREE]`.

For each sample it prints the CPU time and the peak of memory above an idle process. Each reading
runs in a process of its own. With another tree of this project (`git worktree add`), the same
samples are read by its readers too, in turn, so that a busy moment of the machine falls on both.
The aims: 10 hours of MP3 in a third of the time before, document XML no slower, 150 MB at most.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.readers import documents, recordings, texts
from tests.readers.rows import MissingProgramError
from tests.samples import FRAME, paragraph, raw_docx

ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 600
LIMIT_MB = 150
MP3_HOURS = 10
XML_BYTES = 7_000_000

_READ = """
import sys, time
from pathlib import Path
from api._lib.files.readers.audio import read_audio
from api._lib.files.readers.docx import read_docx
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.plain_text import read_text
path = Path(sys.argv[1])
def kilobytes(name):
    # Not getrusage: its peak includes that of the process that started this one.
    status = Path("/proc/self/status").read_text().split(name + ":")[1]
    return int(status.split()[0])
idle = kilobytes("VmRSS")
started = time.process_time()
try:
    if path.suffix == ".docx":
        read_docx(path.read_bytes(), title="x")
    elif path.suffix in {".txt", ".md"}:
        read_text(path.read_bytes(), title="x")
    else:
        with path.open("rb") as file:
            read_audio(file)
    found = "read"
except UnreadableFileError as error:
    found = error.code
peak = kilobytes("VmHWM") - idle
print(f"{time.process_time() - started:.2f} {peak / 1024:.0f} {found}")
"""


def main() -> None:
    """Write the samples, read them, print the table."""
    trees = [ROOT, *(Path(argument).resolve() for argument in sys.argv[1:])]
    highest = 0.0
    with tempfile.TemporaryDirectory(prefix="purse-readers-") as folder:
        for path in _samples(Path(folder)):
            columns = []
            for tree in trees:
                seconds, megabytes, found = _measured(path, tree)
                columns.append(f"{seconds:>7} s {megabytes:>5} MB  {found:<20}")
                highest = max(highest, float(megabytes)) if tree == ROOT else highest
            print(f"{path.name:<55} {'  '.join(columns)}", flush=True)
            path.unlink()
    print(f"highest peak over idle: {highest:.0f} MB (aim: {LIMIT_MB} MB)")


def _samples(folder: Path):  # noqa: ANN202
    yield _long_mp3(folder / f"{MP3_HOURS} hours.mp3")
    yield _written(folder / "7 MB of document XML.docx", _long_docx())
    yield _written(folder / "5 MB of text.txt", _long_text())
    yield _written(
        folder / "5 MB in Windows-1251.txt", (texts.RUSSIAN * 30_000).encode("cp1251")[:5_000_000]
    )
    for row in (*recordings.ROWS, *texts.ROWS, *documents.ROWS):
        # Other readers can take minutes over a header that misstates 4 GiB.
        if row.is_large and len(sys.argv) > 1:
            continue
        try:
            yield row.write(folder)
        except MissingProgramError as error:
            print(f"{row.name:<55} {error}")


def _written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _long_mp3(path: Path) -> Path:
    frames = MP3_HOURS * 3600 * 44100 // 1152
    with path.open("wb") as file:
        for _ in range(frames // 1000):
            file.write(FRAME * 1000)
    return path


def _long_text() -> str:
    chapter = "Chapter 1\n\n" + "It was dark, and nobody came to the harbour.\n\n" * 100
    return (chapter * 2_000)[:5_000_000]


def _long_docx() -> bytes:
    run = (
        '<w:r w:rsidRPr="00F12345"><w:rPr><w:rFonts w:ascii="Georgia" w:hAnsi="Georgia"/><w:sz'
        ' w:val="24"/><w:lang w:val="en-GB"/></w:rPr><w:t xml:space="preserve">The sea was dark and'
        " nobody came to the harbour before {n} o'clock. </w:t></w:r>"
    )
    body, size, number = [], 0, 0
    while size < XML_BYTES:
        number += 1
        text = (
            paragraph(f"Chapter {number}", style="Heading1")
            if number % 60 == 1
            else '<w:p w:rsidR="00AB12CD" w:rsidRDefault="00AB12CD"><w:pPr><w:spacing w:after="120"'
            ' w:line="276" w:lineRule="auto"/><w:ind w:firstLine="360"/><w:jc w:val="both"/>'
            "</w:pPr>"
            f"{''.join(run.format(n=number * 4 + at) for at in range(4))}</w:p>"
        )
        body.append(text)
        size += len(text)
    return raw_docx("".join(body))


def _measured(path: Path, tree: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    return done.stdout.split()


if __name__ == "__main__":
    main()
