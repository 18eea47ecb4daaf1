"""The operators' commands, each in a fork of a process that has imported them all.

A fork starts as clean as `python -m ops.MODULE`: it has no settings and no clients yet. It only
saves the imports, which take longer than most commands do.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT_SECONDS = 120
MODULES = (
    "ops.command",
    "ops.doctor",
    "ops.export_user",
    "ops.forget",
    "ops.rebuild",
    "ops.reconcile",
)

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([*MODULES, __name__])


@dataclass(frozen=True)
class Outcome:
    """A command's exit status and its output."""

    status: int
    text: str


def run(module: str, arguments: Sequence[str], environ: Mapping[str, str]) -> Outcome:
    """Run `python -m ops.MODULE ARGUMENTS` with exactly these environment variables."""
    with tempfile.TemporaryDirectory(prefix="purse-ops-") as folder:
        printed = [Path(folder) / "stdout", Path(folder) / "stderr"]
        fork = _forks.Process(target=_command, args=(module, arguments, environ, printed))
        fork.start()
        fork.join(TIMEOUT_SECONDS)
        assert fork.exitcode is not None, f"ops.{module} did not end"
        text = "".join(path.read_text("utf-8") for path in printed)
        status = fork.exitcode
        fork.close()
    assert "Traceback" not in text, text
    return Outcome(status, text)


def _command(
    module: str, arguments: Sequence[str], environ: Mapping[str, str], printed: Sequence[Path]
) -> None:
    for descriptor, path in enumerate(printed, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = [f"ops/{module}.py", *arguments]
    command = importlib.import_module("ops.command").command
    command(importlib.import_module(f"ops.{module}").main)
