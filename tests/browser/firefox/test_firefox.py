"""The main flow in Firefox, which Playwright cannot drive as Debian builds it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import cannot_run
from tests.tools.npm import FOLDER, MissingToolError, package

if TYPE_CHECKING:
    from tests.support import RunningStack, User

SCRIPT = Path(__file__).with_name("main_flow.mjs")
NAMES = ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox")
TIMEOUT_SECONDS = 300


@pytest.fixture
def firefox() -> str:
    """Where Firefox is."""
    path = next((path for name in NAMES if (path := shutil.which(name))), None)
    if path is None:
        cannot_run("no Firefox here: the main flow was not tried in it (Debian: firefox-esr)")
    return path


@pytest.mark.npm
def test_a_person_buys_spends_and_signs_out(
    firefox: str, stack: RunningStack, user: User, tmp_path: Path
) -> None:
    try:
        package("puppeteer-core")
    except MissingToolError as error:
        cannot_run(f"the main flow was not tried in Firefox: {error}")
    # Node looks for packages beside the script.
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    script = tmp_path / SCRIPT.name
    script.write_bytes(SCRIPT.read_bytes())
    about = {
        "executablePath": firefox,
        "siteUrl": stack.site_url,
        "email": user.email,
        "password": user.password,
    }
    done = subprocess.run(
        ["node", script, json.dumps(about)],
        # Firefox keeps caches in a home folder, and refuses one that belongs to somebody else.
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    assert stack.balance_of(user) == 497
