"""How much memory it takes to process a file: measured in a process of its own."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import TYPE_CHECKING

from api._lib.files.readers.document import Document, as_html, as_json, summary_of
from api._lib.files.readers.errors import UnreadableFileError
from tests.readers.rows import read

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

TIMEOUT_SECONDS = 300

# Its children begin with the readers imported and nothing read.
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])


def peak_mb(path: Path) -> float | None:
    """Return the peak above an idle process, in megabytes; None if the file is refused.

    Does what processing does: reads the file, and renders a document, one rendering at a time.
    """
    ours, theirs = _forks.Pipe(duplex=False)
    fork = _forks.Process(target=_process, args=(path, theirs))
    fork.start()
    theirs.close()
    assert ours.poll(TIMEOUT_SECONDS), f"{path.name}: not within {TIMEOUT_SECONDS} s"
    peak: float | None = ours.recv()
    fork.join(TIMEOUT_SECONDS)
    return peak


def _process(path: Path, answer: Connection) -> None:
    idle = _kilobytes("VmRSS")
    try:
        found = read(path)
    except UnreadableFileError:
        answer.send(None)
        return
    if isinstance(found, Document):
        summary_of(found)
        as_json(found)
        as_html(found)
    answer.send((_kilobytes("VmHWM") - idle) / 1024)


def _kilobytes(name: str) -> int:
    # Not getrusage: its peak includes that of the process that started this one.
    status = Path("/proc/self/status").read_text("utf-8").split(f"{name}:")[1]
    return int(status.split()[0])
