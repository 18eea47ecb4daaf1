"""A browser on the running stack, and somebody in front of it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.browser import chromium
from tests.browser.another_site import another_site, another_stack
from tests.browser.console import Console
from tests.browser.host_page import host_site
from tests.browser.mailbox import Mailbox
from tests.browser.pages import PAID, PHONE, Site
from tests.browser.sessions import signed_in
from tests.browser.stand_in import StandIn
from tests.browser.storage import Storage
from tests.built import build_site
from tests.database.purse import Purse
from tests.support import RunningStack, cannot_run
from tests.tools.npm import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from playwright.sync_api import Page

    from local.stack import Running
    from tests.support import Accounts, User

# Ends a wait for what never comes. A test does not measure time, and the machine may be busy.
WAIT_MS = 60_000
expect.set_options(timeout=WAIT_MS)


class Visit(Protocol):
    """Opens the site in a browser profile of its own."""

    def __call__(
        self,
        user: User | None = None,
        *,
        at: str = "/",
        site: RunningStack | None = None,
        **profile: Any,
    ) -> Site:
        """Open it signed in as the user, or signed out.

        Args:
            user: Who is signed in; nobody by default.
            at: The path to open.
            site: Another deployment than the stack's own.
            profile: Settings for Playwright.
        """


class OpenHost(Protocol):
    """Opens a page of another app in a browser profile of its own."""

    def __call__(self, path: str = "/", **profile: Any) -> Page:
        """Open this page of it; profile goes to Playwright."""


class StartStack(Protocol):
    """Starts a second stack for the tests of a module."""

    def __call__(self, settings: dict[str, str], folder: Path | None = None) -> RunningStack:
        """Start it with these settings of `make run`; it keeps its state in the folder."""


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is."""
    path = chromium.find()
    if path is None:
        cannot_run("no Chromium here: the browser tests did not run (Debian: apt install chromium)")
    return path


@pytest.fixture(scope="session")
def playwright(chromium_path: str) -> Iterator[Playwright]:  # noqa: ARG001 - no browser, no driver
    """Playwright's driver."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium_path: str) -> Iterator[Browser]:
    """Chromium, running."""
    running = chromium.launch(playwright, chromium_path)
    yield running
    running.close()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's pages as a deploy builds them, for no project in particular."""
    target = tmp_path_factory.mktemp("pages") / "dist"
    try:
        build_site(target)
    except MissingToolError as error:
        cannot_run(f"the site was not built: {error}")
    return target


@pytest.fixture(scope="session")
def stack(
    stack: RunningStack,
    chromium_path: str,  # noqa: ARG001 - no browser, no site
    pages: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningStack]:
    """The running stack behind the pages that a deploy builds."""
    with another_site(stack, tmp_path_factory.mktemp("site"), pages) as built:
        yield built


@pytest.fixture(scope="session")
def unbuilt(running: Running) -> RunningStack:
    """The running stack as `make run` has it, whose pages load each module by itself."""
    return RunningStack.of(running.stack)


@pytest.fixture(scope="module")
def start_stack(
    chromium_path: str,  # noqa: ARG001 - no browser, no stack
    pages: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StartStack]:
    """Start further stacks, which are stopped after the module's tests."""
    with ExitStack() as running:

        def start(settings: dict[str, str], folder: Path | None = None) -> RunningStack:
            folder = folder or tmp_path_factory.mktemp("stack")
            return running.enter_context(another_stack(folder, pages, settings))

        yield start


@pytest.fixture
def console() -> Iterator[Console]:
    """Every page's console, in which nobody may complain."""
    listening = Console()
    yield listening
    assert listening.complaints == []


@pytest.fixture
def visit(browser: Browser, stack: RunningStack, console: Console) -> Iterator[Visit]:
    """Open the site, in a profile that is closed after the test."""
    contexts = []

    def open_site(
        user: User | None = None,
        *,
        at: str = "/",
        site: RunningStack | None = None,
        **profile: Any,
    ) -> Site:
        deployment = site or stack
        context = browser.new_context(
            reduced_motion="reduce",  # animations cost time
            storage_state=signed_in(deployment, user.email, user.password) if user else None,
            **{"locale": "en-US", "timezone_id": "UTC", **profile},
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        console.listen(context)
        opened = Site(context.new_page(), deployment.site_url)
        opened.open(at)
        return opened

    yield open_site
    for context in contexts:
        context.close()


@pytest.fixture
def host(stack: RunningStack) -> Iterator[str]:
    """The origin of another app."""
    try:
        with host_site(stack) as origin:
            yield origin
    except MissingToolError as error:
        cannot_run(f"elements on another app's page were not tried: {error}")


@pytest.fixture
def open_host(visit: Visit, host: str) -> OpenHost:
    """Open a page of the other app."""

    def open_page(path: str = "/", **profile: Any) -> Page:
        page = visit(at="/favicon.svg", **profile).page
        page.goto(host + path)
        return page

    return open_page


@pytest.fixture
def user(stack: RunningStack) -> User:
    """Somebody who has just signed up."""
    return stack.sign_up()


@pytest.fixture
def admin(stack: RunningStack, accounts: Accounts) -> User:
    """An admin."""
    return accounts.appoint(stack.sign_up(), "admin")


@pytest.fixture
def supporter(stack: RunningStack, accounts: Accounts) -> User:
    """Somebody of support."""
    return accounts.appoint(stack.sign_up(), "support")


@pytest.fixture
def person(stack: RunningStack) -> User:
    """Somebody with 500 credits."""
    return stack.sign_up_buyer()


@pytest.fixture
def purse(database: psycopg.Connection[dict[str, Any]], user: User) -> Purse:
    """The user's purse, empty until a test puts something in."""
    return Purse(database, user.id)


@pytest.fixture
def buyer(visit: Visit, user: User) -> Site:
    """The site as the user sees it, signed in, at home."""
    return visit(user)


@pytest.fixture
def buyer_whose_browser_keeps_pages(
    playwright: Playwright, stack: RunningStack, user: User, console: Console
) -> Iterator[Site]:
    """The site at home, in a browser with the back/forward cache that people have."""
    path = chromium.find(*chromium.WITH_WINDOWS)
    if path is None:
        cannot_run("only chromium-headless-shell here, which keeps no pages (Debian: chromium)")
    browser = chromium.launch(playwright, path, keep_left_pages=True)
    stored = signed_in(stack, user.email, user.password)
    context = browser.new_context(locale="en-US", storage_state=stored)
    console.listen(context)
    site = Site(context.new_page(), stack.site_url)
    site.open()
    yield site
    browser.close()


@pytest.fixture
def phone(visit: Visit, user: User) -> Site:
    """A buyer's phone, at home, after buying the starter pack."""
    site = visit(user, **PHONE)
    site.buy("Starter").pay()
    site.expect_title(PAID)
    site.open()
    site.expect_balance(500)
    return site


@pytest.fixture
def visitor(visit: Visit) -> Site:
    """The site as somebody sees it who is not signed in."""
    return visit()


@pytest.fixture
def storage(buyer: Site, stack: RunningStack, console: Console) -> Storage:
    """The way from the buyer's browser to the storage, which a test may spoil."""
    storage = Storage(buyer.page.context, stack)
    console.allow_failing(storage.path)
    return storage


@pytest.fixture
def mailbox(stack: RunningStack) -> Mailbox:
    """Everybody's mailbox."""
    return Mailbox(stack)


@pytest.fixture
def stripe(stack: RunningStack) -> Iterator[StandIn]:
    """The Stripe stand-in, which is well again after the test."""
    stand_in = StandIn(stack)
    yield stand_in
    stand_in.recover()
