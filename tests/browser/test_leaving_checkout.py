"""Leaving the payment page without paying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.pages import CHECKOUT_URL
from tests.browser.waiting import until_holds

if TYPE_CHECKING:
    from tests.browser.pages import Site


def test_the_way_back_charges_nothing_and_leads_to_the_store(buyer: Site) -> None:
    buyer.buy("Creator").leave()
    buyer.expect_title("Nothing was charged")
    buyer.expect_balance(0)
    buyer.page.get_by_role("link", name="Back to the store").click()
    expect(buyer.store.place).to_be_visible()
    buyer.store.buy_button("Creator").click()
    buyer.at_checkout()


def test_the_store_opened_on_the_way_back_does_not_open_at_every_reload(buyer: Site) -> None:
    buyer.open("/?store=1")
    expect(buyer.store.place).to_be_visible()
    buyer.page.reload()
    buyer.expect_balance(0)
    expect(buyer.store.place).to_be_hidden()


def test_the_back_button_leaves_a_store_that_sells(buyer: Site) -> None:
    buyer.buy("Creator")
    buyer.page.go_back()
    buyer.expect_balance(0)
    buyer.buy("Starter")


def test_a_page_kept_by_the_browser_sells_again(buyer_whose_browser_keeps_pages: Site) -> None:
    site = buyer_whose_browser_keeps_pages
    site.page.evaluate("addEventListener('pageshow', (e) => (window.wasKept = e.persisted))")
    site.buy("Creator")
    site.page.evaluate("history.back()")
    until_holds(site.page, "window.wasKept === true")
    expect(site.store.place).to_be_visible()
    expect(site.store.buy_button("Creator")).to_have_attribute("aria-disabled", "false")
    site.store.buy_button("Creator").click()
    site.page.wait_for_url(CHECKOUT_URL)
