"""What a walk through the states needs: people, browsers, and a stack that can misbehave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.browser.another_site import another_site
from tests.browser.console import Console
from tests.browser.holding import hold
from tests.browser.mailbox import Mailbox
from tests.browser.pages import Site
from tests.browser.sessions import signed_in
from tests.browser.stand_in import StandIn
from tests.database.purse import Purse

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

    from tests.support import Accounts, RunningStack, User

WIDE: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
# Payments and files are switched off at one deployment. Its texts stand on different pages.
SWITCHED_OFF = {"PAYMENTS_ENABLED": "false"}


@dataclass(frozen=True)
class State:
    """A page in a state, as it is on the screen now.

    Attributes:
        name: Letters and hyphens: the name of its picture.
        page: The page; its size is WIDE and its colour scheme light.
    """

    name: str
    page: Page


@dataclass
class Stage:
    """The running stack, and a browser in front of it.

    Attributes:
        stack: The stack.
        accounts: Its accounts.
        browser: The browser.
        folder: For the log of the second deployment.
        public: The pages of the second deployment.
        console: Hears what pages complain about.
        wait_ms: Ends a wait for what never comes.
    """

    stack: RunningStack
    accounts: Accounts
    browser: Browser
    folder: Path
    public: Path
    console: Console = field(default_factory=Console)
    wait_ms: int = 60_000
    _open: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def database(self) -> psycopg.Connection[dict[str, Any]]:
        """A connection as the project's owner."""
        return self._open.enter_context(self.stack.connect())

    @cached_property
    def stripe(self) -> StandIn:
        """The Stripe stand-in, which is well again at the end."""
        stand_in = StandIn(self.stack)
        self._open.callback(stand_in.recover)
        return stand_in

    @cached_property
    def mailbox(self) -> Mailbox:
        """Everybody's mailbox."""
        return Mailbox(self.stack)

    @cached_property
    def switched_off(self) -> RunningStack:
        """The same stack behind a site that sells nothing and takes no files."""

        def change(settings: dict[str, str]) -> dict[str, str]:
            kept = {n: value for n, value in settings.items() if not n.startswith("STORAGE_")}
            return {**kept, **SWITCHED_OFF}

        return self._open.enter_context(another_site(self.stack, self.folder, self.public, change))

    def close(self) -> None:
        """Close what was opened."""
        self._open.close()

    def person(self) -> User:
        """Somebody who has just signed up."""
        return self.stack.sign_up()

    def staff(self, role: str = "admin") -> User:
        """Somebody with a role at the desk."""
        return self.accounts.appoint(self.stack.sign_up(), role)

    def purse(self, user: User) -> Purse:
        """A person's purse."""
        return Purse(self.database, user.id)

    @contextmanager
    def visit(
        self, user: User | None = None, *, site: RunningStack | None = None, **profile: Any
    ) -> Iterator[Site]:
        """Within the block somebody has the site open in a browser profile of their own.

        Args:
            user: Who is signed in; nobody by default.
            site: Another deployment than the stack's own.
            profile: Settings for Playwright.
        """
        stack = site or self.stack
        context = self.browser.new_context(
            timezone_id="UTC",
            viewport=WIDE,
            color_scheme="light",
            reduced_motion="reduce",
            storage_state=signed_in(stack, user.email, user.password) if user else None,
            **{"locale": "en-US", **profile},
        )
        context.set_default_timeout(self.wait_ms)
        self.console.listen(context)
        try:
            yield Site(context.new_page(), stack.site_url)
        finally:
            context.close()
            self.stripe.recover()


Walk = Callable[[Stage], Iterator[State]]


@contextmanager
def held(context: BrowserContext, url: str) -> Iterator[None]:
    """Within the block requests to an address wait for their answer."""
    waiting = hold(context, url)
    yield
    for route in waiting:
        route.continue_()
    context.unroute(url)


@contextmanager
def cut(context: BrowserContext, url: str) -> Iterator[None]:
    """Within the block requests to an address fail."""
    context.route(url, lambda route: route.abort())
    yield
    context.unroute(url)
