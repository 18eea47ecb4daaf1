"""What installs the tests' programs sees which are missing."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from local.stack import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def browsers(folder: Path, *programs: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    """Look for browsers on a machine that has these programs, as somebody who may not install."""
    for name, text in {"id": "echo 1000", **dict.fromkeys(programs, "exit 0")}.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(ROOT / "tests/tools/browser.sh")],
        env={"PATH": str(folder), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_a_missing_browser_is_said_and_fails_in_ci(tmp_path: Path, ci: str, status: int) -> None:
    done = browsers(tmp_path, "chromium-headless-shell", ci=ci)
    assert "no Chromium here" in done.stdout
    assert "no Firefox here" in done.stdout
    assert done.returncode == status


def test_with_all_browsers_there_is_nothing_to_say(tmp_path: Path) -> None:
    done = browsers(tmp_path, "chromium", "chromium-headless-shell", "firefox-esr", ci="true")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
