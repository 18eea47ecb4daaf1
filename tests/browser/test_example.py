"""examples/plain: a page on another origin signs in, buys and spends."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from local.stack import ROOT
from tests.browser.pages import CHECKOUT_URL, GOOD_CARD, Checkout
from tests.standins.supabase.services import free_port, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.support import RunningStack, User


@contextmanager
def served(stack: RunningStack, port: int) -> Iterator[str]:
    """Serve the example on a port until the block ends."""
    with subprocess.Popen(
        [sys.executable, ROOT / "examples/plain/serve.py"],
        env={"PORT": str(port), "PURSE_URL": stack.site_url},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            stop(process)


@pytest.fixture
def example(stack: RunningStack) -> Iterator[str]:
    """The example, on an origin that the stack allows."""
    port = urlsplit(stack.allowed_origins.split(",")[0]).port
    assert port is not None
    with served(stack, port) as url:
        assert url in stack.allowed_origins.split(",")
        yield url


def open_page(visit: Visit, url: str, **profile: Any) -> Page:
    page = visit(**profile).page
    page.goto(url)
    return page


def sign_in(page: Page | Locator, user: User, password: str | None = None) -> None:
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(password or user.password)
    page.get_by_role("button", name="Sign in").click()


def expect_credits(page: Page, amount: str) -> None:
    expect(page.locator("#balance")).to_have_text(f"{amount} credits")


def expect_status(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator("#status")).to_have_text(words)


def buy(page: Page, pack: str) -> Checkout:
    page.get_by_role("button", name=f"Buy {pack}").click()
    page.wait_for_url(CHECKOUT_URL)
    return Checkout(page)


def test_a_page_on_another_origin_sells_and_spends(
    visit: Visit, example: str, stack: RunningStack, user: User
) -> None:
    page = open_page(visit, example)
    sign_in(page, user)
    expect_credits(page, "0")
    expect(page.get_by_label("Password")).to_be_hidden()
    buy(page, "Starter").try_card(GOOD_CARD)
    expect_status(page, "Thank you. Your credits are here.")
    expect(page).to_have_url(f"{example}/")
    expect_credits(page, "500")
    page.get_by_role("button", name="Make a summary for 5 credits").click()
    expect_status(page, "Your summary is ready. It cost 5 credits.")
    expect_credits(page, "495")
    assert stack.balance_of(user) == 495


def test_the_same_page_with_elements_sells_and_spends(
    visit: Visit, example: str, stack: RunningStack, user: User
) -> None:
    page = open_page(visit, f"{example}/elements.html")
    card = page.locator("credit-balance")
    card.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("E-mail")).to_be_focused()
    sign_in(page.locator("#sign-in"), user)
    expect(card).to_contain_text("Not enough for DOCX processing: 5 credits are missing.")
    buy(page, "Starter").try_card(GOOD_CARD)
    expect_status(page, "Thank you. 500 credits are here.")
    page.get_by_role("button", name="Make a summary").click()
    expect_status(page, "Your summary is ready. It cost 5 credits.")
    expect(card).to_contain_text("495")
    expect(page.locator("credit-history")).to_contain_text("DOCX processing")
    assert stack.balance_of(user) == 495
    page.get_by_role("button", name="Sign out").click()
    expect(card).to_contain_text("Sign in to see your credits.")


def test_somebody_who_leaves_the_payment_page_is_back_at_the_example(
    visit: Visit, example: str, user: User
) -> None:
    page = open_page(visit, example)
    sign_in(page, user)
    buy(page, "Creator").page.get_by_role("link", name="Back to").click()
    page.wait_for_url(f"{example}/?cancelled")
    expect_status(page, "You left the payment page. Nothing was charged.")
    expect_credits(page, "0")


def test_without_credits_it_says_how_many_are_missing(
    visit: Visit, example: str, user: User, console: Console
) -> None:
    console.allow_failing("/api/credits")
    page = open_page(visit, example)
    sign_in(page, user)
    page.get_by_role("button", name="Make a summary for 5 credits").click()
    expect_status(page, re.compile(r"^This takes 5 credits and 0 are available"))


def test_a_wrong_password_is_refused(
    visit: Visit, example: str, user: User, console: Console
) -> None:
    console.allow_failing("/auth/v1/token")
    page = open_page(visit, example)
    sign_in(page, user, "not-the-password")
    expect_status(page, re.compile("Invalid login credentials"))


def test_an_origin_that_is_not_allowed_cannot_read_a_balance(
    visit: Visit, stack: RunningStack, console: Console
) -> None:
    console.allow_failing(stack.site_url)
    with served(stack, free_port()) as url:
        page = open_page(visit, url)
        found = page.evaluate(
            """async (site) => {
              const { Purse } = await import(`${site}/purse.js`);
              const purse = new Purse(site, { accessToken: () => "x", patienceSeconds: 0 });
              return purse.catalogue().then(() => "read", (error) => error.code);
            }""",
            stack.site_url,
        )
        assert found == "no_answer"
