"""Chromium: where it is, and how the tests and the screenshots start it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

WITH_WINDOWS = (
    *("chromium", "chromium-browser", "google-chrome"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# Debian's package of the same Chromium without its windows, which are themselves web pages: the
# browser tests take about two thirds of the time. It keeps no page that was left.
WITHOUT_WINDOWS = "chromium-headless-shell"
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find(*names: str) -> str | None:
    """Return the path of a Chromium that is installed: the fastest, or the first of these names."""
    found = (shutil.which(name) for name in names or (WITHOUT_WINDOWS, *WITH_WINDOWS))
    return next((path for path in found if path), None)


def launch(playwright: Playwright, path: str, *, keep_left_pages: bool = False) -> Browser:
    """Start Chromium.

    Args:
        playwright: Playwright, running.
        path: The executable.
        keep_left_pages: Keep the back/forward cache, which Playwright otherwise switches off. Only
            a Chromium WITH_WINDOWS has one.
    """
    as_root = os.geteuid() == 0
    return playwright.chromium.launch(
        executable_path=path,
        args=[*FLAGS, *(["--no-sandbox"] if as_root else [])],
        ignore_default_args=["--disable-back-forward-cache"] if keep_left_pages else None,
    )
