"""Elements on a page of another origin, with a strict policy and its own sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.host_page import host_site
from tests.browser.pages import CHECKOUT_URL, GOOD_CARD, Checkout, Store
from tests.support import cannot_run
from tests.tools.npm import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.support import RunningStack, User

pytestmark = pytest.mark.npm
UNKNOWN = "\N{EN DASH}"
PURCHASED = "credits:purchased"


@pytest.fixture
def host(stack: RunningStack) -> Iterator[str]:
    """The origin of another app."""
    try:
        with host_site(stack) as origin:
            yield origin
    except MissingToolError as error:
        cannot_run(f"elements on another app's page were not tried: {error}")


@pytest.fixture
def open_host(visit: Visit, host: str) -> Callable[..., Page]:
    """Open a page of the app in a browser profile of its own."""

    def open_page(path: str = "/", **profile: Any) -> Page:
        page = visit(at="/404", **profile).page
        page.goto(host + path)
        return page

    return open_page


def enter(page: Page, user: User) -> None:
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(user.password)
    page.get_by_role("button", name="Enter").click()


def expect_credits(page: Page, amount: str) -> None:
    expect(page.locator("credit-balance .purse__amount")).to_have_text(amount)


def heard(page: Page, name: str) -> list[dict[str, Any]]:
    """Return the details of the events of this name."""
    details: list[dict[str, Any]] = page.evaluate(
        "name => heard.filter(([each]) => each === name).map(([, detail]) => detail)", name
    )
    return details


def test_an_app_with_supabase_js_shows_and_sells_credits(
    open_host: Callable[..., Page], host: str, user: User, stack: RunningStack, console: Console
) -> None:
    page = open_host()
    card = page.locator("credit-balance")
    expect(card.get_by_text("Sign in to see your credits.")).to_be_visible()
    card.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("E-mail")).to_be_focused()
    enter(page, user)
    expect_credits(page, "0")
    expect(page.locator("credit-history")).to_contain_text("")
    other = page.context.new_page()
    other.goto(host)
    expect_credits(other, "0")

    Store(page.locator("credit-store")).buy_button("Starter").click()
    page.wait_for_url(CHECKOUT_URL)
    Checkout(page).try_card(GOOD_CARD)
    page.wait_for_url(f"{host}/?session_id=*")
    expect_credits(page, "500")
    page.wait_for_function(f"heard.some(([name]) => name === '{PURCHASED}')")
    expect(page.locator("credit-history").get_by_text("Starter")).to_be_visible()
    assert [bought["credits"] for bought in heard(page, PURCHASED)] == [500]

    expect_credits(other, "500")
    assert heard(other, PURCHASED) == heard(page, PURCHASED)
    assert heard(other, "credits:changed") == [{"balance": 500, "available": 500}]

    page.evaluate("() => purse.spend('docx_processing')")
    expect_credits(page, "495")
    expect_credits(other, "495")
    assert heard(other, "credits:changed")[1:] == [{"balance": 495, "available": 495}]
    assert stack.balance_of(user) == 495

    page.reload()
    expect_credits(page, "495")
    page.wait_for_load_state("networkidle")
    assert heard(page, PURCHASED) == []

    page.get_by_role("button", name="Leave").click()
    expect(card.get_by_text("Sign in to see your credits.")).to_be_visible()
    expect_credits(other, UNKNOWN)
    assert console.all == []
