"""A code that is redeemed in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from api._lib.credits.codes import new_code
from tests.database.campaigns import campaign

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from psycopg import Connection

    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.support import RunningStack


@pytest.fixture
def code(database: Connection[dict[str, Any]]) -> str:
    """A code that works once and gives 50 credits."""
    return campaign(database, once=True).code


def redeem(site: Site, typed: str) -> Locator:
    """Open the form if it is not open, type a code and press Enter; return the form."""
    form = site.store.code
    if form.get_attribute("open") is None:
        form.get_by_text("Have a code?").click()
        expect(form.get_by_label("Code")).to_be_focused()
    form.get_by_label("Code").fill(typed)
    form.get_by_label("Code").press("Enter")
    return form


def test_a_code_becomes_credits_where_the_person_is(
    buyer: Site, console: Console, code: str
) -> None:
    console.allow_failing("/api/redeem")
    buyer.open_store()
    form = redeem(buyer, "no such code")
    expect(form.get_by_role("alert")).to_contain_text("Check how it is spelled.")
    expect(form.get_by_label("Code")).to_be_focused()
    expect(form.get_by_label("Code")).to_have_value("no such code")
    form = redeem(buyer, code.lower())
    expect(form.get_by_role("status")).to_have_text("50 credits added: Book fair.")
    expect(form.get_by_role("alert")).to_have_count(0)
    expect(form.get_by_label("Code")).to_have_value("")
    form = redeem(buyer, code)
    expect(form.get_by_role("status")).to_have_text(
        "You have redeemed this code already: Book fair."
    )
    buyer.page.get_by_role("button", name="Close the store").click()
    buyer.expect_balance(50)
    expect(buyer.page.get_by_text("Book fair").first).to_be_visible()


def test_an_empty_field_asks_for_the_code(buyer: Site) -> None:
    buyer.open_store()
    expect(redeem(buyer, " ").get_by_role("alert")).to_have_text("Enter the code first.")


def test_too_many_tries_say_when_to_come_back(buyer: Site, console: Console) -> None:
    console.allow_failing("/api/redeem")
    buyer.open_store()
    for _ in range(10):
        with buyer.page.expect_response("**/api/redeem"):
            form = redeem(buyer, new_code())
        expect(form.get_by_role("button")).to_have_text("Redeem")
    expect(redeem(buyer, new_code()).get_by_role("alert")).to_have_text(
        "Too many codes were tried. Try again in an hour."
    )


def test_nobody_is_asked_for_a_code_before_signing_in(visitor: Site) -> None:
    expect(visitor.page.get_by_role("button", name="Buy Starter")).to_be_visible()
    expect(visitor.page.get_by_text("Have a code?")).to_be_hidden()


def test_the_form_stays_closed_until_it_is_wanted(buyer: Site) -> None:
    form = buyer.open_store().code
    expect(form.get_by_text("Have a code?")).to_be_visible()
    expect(form.get_by_label("Code")).to_be_hidden()


def test_the_next_person_finds_the_form_closed_and_empty(
    buyer: Site, console: Console, stack: RunningStack
) -> None:
    console.allow_failing("/api/redeem")
    buyer.open_store()
    expect(redeem(buyer, "no such code").get_by_role("alert")).to_be_visible()
    buyer.page.keyboard.press("Escape")
    buyer.sign_out()
    buyer.expect_signed_out()
    other = stack.sign_up()
    buyer.sign_in(other.email, other.password)
    form = buyer.open_store().code
    expect(form.get_by_label("Code")).to_be_hidden()
    form.get_by_text("Have a code?").click()
    expect(form.get_by_label("Code")).to_have_value("")
    expect(form.get_by_role("alert")).to_have_count(0)
