"""Takes the pictures in docs/images: `python -m tests.browser.screenshots`."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from local.stack import ROOT, running_stack
from tests.browser import chromium
from tests.browser.pages import PAID, Site
from tests.browser.sessions import signed_in
from tests.samples import docx_of
from tests.support import RunningStack

IMAGES = ROOT / "docs" / "images"
DESK = {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"}
YEAR = [
    *((1, "What the frost leaves"), (0, "Little stands in January. " * 310)),
    *((1, "Sowing"), (0, "Peas go first, under fleece. " * 240)),
    *((1, "The long evenings"), (0, "Water at dusk, and wait. " * 420)),
    *((1, "Bringing it in"), (0, "Apples last, before the wind. " * 280)),
]
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


def main() -> None:
    """Take all pictures, from a stack of their own.

    Raises:
        SystemExit: There is no Chromium.
    """
    path = chromium.find()
    if path is None:
        raise SystemExit("No Chromium here (Debian: apt install chromium).")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        Path(folder).chmod(0o711)  # Postgres' own account passes through
        state = Path(folder) / "stack"
        with running_stack(state, environ={}, report=print) as running:
            stack = RunningStack(**asdict(running))
            browser = chromium.launch(playwright, path)
            buy(browser, stack)
            for name, device in (("store", DESK), ("store-phone-dark", PHONE)):
                take_store(browser, stack, device, IMAGES / f"{name}.png")
            take_files(browser, stack, DESK, IMAGES / "files.png")
            browser.close()


def visit(browser: Browser, stack: RunningStack, device: dict[str, Any]) -> Site:
    """Open the site on a device, signed in with the demo account; nothing moves."""
    context = browser.new_context(
        locale="en-US",
        timezone_id="UTC",
        reduced_motion="reduce",
        is_mobile=True,  # scrollbars lie over the page
        storage_state=signed_in(stack, stack.demo_email, stack.demo_password),
        **device,
    )
    site = Site(context.new_page(), stack.site_url)
    site.open()
    return site


def buy(browser: Browser, stack: RunningStack) -> None:
    """Buy one pack, so that there is a balance to show."""
    site = visit(browser, stack, DESK)
    site.buy("Creator").pay()
    site.expect_title(PAID)
    site.page.context.close()


def take_store(browser: Browser, stack: RunningStack, device: dict[str, Any], path: Path) -> None:
    """Take a picture of the store over the start page."""
    site = visit(browser, stack, device)
    site.expect_balance(1500)
    expect(site.history).to_have_count(1)
    store = site.open_store()
    expect(store.packs).to_have_count(3)
    expect(store.prices).to_have_count(4)
    take(site, path)


def take_files(browser: Browser, stack: RunningStack, device: dict[str, Any], path: Path) -> None:
    """Take a picture of a document that has just become chapters."""
    site = visit(browser, stack, device)
    files = site.open_files()
    files.upload("A Year in the Garden.docx", docx_of(*YEAR, title="A Year in the Garden"))
    files.expect_done("A Year in the Garden.docx", "5 credits · balance 1,495")
    expect(files.list).to_have_count(1)
    take(site, path)


def take(site: Site, path: Path) -> None:
    """Take a picture of the page as it is."""
    site.page.screenshot(path=path, animations="disabled", caret="hide")
    site.page.context.close()
    print(f"wrote {path.relative_to(ROOT)}")  # noqa: T201 - a command speaks to a person


if __name__ == "__main__":
    main()
