"""Runs pytest many times, each time in a fork of a process that has done the slow imports.

A line of JSON on standard input names the folder and the arguments; the answer is a line with the
exit code. A fork forgets the modules under api/ that this process has imported, because otherwise
every mutant would be tested with the unchanged code.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import hypothesis.stateful  # noqa: F401 - for the forks
import pytest

import tests.support  # noqa: F401 - likewise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OPTIONS = ("-x", "-q", "--no-header", "--noconftest", "--assert=plain", "-p", "no:cacheprovider")
# A mutant that makes the tests wait for ever is ended, and counts as noticed.
TIMEOUT_SECONDS = 120


class Worker:
    """One such process. It takes one job at a time."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.worker"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def passes(self, folder: Path, arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
        """Run pytest in a folder; return whether all its tests passed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job = {"folder": str(folder), "arguments": arguments, "environ": environ}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a worker ended by itself: {self._process.wait()}")
        return int(answer) == 0

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()


def _serve() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(job["folder"], job["arguments"], job["environ"])
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


def _run(folder: str, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    signal.alarm(TIMEOUT_SECONDS)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.environ.update(environ, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    os.chdir(folder)
    sys.path.insert(0, folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "api"]:
        del sys.modules[name]
    sys.dont_write_bytecode = True  # two mutants may be of one size and one second
    os._exit(pytest.main([*OPTIONS, *arguments]))


if __name__ == "__main__":
    _serve()
