"""A deployment without a storage: everything works but files, and the page says so."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from local.environment import functions_settings
from local.services import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.pages import Site
    from tests.support import RunningStack

LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="module")
def stack(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The same stack behind another site, whose functions know of no storage."""
    with socket.socket() as reserved:
        reserved.bind((LOOPBACK, 0))
        port = reserved.getsockname()[1]
    without = replace(stack, site_url=f"http://{LOOPBACK}:{port}")
    settings = functions_settings(without).items()
    env = {
        "PATH": os.environ["PATH"],
        "NO_PROXY": LOOPBACK,
        **{name: value for name, value in settings if not name.startswith("STORAGE_")},
    }
    site = Service("site", port, env, tmp_path_factory.mktemp("no-storage") / "site.log")
    site.start()
    try:
        site.wait_until_ready()
        yield without
    finally:
        site.stop()


def test_the_page_says_that_files_are_switched_off(buyer: Site) -> None:
    files = buyer.open_files()
    said = "Files are switched off at the moment. Your credits are not affected."
    expect(files.page.get_by_role("status").filter(has_text=said)).to_be_visible()
    expect(files.choose_button).to_have_count(0)
    expect(files.page.get_by_role("heading", name="Your files")).to_have_count(0)
    buyer.expect_balance(0)
