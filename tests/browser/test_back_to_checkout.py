"""Back at the payment page, by the browser's button: it shows what became of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import shop
from tests.browser.pages import (
    CARD_WITH_3DS,
    CHECKOUT_URL,
    DECLINED_CARD,
    GOOD_CARD,
    PAID,
    Checkout,
)

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.support import RunningStack, User

WITH_CODES: SessionCreateParams = {
    "mode": "payment",
    "allow_promotion_codes": True,
    "line_items": [
        {
            "quantity": 1,
            "price_data": {
                "currency": "usd",
                "unit_amount": 499,
                "product_data": {"name": "Starter"},
            },
        }
    ],
    "success_url": "https://app.example.com/thanks",
}


def go_back(site: Site) -> Checkout:
    """Press the browser's button, and wait for the payment page."""
    site.page.evaluate("history.back()")
    # A page that the browser kept is not loaded again.
    site.page.wait_for_url(CHECKOUT_URL, wait_until="commit")
    return Checkout(site.page)


def expect_done(checkout: Checkout) -> None:
    """Expect a page on which nothing can be paid, and that leads on to the shop."""
    expect(checkout.page.get_by_role("heading", name="You are all done here")).to_be_visible()
    expect(checkout.pay_button).to_have_count(0)
    expect(checkout.page.get_by_role("link", name="Continue to")).to_be_visible()


def test_a_paid_page_says_so_and_leads_to_the_credits(
    buyer: Site, stack: RunningStack, user: User
) -> None:
    buyer.buy("Starter").pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)
    checkout = go_back(buyer)
    expect_done(checkout)
    checkout.page.get_by_role("link", name="Continue to").click()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)
    assert stack.balance_of(user) == 500


def test_a_page_that_was_declined_before_it_was_paid_asks_for_nothing_again(
    buyer: Site, console: Console
) -> None:
    """A page that is the answer to a form would be sent again, which the browser asks about."""
    console.allow_failing("/c/pay/")
    checkout = buyer.buy("Starter")
    checkout.try_card(DECLINED_CARD)
    expect(checkout.problem).to_be_visible()
    checkout.pay()
    buyer.expect_title(PAID)
    expect_done(go_back(buyer))


def test_a_declined_page_is_left_and_found_again(buyer: Site, console: Console) -> None:
    console.allow_failing("/c/pay/")
    checkout = buyer.buy("Starter")
    checkout.try_card(DECLINED_CARD)
    expect(checkout.problem).to_be_visible()
    checkout.page.wait_for_load_state()
    checkout.leave()
    checkout = go_back(buyer)
    checkout.pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


def test_a_code_that_was_refused_is_not_in_the_way_of_a_reload(
    buyer: Site, stack: RunningStack, console: Console
) -> None:
    console.allow_failing("/promotion")
    session = shop.stripe_client(stack).v1.checkout.sessions.create(WITH_CODES)
    page = buyer.page
    page.goto(str(session.url))
    page.get_by_label("Promotion code").fill("NO-SUCH-CODE")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("This code is invalid.")).to_be_visible()
    expect(page).to_have_url(str(session.url))
    page.reload()
    expect(page.get_by_text("This code is invalid.")).to_have_count(0)
    expect(Checkout(page).pay_button).to_be_enabled()


def test_a_bank_that_was_answered_is_not_asked_again(buyer: Site) -> None:
    checkout = buyer.buy("Starter")
    checkout.try_card(CARD_WITH_3DS)
    checkout.answer_bank("Complete")
    checkout.back_at_site()
    buyer.expect_title(PAID)
    expect_done(go_back(buyer))


def test_an_expired_page_says_so(buyer: Site, stack: RunningStack, console: Console) -> None:
    console.allow_failing("/c/pay/")
    checkout = buyer.buy("Starter")
    session_id = checkout.session_id
    checkout.leave()
    shop.stripe_client(stack).v1.checkout.sessions.expire(session_id)
    checkout = go_back(buyer)
    expect(checkout.page.get_by_role("heading", name="This checkout has expired")).to_be_visible()
    expect(checkout.pay_button).to_have_count(0)


@pytest.mark.parametrize("way", ["paid", "left"])
def test_a_page_that_the_browser_kept_shows_what_is_true_now(
    buyer_whose_browser_keeps_pages: Site, stack: RunningStack, way: str
) -> None:
    site = buyer_whose_browser_keeps_pages
    checkout = site.buy("Starter")
    session_id = checkout.session_id
    if way == "paid":
        checkout.pay()
        site.expect_title(PAID)
        expect_done(go_back(site))
        return
    checkout.leave()
    shop.pay(stack, session_id)
    expect_done(go_back(site))


def test_the_button_of_a_page_that_is_open_can_be_pressed_again(
    buyer_whose_browser_keeps_pages: Site,
) -> None:
    site = buyer_whose_browser_keeps_pages
    checkout = site.buy("Starter")
    checkout.leave()
    checkout = go_back(site)
    expect(checkout.pay_button).to_be_enabled()
    checkout.page.get_by_role("button", name=GOOD_CARD).click()
    checkout.pay_button.click()
    checkout.back_at_site()
    site.expect_paid("Starter", 500, "$4.99", balance=500)
