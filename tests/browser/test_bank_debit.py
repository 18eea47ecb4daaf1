"""Paying from a bank account: the order is complete at once, the money comes later or never."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.pages import Site
    from tests.browser.stand_in import StandIn

AT_WORK = "Your bank is still working on it"


@pytest.fixture
def session_id(buyer: Site) -> str:
    """A session whose bank debit is under way; its buyer looks at the return page."""
    session_id = buyer.buy("Creator").pay_by_bank()
    buyer.expect_title(AT_WORK)
    buyer.expect_balance(0)
    return session_id


def test_a_debit_that_is_pending_says_what_was_bought_and_how_long_it_takes(
    buyer: Site, session_id: str
) -> None:
    said = buyer.page.get_by_role("status").filter(has_text="two to five working days")
    expect(said).to_contain_text("Creator: 1,500 credits for $14.99.")
    expect(buyer.page.get_by_text(session_id)).to_be_visible()


def test_a_debit_that_arrives_is_credited(buyer: Site, stripe: StandIn, session_id: str) -> None:
    stripe.settle(session_id, "succeeded")
    buyer.expect_paid("Creator", 1500, "$14.99", balance=1500)


def test_a_debit_that_bounces_says_so(buyer: Site, stripe: StandIn, session_id: str) -> None:
    stripe.settle(session_id, "failed")
    buyer.expect_title("The payment did not go through")
    expect(buyer.page.get_by_text("There was not enough money in the account.")).to_be_visible()
    buyer.expect_balance(0)
    buyer.page.get_by_role("button", name="Back to the store").click()
    buyer.store.buy_button("Creator").click()
    buyer.at_checkout()
