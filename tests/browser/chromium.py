"""Chromium: where it is, and how the tests and the screenshots start it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ON_A_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """Return the path of a Chromium that is installed, if there is one."""
    found = (shutil.which(name) for name in (*NAMES, ON_A_MAC))
    return next((path for path in found if path), None)


def launch(playwright: Playwright, path: str, *, keep_left_pages: bool = False) -> Browser:
    """Start Chromium.

    Args:
        playwright: Playwright, running.
        path: The executable.
        keep_left_pages: Keep the back/forward cache, which Playwright otherwise switches off.
    """
    as_root = os.geteuid() == 0
    return playwright.chromium.launch(
        executable_path=path,
        args=[*FLAGS, *(["--no-sandbox"] if as_root else [])],
        ignore_default_args=["--disable-back-forward-cache"] if keep_left_pages else None,
    )
