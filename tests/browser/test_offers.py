"""An offer: made at the desk with its card in view, and bought in its customer's store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import PHONE
from tests.offers import end, offered, open_offers

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]

MARKUP = "<img src=x onerror=alert(1)><b>bold</b>"


def open_form(page: Page) -> Locator:
    page.get_by_role("button", name="Make an offer").click()
    dialog = page.get_by_role("dialog", name="Make an offer")
    expect(dialog).to_be_visible()
    return dialog


def fill(dialog: Locator, **fields: str) -> None:
    written = {
        "Name": "Enterprise",
        "Credits": "20000",
        "Price": "99",
        "Days until the credits expire": "365",
        "Note on the card": "As agreed on the phone.",
        "Reason": "They asked for more than a pack",
        **fields,
    }
    for label, text in written.items():
        exact = label in {"Name", "Credits", "Price", "Reason"}
        dialog.get_by_label(label, exact=exact).fill(text)


@pytest.mark.parametrize("device", [{}, PHONE], ids=["wide", "phone"])
def test_an_admin_makes_an_offer_and_its_customer_buys_it(
    visit: Visit, admin: User, user: User, stack: RunningStack, device: dict[str, Any]
) -> None:
    page = visit(admin, at=f"/admin#person={user.id}", **device).page
    dialog = open_form(page)
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    fill(dialog, Price="0.10")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("Stripe charges at least $0.50.")).to_be_visible()
    dialog.get_by_label("Price", exact=True).fill("99")
    card = dialog.locator(".pack")
    expect(card).to_contain_text("20,000 credits")
    expect(card).to_contain_text("$99.00")
    expect(card).to_contain_text("As agreed on the phone.")
    expect(card).to_contain_text("The credits are valid for 365 days.")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("They can buy 20,000 credits for $99.00 until")).to_be_visible()
    assert open_offers(stack, user) == []
    dialog.get_by_role("button", name="Make the offer").click()
    expect(page.get_by_text("Offer made.")).to_be_focused()
    offers = page.get_by_role("region", name="Offers, newest first")
    expect(offers).to_contain_text("Enterprise")
    expect(offers).to_contain_text("open")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    theirs = visit(user, **device)
    store = theirs.open_store()
    expect(store.offers).to_have_count(1)
    expect(store.offers).to_contain_text("As agreed on the phone.")
    expect(store.packs).to_have_count(3)
    assert theirs.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    store.buy_button("Enterprise").click()
    theirs.at_checkout().pay()
    theirs.expect_paid("Enterprise", 20_000, "$99.00", 20_000)
    theirs.open()
    theirs.expect_balance(20_000)
    expect(theirs.open_store().packs).to_have_count(3)
    expect(theirs.store.offers).to_have_count(0)
    page.reload()
    expect(offers).to_contain_text("bought")
    expect(offers.get_by_role("button")).to_have_count(0)


def test_the_last_day_begins_today_and_ends_with_its_day(
    visit: Visit, admin: User, user: User, stack: RunningStack
) -> None:
    page = visit(admin, at=f"/admin#person={user.id}").page
    dialog = open_form(page)
    fill(dialog)
    today = datetime.now(UTC).date()
    last = dialog.get_by_label("Last day to buy it")
    expect(last).to_have_value(str(today + timedelta(days=14)))
    last.fill(str(today - timedelta(days=1)))
    dialog.get_by_role("button", name="Preview").click()
    expect(last).to_have_attribute("aria-invalid", "true")
    tomorrow = today + timedelta(days=1)
    last.fill(str(tomorrow))
    dialog.get_by_role("button", name="Preview").click()
    dialog.get_by_role("button", name="Make the offer").click()
    expect(page.get_by_text("Offer made.")).to_be_visible()
    (offer,) = open_offers(stack, user)
    assert offer["ends_at"] == f"{tomorrow}T23:59:59+00:00"


def test_an_offer_is_withdrawn_and_the_open_store_says_so(
    visit: Visit, admin: User, user: User, database: Database, console: Console
) -> None:
    console.allow_failing("/api/create-checkout-session")
    offered(database, user.id)
    theirs = visit(user)
    store = theirs.open_store()
    expect(store.offers).to_have_count(1)

    page = visit(admin, at=f"/admin#person={user.id}").page
    page.get_by_role("button", name="Withdraw: Enterprise, 20,000 credits").click()
    dialog = page.get_by_role("dialog", name="Withdraw an offer")
    dialog.get_by_label("Reason").fill("A wrong price")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("Nobody is paying for it at the moment.")).to_be_visible()
    dialog.get_by_role("button", name="Withdraw", exact=True).click()
    expect(page.get_by_text("Offer withdrawn.")).to_be_focused()
    row = page.get_by_role("region", name="Offers, newest first").get_by_role("row").nth(1)
    expect(row).to_contain_text("withdrawn")
    expect(row.get_by_role("button")).to_have_count(0)

    store.buy_button("Enterprise").click()
    expect(store.problem).to_contain_text("This offer has ended. Nothing was charged.")
    expect(store.problem).to_be_focused()
    expect(store.offers).to_have_count(0)
    expect(store.packs).to_have_count(3)


def test_two_tabs_of_one_store_pay_for_an_offer_once(
    visit: Visit, user: User, database: Database, console: Console
) -> None:
    console.allow_failing("/api/create-checkout-session")
    offered(database, user.id)
    first, second = visit(user), visit(user)
    first_store, second_store = first.open_store(), second.open_store()
    expect(first_store.offers).to_have_count(1)
    expect(second_store.offers).to_have_count(1)
    first_store.buy_button("Enterprise").dblclick()
    checkout = first.at_checkout()
    session = checkout.session_id
    second_store.buy_button("Enterprise").click()
    assert second.at_checkout().session_id == session
    second.page.go_back()
    checkout.pay()
    first.expect_paid("Enterprise", 20_000, "$99.00", 20_000)
    # The second tab's store is as it was before the payment.
    end_of = second.open_store()
    expect(end_of.packs).to_have_count(3)
    expect(end_of.offers).to_have_count(0)


def test_an_offer_that_was_bought_in_another_tab_says_so(
    visit: Visit, user: User, database: Database, console: Console
) -> None:
    console.allow_failing("/api/create-checkout-session")
    offered(database, user.id)
    first, second = visit(user), visit(user)
    store = second.open_store()
    expect(store.offers).to_have_count(1)
    first.buy("Enterprise").pay()
    first.expect_paid("Enterprise", 20_000, "$99.00", 20_000)
    store.buy_button("Enterprise").click()
    expect(store.problem).to_contain_text("You have bought this offer already")
    expect(store.offers).to_have_count(0)


def test_nobody_else_at_this_browser_sees_an_offer(
    visit: Visit, user: User, stack: RunningStack, database: Database
) -> None:
    offered(database, user.id)
    other = stack.sign_up()
    site = visit(user)
    expect(site.open_store().offers).to_have_count(1)
    site.page.keyboard.press("Escape")
    site.sign_out()
    site.expect_signed_out()
    expect(site.page.get_by_text("Enterprise")).to_have_count(0)
    expect(site.page.get_by_role("list", name="Credit packs").first).to_contain_text("Starter")
    # The next one's answer is awaited in vain, so only what was there before could be seen.
    site.page.route("**/api/offers", lambda _route: None)
    site.sign_in(other.email, other.password)
    site.open_store()
    expect(site.store.packs).to_have_count(3)
    expect(site.page.get_by_text("Enterprise")).to_have_count(0)


def test_offers_that_could_not_be_loaded_are_asked_for_again(
    buyer: Site, user: User, database: Database, console: Console
) -> None:
    console.allow_failing("/api/offers")
    offered(database, user.id)
    buyer.page.route("**/api/offers", lambda route: route.abort())
    store = buyer.open_store()
    expect(store.packs).to_have_count(3)
    expect(store.problem).to_contain_text("Your offers are missing here.")
    buyer.page.unroute("**/api/offers")
    store.problem.get_by_role("button", name="Try again").click()
    expect(store.offers).to_have_count(1)


def test_support_sees_offers_and_makes_none(
    visit: Visit, supporter: User, user: User, database: Database
) -> None:
    offered(database, user.id)
    end(database, offered(database, user.id, name="Old", note=None))
    page = visit(supporter, at=f"/admin#person={user.id}").page
    offers = page.get_by_role("region", name="Offers, newest first")
    expect(offers.get_by_role("row").nth(1)).to_contain_text("expired")
    expect(offers.get_by_role("row").nth(2)).to_contain_text("As agreed on the phone.")
    expect(offers.get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("button", name="Make an offer")).to_have_count(0)


def test_markup_of_an_offer_is_shown_as_text(
    visit: Visit, admin: User, user: User, database: Database
) -> None:
    offered(database, user.id, name=MARKUP, note=MARKUP)
    store = visit(user).open_store()
    expect(store.offers.get_by_text(MARKUP, exact=True)).to_have_count(2)
    page = visit(admin, at=f"/admin#person={user.id}").page
    offers = page.get_by_role("region", name="Offers, newest first")
    expect(offers.get_by_text(MARKUP, exact=True)).to_have_count(2)
    assert offers.locator("img, b").count() == 0


def test_the_form_is_used_by_the_keyboard_alone(
    visit: Visit, admin: User, user: User, stack: RunningStack
) -> None:
    page = visit(admin, at=f"/admin#person={user.id}").page
    button = page.get_by_role("button", name="Make an offer")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Make an offer")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.type("100")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    dialog.get_by_label("Reason").focus()
    page.keyboard.type("They asked")
    dialog.get_by_role("button", name="Preview").press("Enter")
    expect(dialog.get_by_text("They can buy 100 credits for $5.00")).to_be_visible()
    dialog.get_by_role("button", name="Make the offer").press("Enter")
    expect(page.get_by_text("Offer made.")).to_be_focused()
    assert [offer["name"] for offer in open_offers(stack, user)] == ["By keyboard"]
