"""`make screenshots`: a picture of every page in every state, and a page to look through them."""

from __future__ import annotations

import html
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from playwright.sync_api import expect, sync_playwright

from local.stack import ROOT, running_services
from tests.browser import chromium
from tests.browser.states import WALKS
from tests.browser.states.stage import PHONE, WIDE, Stage
from tests.support import Accounts, RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, ViewportSize

SIZES: tuple[tuple[str, ViewportSize], ...] = (("phone", PHONE), ("wide", WIDE))
WAIT_MS = 60_000
SCHEMES: tuple[Literal["dark"], Literal["light"]] = ("dark", "light")
STYLE = """
body { margin: 2rem; background: #888; font-family: sans-serif; }
figure { margin: 0 0 3rem; }
figcaption { font-weight: bold; }
img { inline-size: 23%; vertical-align: top; border: 1px solid #444; }
"""


def main(out: Path, only: str) -> None:
    """Take all pictures, or those of the walks whose file or function has a name like this.

    Raises:
        SystemExit: There is no Chromium, or no walk has such a name.
    """
    walks = [walk for walk in WALKS if only in f"{walk.__module__}.{walk.__name__}"]
    if not walks:
        raise SystemExit(f"No walk of tests/browser/states has a name with {only!r} in it.")
    out.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    with running_stage() as stage:
        for walk in walks:
            for state in walk(stage):
                take(state.page, out, state.name)
                names.append(state.name)
                print(f"{len(names):3} {state.name}", flush=True)
    (out / "index.html").write_text(index(names), "utf-8")
    print(f"wrote {out / 'index.html'}")


@contextmanager
def running_stage() -> Iterator[Stage]:
    """Start a stack and a browser for the pictures alone.

    Raises:
        SystemExit: There is no Chromium.
    """
    path = chromium.find()
    if path is None:
        raise SystemExit("No Chromium here (Debian: apt install chromium).")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        Path(folder).chmod(0o711)  # Postgres' own account passes through
        state = Path(folder) / "stack"
        with running_services(state, environ={}, report=print) as running:
            stack = RunningStack.of(running.stack)
            browser = chromium.launch(playwright, path)
            expect.set_options(timeout=WAIT_MS)
            stage = Stage(stack, Accounts(running), browser, Path(folder), ROOT / "public")
            try:
                yield stage
            finally:
                stage.close()
                browser.close()


def take(page: Page, out: Path, name: str) -> None:
    """Take a page's pictures: phone and wide, dark and light; it is left wide and light.

    A dialog is seen in the window. Without one the picture is of the whole page.
    """
    is_whole = page.locator("dialog[open]").count() == 0
    for size, viewport in SIZES:
        page.set_viewport_size(viewport)
        if is_whole:
            page.evaluate("scrollTo(0, 0)")
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            path = out / f"{name}-{size}-{scheme}.png"
            page.screenshot(path=path, full_page=is_whole, animations="disabled", caret="hide")


def index(names: list[str]) -> str:
    """Return the page to look through: a row a state."""
    rows = []
    for name in names:
        files = [f"{name}-{size}-{scheme}.png" for size, _ in SIZES for scheme in SCHEMES]
        pictures = "".join(f'<a href="{file}"><img src="{file}" alt=""></a>\n' for file in files)
        rows.append(f"<figure><figcaption>{html.escape(name)}</figcaption>\n{pictures}</figure>")
    return f"<!doctype html>\n<title>Purse</title>\n<style>{STYLE}</style>\n" + "\n".join(rows)


if __name__ == "__main__":
    main(Path(os.environ.get("OUT") or ROOT / ".local" / "screenshots"), os.environ.get("ONLY", ""))
