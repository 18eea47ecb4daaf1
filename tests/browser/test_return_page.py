"""The return page, for those who come to it by other ways."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.pages import CONFIRMING, PAID

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.pages import Site
    from tests.support import RunningStack, User

LOOKS_PER_TWO_MINUTES = 400


def let_two_minutes_pass(site: Site) -> None:
    """Turn the page's clock on until it gives up waiting for a confirmation."""
    again = site.page.get_by_role("button", name="Check again")
    for _ in range(LOOKS_PER_TWO_MINUTES):
        if again.is_visible():
            return
        site.page.clock.run_for(1000)
    raise AssertionError("the return page never gave up")


def expect_no_purchase(site: Site, session_id: str) -> None:
    """Expect a page that looks for two minutes, finds nothing, and claims nothing."""
    site.page.clock.install()
    site.open(f"/payment/success?session_id={session_id}")
    site.expect_title(CONFIRMING)
    let_two_minutes_pass(site)
    site.expect_title("No confirmation yet")
    expect(site.page.get_by_text(session_id)).to_be_visible()
    expect(site.page.get_by_text("credits for")).to_have_count(0)
    site.expect_balance(0)


def test_an_unknown_session_is_never_confirmed(buyer: Site) -> None:
    expect_no_purchase(buyer, f"cs_test_{secrets.token_hex(12)}")


def test_somebody_elses_session_shows_no_purchase(
    buyer: Site, visit: Visit, stack: RunningStack
) -> None:
    session_id = buyer.buy("Creator").pay()
    buyer.expect_title(PAID)
    expect_no_purchase(visit(stack.sign_up()), session_id)


@pytest.mark.parametrize("query", ["", "?session_id=%3Cb%3E"])
def test_a_return_without_a_session_names_no_payment(buyer: Site, query: str) -> None:
    buyer.open(f"/payment/success{query}")
    buyer.expect_title("This link names no payment")
    buyer.expect_balance(0)


def test_whoever_comes_back_signed_out_signs_in_and_sees_it(
    buyer: Site, visitor: Site, user: User
) -> None:
    session_id = buyer.buy("Starter").pay()
    visitor.open(f"/payment/success?session_id={session_id}")
    visitor.expect_title("Sign in to see your payment")
    visitor.sign_in(user.email, user.password)
    visitor.expect_paid("Starter", 500, "$4.99", balance=500)
