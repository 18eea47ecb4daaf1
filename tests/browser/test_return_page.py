"""The return page, for those who come to it by other ways."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from tests import shop
from tests.browser.pages import CONFIRMING, POOR_CARD, Site
from tests.support import until

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.stand_in import StandIn
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


def expect_not_theirs(site: Site, user: User, session_id: str) -> None:
    """Expect a page that says at once that this person has no such payment."""
    site.open(f"/payment/success?session_id={session_id}")
    site.expect_title("This payment is not in your account")
    said = site.page.get_by_role("status").filter(has_text=f"You are signed in as {user.email}.")
    expect(said).to_be_visible()
    expect(site.page.get_by_text(session_id)).to_be_visible()
    expect(site.page.get_by_text("credits for")).to_have_count(0)
    site.expect_balance(0)


def test_an_unknown_session_is_told_at_once(buyer: Site, user: User) -> None:
    expect_not_theirs(buyer, user, f"cs_test_{secrets.token_hex(12)}")


def test_somebody_elses_session_is_told_at_once_and_the_owner_signs_in(
    visit: Visit, stack: RunningStack, user: User
) -> None:
    session_id = shop.buy(stack, user)
    stranger = stack.sign_up()
    site = visit(stranger)
    expect_not_theirs(site, stranger, session_id)
    site.page.get_by_role("button", name="Use another account").click()
    site.expect_title("Sign in to see your payment")
    expect(site.page.get_by_role("heading", level=1)).to_be_focused()
    site.sign_in(user.email, user.password)
    site.expect_paid("Starter", 500, "$4.99", balance=500)
    expect(site.page.get_by_role("heading", level=1)).to_be_focused()


def test_a_payment_of_theirs_that_stripe_does_not_know_can_be_asked_about(
    buyer: Site, stack: RunningStack, user: User
) -> None:
    session_id = shop.begin_elsewhere(stack, user)
    buyer.open(f"/payment/success?session_id={session_id}")
    buyer.expect_title("We cannot look up this payment")
    said = "Starter: 500 credits for $4.99."
    expect(buyer.page.get_by_text(said)).to_be_visible()
    expect(buyer.page.get_by_text("If you were charged, your credits come")).to_be_visible()
    expect(buyer.page.get_by_text(session_id)).to_be_visible()
    expect(buyer.page.get_by_role("button", name="Check again")).to_be_visible()
    # Asked again at once, the server does not ask Stripe; what was said stands.
    with buyer.page.expect_response("**/api/credits?*session_id=*") as answer:
        pass
    answer.value.finished()
    buyer.page.evaluate("() => new Promise(requestAnimationFrame)")
    buyer.expect_title("We cannot look up this payment")


def test_an_unknown_session_waits_for_a_stripe_that_does_not_answer(
    buyer: Site, stripe: StandIn
) -> None:
    stripe.break_down()
    buyer.page.clock.install()
    buyer.open(f"/payment/success?session_id=cs_test_{secrets.token_hex(12)}")
    buyer.expect_title(CONFIRMING)
    expect(buyer.page.get_by_text("Stripe does not answer just now.")).to_be_visible()
    let_two_minutes_pass(buyer)
    buyer.expect_title("No confirmation yet")
    stripe.recover()
    buyer.page.get_by_role("button", name="Check again").click()
    expect(buyer.page.get_by_role("heading", level=1)).to_be_focused()
    buyer.page.clock.resume()
    buyer.expect_title("This payment is not in your account")


def test_a_paid_pack_leads_to_its_use_and_to_its_receipt(buyer: Site) -> None:
    buyer.buy("Starter").pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)
    page = buyer.page
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Receipt").click()
    expect(opened.value.get_by_text("$4.99").first).to_be_visible()
    opened.value.close()
    page.reload()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)
    page.get_by_role("link", name="Use credits").click()
    buyer.expect_title("Files")


def test_an_open_payment_page_is_found_again(buyer: Site, stack: RunningStack, user: User) -> None:
    session_id = shop.begin(stack, user)
    buyer.open(f"/payment/success?session_id={session_id}")
    buyer.expect_title("Not paid yet")
    expect(buyer.page.get_by_text("Starter: 500 credits for $4.99.")).to_be_visible()
    buyer.page.get_by_role("link", name="Go to the payment page").click()
    assert buyer.at_checkout().pay() == session_id
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


def test_an_open_payment_page_that_is_paid_elsewhere_is_noticed(
    buyer: Site, stack: RunningStack, user: User
) -> None:
    session_id = shop.begin(stack, user)
    buyer.open(f"/payment/success?session_id={session_id}")
    buyer.expect_title("Not paid yet")
    shop.pay(stack, session_id)
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


def test_a_declined_attempt_says_why_on_an_open_page(
    buyer: Site, stack: RunningStack, user: User
) -> None:
    session_id = shop.begin(stack, user)
    page = f"{stack.stripe_api_base}/c/pay/{session_id}"
    card = {"number": POOR_CARD, "expiry": "12 / 34", "cvc": "123", "name": "Ada"}
    assert httpx.post(page, data={"method": "card", **card}, timeout=30).status_code == 402
    until(lambda: shop.purchase(stack, session_id)["decline_code"], "the decline is recorded")
    buyer.open(f"/payment/success?session_id={session_id}")
    buyer.expect_title("Not paid yet")
    expect(buyer.page.get_by_text("There was not enough money in the account.")).to_be_visible()


def test_an_expired_checkout_leads_back_to_the_store(
    buyer: Site, stack: RunningStack, user: User
) -> None:
    session_id = shop.begin(stack, user)
    shop.stripe_client(stack).v1.checkout.sessions.expire(session_id)
    buyer.open(f"/payment/success?session_id={session_id}")
    buyer.expect_title("This checkout has run out")
    buyer.page.get_by_role("button", name="Back to the store").click()
    buyer.store.buy_button("Starter").click()
    buyer.at_checkout()


def test_two_tabs_and_the_back_button_show_one_purchase(buyer: Site) -> None:
    session_id = buyer.buy("Starter").pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)
    second = Site(buyer.page.context.new_page(), buyer.url)
    second.open(f"/payment/success?session_id={session_id}")
    second.expect_paid("Starter", 500, "$4.99", balance=500)
    buyer.page.get_by_role("link", name="See your balance").click()
    expect(buyer.history).to_have_count(1)
    buyer.page.go_back()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


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
