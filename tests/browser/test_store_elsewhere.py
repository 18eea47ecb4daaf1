"""The store on a page of another app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.host_page import enter
from tests.browser.pages import CHECKOUT_URL, GOOD_CARD, Checkout, Store
from tests.browser.test_store import GAPS, card
from tests.database.campaigns import campaign
from tests.offers import offered

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from psycopg import Connection

    from tests.browser.conftest import OpenHost
    from tests.browser.console import Console
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]

pytestmark = pytest.mark.npm
CHECKOUT = "/api/create-checkout-session"


def store_of(page: Page) -> Store:
    return Store(page.locator("credit-store"))


def set_addresses(page: Page, **attributes: str) -> None:
    page.locator("credit-store").evaluate(
        """(store, attributes) => Object.entries(attributes).forEach(
          ([name, value]) => store.setAttribute(name.replace("_", "-"), value))""",
        attributes,
    )


def test_a_purchase_goes_on_when_its_buyer_has_signed_in_and_ends_on_the_page(
    open_host: OpenHost, host: str, user: User
) -> None:
    page = open_host("/?tab=credits&session_id=old#top")
    page.evaluate(
        "document.addEventListener('credits:sign-in', ({ detail }) => (window.asked = detail))"
    )
    store = store_of(page)
    store.buy_button("Starter").click()
    expect(store.place.get_by_role("status")).to_contain_text("Sign in to buy Starter.")
    assert page.evaluate("asked") == {"package": "starter"}
    expect(page.get_by_label("E-mail")).to_be_focused()
    enter(page, user)
    page.wait_for_url(CHECKOUT_URL)
    page.get_by_role("link", name="Back to").click()
    page.wait_for_url(f"{host}/?tab=credits")
    store.buy_button("Starter").click()
    page.wait_for_url(CHECKOUT_URL)
    Checkout(page).try_card(GOOD_CARD)
    page.wait_for_url(f"{host}/?tab=credits&session_id=cs_test_*")
    expect(card(store, "Starter")).to_contain_text("Then your balance is 1,000 credits.")


def test_who_thinks_better_of_it_is_not_led_to_the_payment_page(
    open_host: OpenHost, host: str, user: User
) -> None:
    page = open_host()
    ordered: list[str] = []
    page.on("request", lambda request: ordered.append(request.url))
    store = store_of(page)
    store.buy_button("Starter").click()
    store.place.get_by_role("button", name="Not now").click()
    expect(store.place.get_by_role("status")).to_have_count(0)
    enter(page, user)
    expect(card(store, "Starter")).to_contain_text("Then your balance is 500 credits.")
    page.wait_for_load_state("networkidle")
    assert page.url == f"{host}/"
    assert not [url for url in ordered if url.endswith(CHECKOUT)]


def test_the_page_names_where_its_buyers_go(open_host: OpenHost, host: str, user: User) -> None:
    page = open_host()
    enter(page, user)
    set_addresses(page, return_url="/getter.html?paid", cancel_url="?left")
    store = store_of(page)
    expect(card(store, "Starter")).to_contain_text("Then your balance is 500 credits.")
    store.buy_button("Starter").click()
    page.wait_for_url(CHECKOUT_URL)
    page.get_by_role("link", name="Back to").click()
    page.wait_for_url(f"{host}/?left")
    set_addresses(page, return_url="/getter.html?paid")
    store.buy_button("Starter").click()
    page.wait_for_url(CHECKOUT_URL)
    Checkout(page).try_card(GOOD_CARD)
    page.wait_for_url(f"{host}/getter.html?paid&session_id=cs_test_*")


def test_a_refused_address_is_explained_to_buyer_and_developer(
    open_host: OpenHost, user: User, console: Console
) -> None:
    said = "credit-store, return-url and cancel-url: return_url must be within one of the origins"
    console.allow_failing(CHECKOUT)
    console.allow_saying(said)
    page = open_host()
    enter(page, user)
    set_addresses(page, return_url="https://elsewhere.example.com/")
    store = store_of(page)
    expect(card(store, "Starter")).to_contain_text("Then your balance is 500 credits.")
    store.buy_button("Starter").click()
    expect(store.problem).to_contain_text("Nothing can be bought on this page")
    expect(store.problem).to_contain_text("Nothing was charged.")
    assert [text for text in console.all if said in text]


def test_offers_and_codes_work_there_and_the_page_keeps_its_storage_to_itself(
    open_host: OpenHost, user: User, purse: Purse, database: Database
) -> None:
    purse.buy(100)
    offered(database, user.id)
    database.execute("insert into package_prices values ('starter', 'eur', 449)")
    try:
        page = open_host()
        enter(page, user)
        store = store_of(page)
        expect(store.offers).to_contain_text("Then your balance is 20,100 credits.")
        store.currency.select_option("eur")
        expect(card(store, "Starter")).to_contain_text("€4.49")
        assert page.evaluate("Object.keys(localStorage).filter((k) => /^purse\\./.test(k))") == []
        store.code.get_by_text("Have a code?").click()
        store.code.get_by_label("Code").fill(campaign(database, once=True).code)
        store.code.get_by_label("Code").press("Enter")
        expect(store.code.get_by_role("status")).to_contain_text("50 credits added")
        expect(card(store, "Creator")).to_contain_text("Then your balance is 1,650 credits.")
        page.get_by_role("button", name="Leave").click()
        expect(store.offers).to_have_count(0)
        expect(store.code).to_be_hidden()
        expect(card(store, "Creator")).not_to_contain_text("Then your balance")
    finally:
        database.execute("delete from package_prices")


def test_a_store_that_comes_back_shows_the_next_person_nothing_of_the_last_one(
    open_host: OpenHost, stack: RunningStack, purse: Purse, user: User, console: Console
) -> None:
    console.allow_failing("/api/redeem")
    purse.buy(100)
    offered(purse.database, user.id)
    page = open_host()
    enter(page, user)
    store = store_of(page)
    expect(store.offers).to_have_count(1)
    store.code.get_by_text("Have a code?").click()
    store.code.get_by_label("Code").fill("SPRING")
    store.code.get_by_label("Code").press("Enter")
    expect(store.code.get_by_role("alert")).not_to_be_empty()
    page.evaluate("globalThis.away = document.querySelector('credit-store'); away.remove()")
    page.get_by_role("button", name="Leave").click()
    expect(page.locator("credit-balance")).to_have_attribute("data-state", "signed-out")
    enter(page, stack.sign_up())
    expect(page.locator("credit-balance .purse__amount")).to_have_text("0")
    page.route("**/api/offers", lambda _route: None)
    page.evaluate("document.querySelector('main').append(away)")
    expect(store.packs).to_have_count(3)
    assert store.offers.count() == 0
    expect(store.code.get_by_label("Code")).to_have_value("")
    expect(store.code.locator("[role=alert]")).to_be_empty()


def test_the_cards_are_laid_out_by_the_room_that_the_page_gives(open_host: OpenHost) -> None:
    page = open_host(viewport={"width": 1280, "height": 900})
    store = store_of(page)
    expect(store.packs).to_have_count(3)
    shelf = store.place.get_by_role("list", name="Credit packs")
    for width, rows in ((280, 3), (500, 2), (700, 1)):
        store.place.evaluate(f"store => (store.style.inlineSize = '{width}px')")
        assert shelf.evaluate(GAPS) == [], width
        tops = store.packs.evaluate_all("cards => cards.map((card) => card.offsetTop)")
        assert len(set(tops)) == rows, width
    # By itself it does not vanish in a row of the page.
    store.place.evaluate("store => (store.style.inlineSize = '')")
    page.locator("main").evaluate("main => (main.style.display = 'flex')")
    width = store.place.evaluate("store => store.getBoundingClientRect().width")
    assert width >= 280
