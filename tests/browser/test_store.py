"""The store: what its cards say, how they are laid out, what it does when something is missing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

import pytest
from playwright.sync_api import expect

from tests.browser.holding import hold
from tests.browser.pages import PHONE, Store
from tests.browser.test_layout import TOO_WIDE_BY
from tests.browser.waiting import until_holds
from tests.database.campaigns import campaign
from tests.offers import offered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator
    from psycopg import Connection

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.browser.stand_in import StandIn
    from tests.database.purse import Purse
    from tests.support import User

    Database = Connection[dict[str, Any]]

CHECKOUT = "/api/create-checkout-session"
# Every module that the page loads beside its script, also those for later.
IS_LOADED = """() => {
  const modules = [...document.querySelectorAll("link[rel=modulepreload]")].map(({ href }) => href);
  return modules.some((href) => href.includes("/store-content")) &&
    modules.every((href) => performance.getEntriesByName(href).length);
}"""
WIDTHS = (320, 390, 500, 600, 768, 1024, 1280, 1600)
TIMES = "\N{MULTIPLICATION SIGN}"
# The cards row by row: whether each row begins and ends where the list does.
GAPS = """list => {
  const box = list.getBoundingClientRect();
  const rows = new Map();
  for (const card of list.children) {
    const { top, left, right } = card.getBoundingClientRect();
    const row = rows.get(Math.round(top)) ?? { left, right, cards: 0 };
    rows.set(Math.round(top), {
      left: Math.min(row.left, left), right: Math.max(row.right, right), cards: row.cards + 1 });
  }
  return [...rows.values()].filter(
    ({ left, right }) => Math.abs(left - box.left) > 1 || Math.abs(right - box.right) > 1);
}"""


@contextmanager
def packs_on_sale(database: Database, count: int) -> Iterator[None]:
    """Sell so many packs: some of the seed's, or further ones beside them."""
    if count < 3:
        database.execute("update credit_packages set active = false where sort_order > %s", [count])
    for number in range(4, count + 1):
        database.execute(
            "insert into credit_packages (id, name, credits, unit_amount, currency, sort_order) "
            "values (%s, %s, %s, %s, 'usd', %s)",
            [f"more_{number}", f"More {number}", number * 1500, number * 1499, number],
        )
    try:
        yield
    finally:
        database.execute("delete from credit_packages where id like 'more_%'")
        database.execute("update credit_packages set active = true")


@contextmanager
def changed(database: Database, change: LiteralString, back: LiteralString) -> Iterator[None]:
    """Change the catalogue; a browser that comes now has no older one in its cache."""
    database.execute(change)
    try:
        yield
    finally:
        database.execute(back)


def at_home(site: Site) -> Store:
    return Store(site.page.get_by_role("region", name="Pick a pack"))


def card(store: Store, name: str) -> Locator:
    return store.packs.filter(has_text=name)


def test_a_card_says_what_it_costs_and_what_it_buys(visitor: Site) -> None:
    store = at_home(visitor)
    for name, rate, buys in (
        ("Starter", "$1.00 per 100", "Enough for 100 documents or 250 recordings"),
        ("Creator", "$1.00 per 100", "Enough for 300 documents or 750 recordings"),
        ("Professional", "$0.86 per 100", "Enough for 700 documents or 1,750 recordings"),
    ):
        expect(card(store, name)).to_contain_text(rate)
        expect(card(store, name)).to_contain_text(buys)
    # A visitor has no balance that could be told of.
    expect(store.place.locator(".pack__after")).to_have_count(0)


def test_a_card_speaks_the_readers_language(visit: Visit, user: User, purse: Purse) -> None:
    purse.buy(10)
    store = Store(visit(user, at="/?store=1", locale="de-DE").page.get_by_role("dialog"))
    starter = store.place.get_by_role("listitem").filter(has_text="Starter")
    expect(starter).to_contain_text("1,00\xa0$ je 100")
    expect(starter).to_contain_text("Reicht für 100 Dokumente oder 250 Aufnahmen")
    expect(starter).to_contain_text("Danach haben Sie 510 Credits.")
    best = store.place.get_by_role("listitem").filter(has_text="Professional")
    expect(best).to_contain_text("Bester Preis · 14\xa0% sparen")


def test_only_what_is_the_best_value_is_called_so(visitor: Site) -> None:
    store = at_home(visitor)
    expect(card(store, "Professional")).to_contain_text("Best value · Save 14%")
    expect(store.place.get_by_text("Best value")).to_have_count(1)
    expect(card(store, "Creator")).not_to_contain_text("Save")


def test_nothing_is_the_best_value_where_a_credit_costs_the_same(
    visit: Visit, database: Database
) -> None:
    with changed(
        database,
        "update credit_packages set unit_amount = 3493 where id = 'professional'",
        "update credit_packages set unit_amount = 2999 where id = 'professional'",
    ):
        store = at_home(visit())
        expect(card(store, "Professional")).to_contain_text("$34.93")
        expect(store.place.get_by_text("Best value")).to_have_count(0)


def test_a_better_offer_takes_the_best_value_from_the_packs(
    buyer: Site, user: User, database: Database
) -> None:
    offered(database, user.id)
    store = buyer.open_store()
    expect(store.offers).to_contain_text("Best value · Save 50%")
    expect(card(store, "Professional")).to_contain_text("Save 14%")
    expect(card(store, "Professional")).not_to_contain_text("Best value")


def test_a_feature_of_another_app_is_named_as_its_shop_names_it(
    visit: Visit, database: Database
) -> None:
    with changed(
        database,
        "insert into credit_features (id, name, credits) values ('portrait', 'Portrait', 500)",
        "delete from credit_features where id = 'portrait'",
    ):
        buys = f"Enough for 1 {TIMES} Portrait or 100 documents"
        expect(card(at_home(visit()), "Starter")).to_contain_text(buys)


def test_a_card_says_what_is_there_afterwards(
    purse: Purse, visit: Visit, user: User, database: Database
) -> None:
    purse.buy(10)
    store = visit(user).open_store()
    expect(card(store, "Starter")).to_contain_text("Then your balance is 510 credits.")
    # The balance changes while the store is open, and the keyboard is on a card.
    code = campaign(database, once=True).code
    form = store.code
    form.get_by_text("Have a code?").click()
    form.get_by_label("Code").fill(code)
    form.get_by_label("Code").press("Enter")
    store.buy_button("Creator").focus()
    expect(card(store, "Starter")).to_contain_text("Then your balance is 560 credits.")
    expect(store.buy_button("Creator")).to_be_focused()


def test_a_card_says_what_debts_leave(purse: Purse, visit: Visit, user: User) -> None:
    order = purse.buy(510)
    purse.spend(102)
    purse.refund(order, 510)
    store = visit(user).open_store()
    starter, creator = card(store, "Starter"), card(store, "Creator")
    expect(starter).to_contain_text("Pays off 500 of the 510 you owe.")
    expect(starter).not_to_contain_text("Enough for")
    expect(creator).to_contain_text("Pays off 510 you owe; 990 left.")
    expect(creator).to_contain_text("Enough for 198 documents or 495 recordings")


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_no_card_stands_alone_at_any_width(visit: Visit, database: Database, count: int) -> None:
    with packs_on_sale(database, count):
        site = visit()
        store = at_home(site)
        expect(store.packs).to_have_count(count)
        shelf = store.place.get_by_role("list", name="Credit packs")
        for width in WIDTHS:
            site.page.set_viewport_size({"width": width, "height": 900})
            assert shelf.evaluate(GAPS) == [], width
            assert site.page.evaluate(TOO_WIDE_BY) <= 0, width


def test_no_card_stands_alone_in_the_dialog(buyer: Site) -> None:
    store = buyer.open_store()
    expect(store.packs).to_have_count(3)
    shelf = store.place.get_by_role("list", name="Credit packs")
    for width in WIDTHS:
        buyer.page.set_viewport_size({"width": width, "height": 900})
        assert shelf.evaluate(GAPS) == [], width
        assert buyer.page.evaluate(TOO_WIDE_BY) <= 0, width
    buyer.page.set_viewport_size({"width": 768, "height": 900})
    tops = store.packs.evaluate_all("cards => cards.map((card) => card.offsetTop)")
    assert len(set(tops)) == 1, "three in a row"


@pytest.mark.parametrize("device", [{}, PHONE], ids=["wide", "phone"])
def test_what_stands_there_at_first_is_as_high_as_the_cards(
    visit: Visit, user: User, device: dict[str, Any]
) -> None:
    site = visit(user, at="/payment/cancelled", **device)
    site.expect_balance(0)
    held = hold(site.page, "**/api/packages")
    with site.page.expect_request("**/api/packages"):
        store = site.open_store()
    shelf = store.place.get_by_role("list", name="Credit packs")
    expect(shelf).to_have_attribute("aria-busy", "true")
    expect(store.packs).to_have_count(0)
    before = shelf.bounding_box()
    for route in held:
        route.continue_()
    expect(store.packs).to_have_count(3)
    expect(shelf).to_have_attribute("aria-busy", "false")
    after = shelf.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["height"] - before["height"]) <= 1
    assert abs(after["y"] - before["y"]) <= 1


def test_a_shop_that_sells_nothing_says_so(visit: Visit, database: Database) -> None:
    with changed(
        database,
        "update credit_packages set active = false",
        "update credit_packages set active = true",
    ):
        store = at_home(visit())
        expect(store.place.get_by_role("status")).to_contain_text("Nothing is on sale")
        expect(store.packs).to_have_count(0)


def test_a_store_that_was_offline_fills_when_the_network_is_back(
    visit: Visit, user: User, console: Console
) -> None:
    console.allow_failing("/api/packages", "/api/config", "/api/offers")
    site = visit(user, at="/payment/cancelled")
    site.expect_balance(0)
    # What a page may need later it has a moment after it is loaded.
    until_holds(site.page, IS_LOADED)
    site.page.context.set_offline(True)
    store = site.open_store()
    expect(store.problem).to_contain_text("You are offline")
    site.page.context.set_offline(False)
    expect(store.packs).to_have_count(3)
    expect(store.problem).to_have_count(0)


def test_while_one_pack_opens_another_does_not(buyer: Site) -> None:
    held = hold(buyer.page, f"**{CHECKOUT}")
    store = buyer.open_store()
    with buyer.page.expect_request(f"**{CHECKOUT}"):
        store.buy_button("Starter").click()
    expect(store.place.get_by_role("button", name="Opening checkout…")).to_be_focused()
    # Playwright waits for a button to be enabled, people do not.
    store.buy_button("Creator").dispatch_event("click")
    store.buy_button("Creator").press("Enter")
    assert len(held) == 1
    held[0].continue_()
    checkout = buyer.at_checkout()
    expect(checkout.page.get_by_role("heading", level=1)).to_contain_text("$4.99")


def test_a_problem_comes_into_view_from_the_last_card_of_a_phone(
    visit: Visit, user: User, stripe: StandIn, console: Console
) -> None:
    console.allow_failing(CHECKOUT)
    stripe.break_down()
    store = visit(user, **PHONE).open_store()
    store.buy_button("Professional").click()
    expect(store.problem).to_contain_text("Nothing was charged")
    expect(store.problem).to_be_in_viewport(ratio=1)
    title, problem = store.place.get_by_role("heading", name="Store"), store.problem
    header, message = title.bounding_box(), problem.bounding_box()
    assert header is not None
    assert message is not None
    assert header["y"] + header["height"] < message["y"], "not below the title"


def test_the_title_and_the_way_out_stay_in_view_on_a_phone(visit: Visit, user: User) -> None:
    store = visit(user, **PHONE).open_store()
    expect(store.prices).to_have_count(4)
    store.prices.last.scroll_into_view_if_needed()
    close = store.place.get_by_role("button", name="Close the store")
    expect(close).to_be_in_viewport(ratio=1)
    expect(store.place.get_by_role("heading", name="Store")).to_be_in_viewport(ratio=1)
    close.click()
    expect(store.place).to_be_hidden()
