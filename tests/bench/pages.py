"""Measure how soon the pages can be used, beside an older build: `make bench-pages`.

Both builds stand behind nginx and share one stack, whose functions answer /api. A browser on slow
4G with a slow processor opens each page in turn from both builds: cold with an empty cache, warm a
second time at once, and later when what is only fresh for a while is not any more. A page is usable
when what people come for is there and can be pressed.

BASE=<commit> names the older build; it is served as its own server and settings serve it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import httpx
from playwright.sync_api import sync_playwright

from local.environment import functions_settings
from local.stack import ROOT, running_stack
from tests.bench.front import front, make_certificate
from tests.browser import chromium
from tests.browser.sessions import signed_in
from tests.built import LOOPBACK, build_site, free_port, served
from tests.files.uploader import Uploader
from tests.support import RunningStack, until
from tests.vercel.build import git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, StorageState

    from tests.support import User

# The last build in which the browser loaded each module by itself.
BASE = os.environ.get("BASE") or "565fcd5"
ROUNDS = int(os.environ.get("ROUNDS") or 5)
# Slow 4G: milliseconds and bytes a second.
NETWORK = {
    "offline": False,
    "latency": 562,
    "downloadThroughput": 1_440_000 / 8,
    "uploadThroughput": 675_000 / 8,
}
SLOWER_PROCESSOR = 4
AIMS = {"cold": 0.6, "warm": 0.4}
VISITS = ("cold", "warm", "later")
# Longer than any answer without a hash in its name stays fresh.
STALE_AFTER_SECONDS = 95

# Each waits until everything that is asked for is there. The names are those of both builds.
# A timer asks: to ask in each frame makes the browser draw frames that nobody needs, and costs a
# tenth of what the page itself does.
WATCH = """
(() => {
  const inside = (names, selector) => {
    const host = document.querySelector(names);
    return host ? [...(host.shadowRoot ?? host).querySelectorAll(selector)] : [];
  };
  const usable = () => QUESTION;
  const look = () => {
    if (document.body && usable()) globalThis.usableAfterMs = performance.now();
    else setTimeout(look, 20);
  };
  look();
})();
"""
IS_OPEN = "!each.disabled && each.checkVisibility()"


@dataclass(frozen=True)
class Case:
    """A page, who opens it, and JavaScript that says whether it is usable."""

    name: str
    path: str
    is_signed_in: bool
    usable: str


CASES = (
    Case(
        "home, signed out",
        "/",
        is_signed_in=False,
        usable=f"inside('pack-list, credit-store', 'button').some((each) => {IS_OPEN})",
    ),
    Case(
        "home, signed in",
        "/",
        is_signed_in=True,
        usable="inside('history-list, credit-history', 'li').length > 0"
        " && inside('purse-card, credit-balance', '.purse__amount')"
        ".some((each) => /[1-9]/.test(each.textContent))",
    ),
    Case(
        "files",
        "/files",
        is_signed_in=True,
        usable="inside('file-upload', 'input[type=file]').some((each) => !each.disabled)"
        f" && inside('file-list', 'button').some((each) => {IS_OPEN})",
    ),
)


@dataclass(frozen=True)
class Visit:
    """One visit: when the page was usable, and how many requests went out until then."""

    milliseconds: float
    requests: int


def main() -> None:
    """Serve both builds, visit them in rounds, print the table."""
    path = chromium.find()
    if path is None:
        sys.exit("No Chromium here: make tools installs it.")
    with tempfile.TemporaryDirectory(prefix="purse-pages-") as name, ExitStack() as running:
        folder = Path(name)
        dist = folder / "dist"
        build_site(dist)
        stack = RunningStack.of(
            running.enter_context(
                running_stack(folder / "stack", environ={}, report=lambda _line: None)
            )
        )
        buyer = _buyer(stack)
        key_hash = make_certificate(folder)
        base = _tree_of(BASE, folder / "base")
        sites = {
            "base": running.enter_context(_site(base, folder, stack)),
            "now": running.enter_context(_site(ROOT, folder, stack, public=dist)),
        }
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=path,
                args=[
                    *chromium.FLAGS,
                    "--no-sandbox",
                    f"--ignore-certificate-errors-spki-list={key_hash}",
                ],
            )
            _print_table(_measure(browser, sites, stack, buyer))
            browser.close()


def _tree_of(commit: str, tree: Path) -> Path:
    tree.mkdir()
    archive = tree.parent / "base.tar"
    git(ROOT, "archive", "--format=tar", f"--output={archive}", commit)
    shutil.unpack_archive(archive, tree)
    return tree


def _buyer(stack: RunningStack) -> User:
    """Return somebody with credits, a history and a file."""
    user = stack.sign_up_buyer()
    Uploader(stack, user).process("txt_upload", b"Chapter 1\n\nThe tide went out.\n")
    return user


@contextmanager
def _site(
    tree: Path, folder: Path, stack: RunningStack, *, public: Path | None = None
) -> Iterator[str]:
    """Serve a tree's pages by its own server, behind nginx; yield the address."""
    port, behind = free_port(), free_port()
    settings = functions_settings(replace(stack, site_url=f"https://{LOOPBACK}:{port}"))
    with served(tree, behind, settings, folder / f"{port}.log", public=public) as pages:
        hosts = [httpx.URL(each).netloc.decode() for each in (pages, stack.site_url)]
        with front(folder, port, pages=hosts[0], functions=hosts[1]) as address:
            yield address


Samples = dict[tuple[str, str, str], list[Visit]]


def _measure(browser: Browser, sites: dict[str, str], stack: RunningStack, buyer: User) -> Samples:
    """Open every page three times in each round: two visits at once, one when nothing is fresh."""
    samples: Samples = {}
    stored = {site: _stored(browser, site, stack, buyer) for site in sites.values()}
    for number in range(1, ROUNDS + 1):
        for site in sites.values():
            _wake(browser, site)
        with ExitStack() as open_contexts:
            contexts = {}
            for case in CASES:
                # Each build goes first in every second round.
                for label, site in sorted(sites.items(), reverse=number % 2 == 0):
                    context = _new_context(browser, stored[site] if case.is_signed_in else None)
                    open_contexts.callback(context.close)
                    contexts[case, label] = context
                    for visit in ("cold", "warm"):
                        sample = _visit(context, site, case)
                        samples.setdefault((case.name, visit, label), []).append(sample)
            # Nothing is awaited: the time between two visits is what "later" measures.
            time.sleep(STALE_AFTER_SECONDS)
            for (case, label), context in contexts.items():
                sample = _visit(context, sites[label], case)
                samples.setdefault((case.name, "later", label), []).append(sample)
        _say(f"round {number} of {ROUNDS}")
    return samples


def _wake(browser: Browser, site: str) -> None:
    """Visit a site unmeasured: after a pause the first visit would pay for a browser at rest."""
    context = _new_context(browser, None)
    context.new_page().goto(site, wait_until="networkidle")
    context.close()


def _stored(browser: Browser, site: str, stack: RunningStack, buyer: User) -> StorageState:
    """Return what the site has stored in the browser of somebody who is signed in."""
    here = replace(stack, site_url=site)
    context = _new_context(browser, signed_in(here, buyer.email, buyer.password))
    page = context.new_page()
    page.goto(site)
    until(lambda: page.evaluate("localStorage.getItem('purse.shop')"), "the shop is known")
    stored = context.storage_state()
    context.close()
    return stored


def _new_context(browser: Browser, stored: StorageState | None) -> BrowserContext:
    phone = {"width": 390, "height": 844}
    return browser.new_context(locale="en-US", storage_state=stored, viewport=phone)


def _visit(context: BrowserContext, site: str, case: Case) -> Visit:
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", NETWORK)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_PROCESSOR})
    asked: set[str] = set()
    cached: set[str] = set()

    def receive(event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            cached.add(event["requestId"])

    devtools.on("Network.requestWillBeSent", lambda event: asked.add(event["requestId"]))
    devtools.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))
    devtools.on("Network.responseReceived", receive)
    page.add_init_script(WATCH.replace("QUESTION", case.usable))
    page.goto(f"{site}{case.path}", wait_until="commit")
    # The page's policy forbids what wait_for_function does.
    after_ms = until(lambda: page.evaluate("globalThis.usableAfterMs"), f"{case.name} is usable")
    page.wait_for_load_state("load")
    visit = Visit(after_ms, len(asked - cached))
    page.close()
    return visit


def _print_table(samples: Samples) -> None:
    _say(f"\nMedians of {ROUNDS} rounds; {BASE} beside this build; aims {AIMS}\n")
    _say("| page | visit | older build | this build | requests |")
    _say("|---|---|---|---|---|")
    for case in CASES:
        for visit in VISITS:
            base, now = (samples[case.name, visit, label] for label in ("base", "now"))
            before, after = (median(each.milliseconds for each in visits) for visits in (base, now))
            sent, send = (median(each.requests for each in visits) for visits in (base, now))
            # Of the pairs, one after the other: between rounds the machine's speed changes.
            ratio = median(n.milliseconds / b.milliseconds for b, n in zip(base, now, strict=True))
            missed = " (above the aim)" if ratio > AIMS.get(visit, ratio) else ""
            _say(
                f"| {case.name} | {visit} | {before / 1000:.2f} s | {after / 1000:.2f} s, "
                f"{ratio:.2f} of it{missed} | {sent:.0f} → {send:.0f} |"
            )


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
