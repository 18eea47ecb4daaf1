"""The desk's prices, each with the card that customers will see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.browser.conftest import Visit
    from tests.support import User


def test_a_price_is_changed_with_the_card_in_view(
    visit: Visit, admin: User, database: Connection[dict[str, Any]]
) -> None:
    page = visit(admin, at="/admin#prices").page
    page.get_by_role("button", name="Change Creator").click()
    dialog = page.get_by_role("dialog", name="Change Creator")
    dialog.get_by_label("Price").fill("0.10")
    dialog.get_by_label("Reason").fill("A sale")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Stripe charges at least $0.50.")).to_be_visible()
    dialog.get_by_label("Price").fill("12.50")
    expect(dialog.locator(".pack")).to_contain_text("$12.50")
    try:
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Creator is saved.")).to_be_focused()
        expect(page.get_by_role("row", name=re.compile("Creator"))).to_contain_text("$12.50")
    finally:
        database.execute("update credit_packages set unit_amount = 1499 where id = 'creator'")


def test_further_prices_are_written_with_their_cards_in_view(
    visit: Visit, admin: User, database: Connection[dict[str, Any]]
) -> None:
    page = visit(admin, at="/admin#prices").page
    page.get_by_role("button", name="Prices of Starter").click()
    dialog = page.get_by_role("dialog", name="Prices of Starter")
    expect(dialog.get_by_text("Its own price is $4.99.")).to_be_visible()
    dialog.get_by_role("button", name="Add a currency").click()
    expect(dialog.get_by_label("Currency")).to_be_focused()
    dialog.get_by_label("Reason").fill("We sell in Kuwait")
    save = dialog.get_by_role("button", name="Save")
    for currency, price, problem in (
        ("usd", "3.99", "The pack has another price in this currency."),
        ("xxx", "3.99", "Stripe does not charge in this currency."),
        ("kwd", "1.5301", "Write a price with at most 3 decimals."),
        ("kwd", "0.040", "Stripe charges at least KWD\xa00.050."),
        ("kwd", "1.531", "The price must be a multiple of KWD\xa00.010."),
    ):
        dialog.get_by_label("Currency").fill(currency)
        dialog.get_by_label("Price").fill(price)
        save.click()
        expect(dialog.get_by_text(problem)).to_be_visible()
    dialog.get_by_label("Price").fill("1.530")
    expect(dialog.locator(".pack")).to_have_count(2)
    expect(dialog.locator(".pack").last).to_contain_text("KWD\xa01.530")
    try:
        save.click()
        expect(page.get_by_text("The prices of Starter are saved.")).to_be_focused()
        row = page.get_by_role("row", name=re.compile("Starter"))
        expect(row).to_contain_text("KWD\xa01.530")
        page.get_by_role("button", name="Prices of Starter").click()
        dialog.get_by_role("button", name="Remove KWD").click()
        expect(dialog.get_by_role("button", name="Add a currency")).to_be_focused()
        expect(dialog.locator(".pack")).to_have_count(1)
        dialog.get_by_label("Reason").fill("No longer")
        save.click()
        expect(page.get_by_text("The prices of Starter are saved.")).to_be_focused()
        expect(row).to_contain_text("none")
    finally:
        database.execute("delete from package_prices where package_id = 'starter'")
