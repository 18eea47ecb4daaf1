"""The store in the buyer's currency: by choice, by country, and where a pack has no price in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.pages import PHONE, Store
from tests.browser.test_layout import TOO_WIDE_BY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from playwright.sync_api import Route

    from tests.browser.conftest import Visit
    from tests.browser.pages import Site
    from tests.support import User

    Database = psycopg.Connection[dict[str, Any]]

PRICES = (
    ("starter", "eur", 449),
    ("starter", "jpy", 731),
    ("creator", "eur", 1349),
    ("professional", "eur", 2699),
    ("professional", "kwd", 9180),
)


@pytest.fixture(autouse=True)
def _prices_in_further_currencies(database: Database) -> Iterator[None]:
    for price in PRICES:
        database.execute("insert into package_prices values (%s, %s, %s)", price)
    yield
    database.execute("delete from package_prices")


def prices(store: Store) -> Any:
    return store.packs.locator(".pack__price strong")


def from_germany(visit: Visit) -> Site:
    """Open the site where Vercel says that the visitor is in Germany."""
    site = visit()

    def go_on(route: Route) -> None:
        route.continue_(headers={**route.request.headers, "x-vercel-ip-country": "DE"})

    site.page.route("**/api/config", go_on)
    site.page.reload()
    return site


def at_home(site: Site) -> Store:
    return Store(site.page.get_by_role("region", name="Pick a pack"))


def test_a_choice_is_remembered_and_paid_in(visit: Visit, user: User) -> None:
    site = visit(user)
    store = site.open_store()
    expect(prices(store)).to_have_text(["$4.99", "$14.99", "$29.99"])
    expect(store.currency).to_have_value("usd")
    expect(store.currency.locator("option")).to_have_text(
        ["USD · US Dollar", "EUR · Euro", "JPY · Japanese Yen", "KWD · Kuwaiti Dinar"]
    )
    store.currency.focus()
    store.currency.select_option("eur")
    expect(store.currency).to_be_focused()
    expect(prices(store)).to_have_text(["€4.49", "€13.49", "€26.99"])
    expect(store.packs.first).to_contain_text("€0.90 per 100")
    expect(store.packs.last).to_contain_text("Save 14%")

    site.page.reload()
    store = site.open_store()
    expect(prices(store)).to_have_text(["€4.49", "€13.49", "€26.99"])
    expect(store.currency).to_have_value("eur")
    store.buy_button("Starter").click()
    site.at_checkout().pay()
    site.expect_paid("Starter", 500, "€4.49", balance=500)


def test_a_pack_without_a_price_says_what_is_paid_in(visit: Visit, user: User) -> None:
    site = visit(user)
    store = site.open_store()
    store.currency.select_option("kwd")
    expect(prices(store)).to_have_text(["$4.99", "$14.99", "KWD\xa09.180"])
    for pack in ("Starter", "Creator"):
        card = store.packs.filter(has_text=pack)
        expect(card).to_contain_text("No price in KWD. You pay in USD.")
    expect(store.packs.last).not_to_contain_text("No price")
    # Prices in different currencies are not compared.
    expect(store.packs.last).not_to_contain_text("Save")
    store.buy_button("Starter").click()
    site.at_checkout().pay()
    site.expect_paid("Starter", 500, "$4.99", balance=500)


@pytest.mark.parametrize(
    ("currency", "bought"),
    [("jpy", ("Starter", 500, "¥731")), ("kwd", ("Professional", 3500, "KWD\xa09.180"))],
)
def test_no_and_three_decimals_are_paid_and_shown(
    visit: Visit, user: User, currency: str, bought: tuple[str, int, str]
) -> None:
    pack, credits_, price = bought
    site = visit(user)
    store = site.open_store()
    store.currency.select_option(currency)
    store.buy_button(pack).click()
    site.at_checkout().pay()
    site.expect_paid(pack, credits_, price, balance=credits_)


def test_the_country_proposes_and_the_choice_decides(visit: Visit) -> None:
    site = from_germany(visit)
    store = at_home(site)
    expect(prices(store)).to_have_text(["€4.49", "€13.49", "€26.99"])
    expect(store.currency).to_have_value("eur")
    store.currency.select_option("usd")
    expect(prices(store)).to_have_text(["$4.99", "$14.99", "$29.99"])
    site.page.reload()
    expect(prices(store)).to_have_text(["$4.99", "$14.99", "$29.99"])


def test_a_browsers_language_proposes_no_currency(visit: Visit) -> None:
    site = visit(locale="de-DE")
    store = Store(site.page.get_by_role("region", name="Paket auswählen"))
    amounts = store.place.locator(".pack__price strong")
    expect(amounts).to_have_text(["4,99\xa0$", "14,99\xa0$", "29,99\xa0$"])
    choice = store.place.get_by_label("Währung")
    expect(choice.locator("option").first).to_have_text("USD · US-Dollar")
    choice.select_option("jpy")
    expect(amounts.first).to_have_text("731\xa0¥")
    expect(store.place.get_by_text("Kein Preis in JPY. Sie zahlen in USD.")).to_have_count(2)


def test_a_choice_in_another_tab_counts_here(visit: Visit) -> None:
    site = visit()
    expect(prices(at_home(site)).first).to_have_text("$4.99")
    other = site.page.context.new_page()
    other.goto(site.url)
    other.get_by_label("Currency").select_option("eur")
    expect(prices(at_home(site)).first).to_have_text("€4.49")


def test_a_choice_that_is_no_longer_offered_does_not_count(visit: Visit) -> None:
    site = visit()
    site.page.evaluate("localStorage.setItem('purse.currency', 'chf')")
    site.page.reload()
    expect(prices(at_home(site))).to_have_text(["$4.99", "$14.99", "$29.99"])
    expect(at_home(site).currency).to_have_value("usd")
    expect(site.page.get_by_text("No price in")).to_have_count(0)


def test_packs_of_several_own_currencies_are_shown_in_their_own(
    visit: Visit, database: Database
) -> None:
    database.execute("delete from package_prices where package_id = 'starter'")
    database.execute("update credit_packages set currency = 'eur' where id = 'starter'")
    try:
        site = visit()
        store = at_home(site)
        expect(prices(store)).to_have_text(["€4.99", "$14.99", "$29.99"])
        expect(store.currency.locator("option:checked")).to_have_attribute("value", "own")
        store.currency.select_option("eur")
        expect(prices(store)).to_have_text(["€4.99", "€13.49", "€26.99"])
        store.currency.select_option("own")
        site.page.reload()
        expect(prices(store)).to_have_text(["€4.99", "$14.99", "$29.99"])
    finally:
        database.execute("update credit_packages set currency = 'usd' where id = 'starter'")


def test_a_shop_of_one_currency_offers_no_choice(visit: Visit, database: Database) -> None:
    database.execute("delete from package_prices")
    site = from_germany(visit)
    expect(prices(at_home(site)).first).to_have_text("$4.99")
    expect(site.page.get_by_label("Currency")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_choice_fits_on_a_phone(visit: Visit, user: User, language: str) -> None:
    site = visit(user, at=f"/?lang={language}", **PHONE)
    site.page.locator("balance-pill button").click()
    choice = site.page.locator("dialog.store .packs__currency select")
    choice.select_option("kwd")
    expect(site.page.locator("dialog.store .pack__fallback")).to_have_count(2)
    box = choice.bounding_box()
    assert box is not None
    assert box["height"] >= 44  # as large as a finger
    assert site.page.evaluate(TOO_WIDE_BY) == 0
