"""The keyboard's place on every page: seen, in order, and given back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_keyboard import tab_to
from tests.database.campaigns import campaign

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Visit
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import User

STOP = Path(__file__).with_name("stops.js").read_text("utf-8")
MOST_STOPS = 120


def stops(page: Page) -> list[dict[str, Any]]:
    """Press Tab from the top until the page has no more stops; return each stop.

    Raises:
        AssertionError: It never ends.
    """
    found: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None or (found and stop["name"] == found[0]["name"]):
            return found
        found.append(stop)
    raise AssertionError(f"more than {MOST_STOPS} stops: {[stop['name'] for stop in found]}")


def expect_seen(page: Page, *names: str) -> None:
    """Expect that one sees at each stop where one is, and that these come in this order."""
    found = stops(page)
    hidden = [
        stop for stop in found if not stop["hasRing"] or not stop["isOnScreen"] or stop["isCovered"]
    ]
    assert hidden == []
    order = iter(stop["name"] for stop in found)
    missing = [name for name in names if not any(name in stop for stop in order)]
    assert missing == [], [stop["name"] for stop in found]


@pytest.fixture(params=[1280, 390], ids=["wide", "phone"])
def size(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A desk and a phone with a keyboard."""
    return {"viewport": {"width": request.param, "height": 860}}


def test_a_visitor_sees_where_the_keyboard_is(visit: Visit, size: dict[str, Any]) -> None:
    site = visit(**size)
    expect(site.page.get_by_role("button", name="Buy Professional")).to_be_visible()
    expect_seen(site.page, "Skip to content", "Purse", "Buy Starter", "Buy Creator", "Deutsch")


def test_a_buyer_sees_where_the_keyboard_is(
    visit: Visit, user: User, purse: Purse, size: dict[str, Any]
) -> None:
    purse.buy(500)
    purse.spend()
    site = visit(user, **size)
    expect(site.history).to_have_count(2)
    expect_seen(
        site.page,
        *("Skip", "Files", "open the store", "Account", "Buy credits"),
        *("Search", "Kind", "Feature", "DOCX processing", "Starter", "Deutsch"),
    )
    site.open_store()
    expect(site.store.packs).to_have_count(3)
    expect_seen(site.page, "Close the store", "Buy Starter", "Buy Professional", "Have a code?")
    site.open("/account")
    # The forms come with the account, which may come after the balance.
    expect(site.page.get_by_label("New e-mail address")).to_be_visible()
    expect_seen(site.page, "New e-mail address", "Change address", "New password", "Delete")
    site.open("/files")
    expect(site.page.get_by_text("No files yet.")).to_be_visible()
    expect_seen(site.page, "Account", "Choose", "Deutsch")


def test_staff_see_where_the_keyboard_is(visit: Visit, admin: User, size: dict[str, Any]) -> None:
    page = visit(admin, at="/admin#prices", **size).page
    expect(page.get_by_role("button", name="Change Creator")).to_be_visible()
    # The heading of a desk's page has the focus from the start.
    page.evaluate("document.activeElement.blur()")
    expect_seen(page, "Change Starter", "Prices of Starter", "Change Creator", "Add a feature")


def test_the_history_is_filtered_without_a_mouse(buyer: Site, purse: Purse) -> None:
    purse.buy(500)
    purse.spend()
    purse.spend(1, "txt_upload")
    buyer.page.reload()
    expect(buyer.history).to_have_count(3)
    keyboard = buyer.page.keyboard
    tab_to(buyer.page.get_by_role("searchbox", name="Search"))
    keyboard.type("text")
    expect(buyer.history).to_have_count(1)
    expect(buyer.history).to_contain_text("Text upload")
    for _ in "text":
        keyboard.press("Backspace")
    expect(buyer.history).to_have_count(3)
    tab_to(buyer.page.get_by_role("combobox", name="Kind"))
    keyboard.type("Purchases")
    expect(buyer.history).to_have_count(1)
    expect(buyer.page.get_by_role("combobox", name="Kind")).to_be_focused()
    tab_to(buyer.history.locator("summary"))
    keyboard.press("Enter")
    expect(buyer.history.get_by_role("group")).to_have_attribute("open", "")


def test_a_code_needs_no_mouse(buyer: Site, purse: Purse) -> None:
    code = campaign(purse.database, once=True).code
    keyboard = buyer.page.keyboard
    tab_to(buyer.pill)
    keyboard.press("Enter")
    tab_to(buyer.store.code.locator("summary"))
    keyboard.press("Enter")
    expect(buyer.store.code.get_by_label("Code")).to_be_focused()
    keyboard.type(code)
    keyboard.press("Enter")
    expect(buyer.store.place.get_by_text("50 credits added: Book fair.")).to_be_visible()
    keyboard.press("Escape")
    expect(buyer.pill).to_be_focused()
    buyer.expect_balance(50)


def test_the_account_menu_gives_the_focus_back_and_signs_out(buyer: Site) -> None:
    keyboard = buyer.page.keyboard
    menu = buyer.page.get_by_role("button", name="Account", exact=True)
    tab_to(menu)
    keyboard.press("Enter")
    keyboard.press("Tab")
    expect(buyer.page.get_by_role("link", name="Account settings")).to_be_focused()
    keyboard.press("Escape")
    expect(buyer.page.get_by_role("button", name="Sign out", exact=True)).to_be_hidden()
    expect(menu).to_be_focused()
    keyboard.press("Enter")
    tab_to(buyer.page.get_by_role("button", name="Sign out", exact=True))
    keyboard.press("Enter")
    buyer.expect_signed_out()
