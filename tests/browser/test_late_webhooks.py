"""The way back is quicker than the webhook, or the webhook has an accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Response, expect

from tests.browser.pages import CONFIRMING
from tests.support import until

if TYPE_CHECKING:
    from tests.browser.pages import Site
    from tests.browser.stand_in import StandIn
    from tests.support import RunningStack, User


def looked_up(response: Response) -> bool:
    """Whether this answers the return page's question what became of the payment."""
    return "session_id=" in response.url and response.url.split("?")[0].endswith("/api/credits")


def expect_nothing_claimed(site: Site) -> None:
    """Expect a return page that has asked twice more, and still promises nothing."""
    for _ in range(2):
        with site.page.expect_response(looked_up):
            pass
    site.expect_title(CONFIRMING)
    site.expect_balance(0)
    expect(site.page.get_by_text("New balance")).to_have_count(0)


def test_the_return_page_settles_by_itself_when_the_webhook_is_late(
    buyer: Site, stripe: StandIn
) -> None:
    stripe.hold_webhooks()
    buyer.buy("Starter").pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)
    stripe.release_webhooks()
    until(
        lambda: all(entry["delivered"] for entry in stripe.deliveries()),
        "the webhook was delivered",
    )
    buyer.page.reload()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


def test_success_is_not_claimed_before_stripe_has_said_so(buyer: Site, stripe: StandIn) -> None:
    checkout = buyer.buy("Starter")
    stripe.hold_webhooks()
    stripe.break_down()
    checkout.pay()
    expect_nothing_claimed(buyer)
    stripe.recover()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


def test_a_lost_webhook_credits_when_it_is_retried(
    buyer: Site, stripe: StandIn, stack: RunningStack, user: User
) -> None:
    checkout = buyer.buy("Starter")
    stripe.hold_webhooks()
    stripe.break_down()
    checkout.pay()
    waiting = [entry for entry in stripe.deliveries() if not entry["delivered"]]
    stripe.lose_webhooks()
    lost = {entry["id"] for entry in waiting}
    until(
        lambda: all(
            entry["attempts"] and not entry["delivered"]
            for entry in stripe.deliveries()
            if entry["id"] in lost
        ),
        "every delivery was lost once",
    )
    expect_nothing_claimed(buyer)
    stripe.retry_webhooks()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)
    assert stack.balance_of(user) == 500


def test_a_webhook_that_comes_twice_credits_once(buyer: Site, stripe: StandIn) -> None:
    stripe.deliver_twice()
    buyer.buy("Creator").pay()
    until(
        lambda: all(entry["delivered"] for entry in stripe.deliveries()),
        "both copies of every event were delivered",
    )
    buyer.open()
    buyer.expect_balance(1500)
    expect(buyer.history).to_have_count(1)


def test_whoever_leaves_before_the_webhook_finds_the_credits_later(
    buyer: Site, stripe: StandIn
) -> None:
    checkout = buyer.buy("Starter")
    stripe.hold_webhooks()
    stripe.break_down()
    checkout.pay()
    buyer.open()
    buyer.expect_balance(0)
    stripe.recover()
    until(
        lambda: all(entry["delivered"] for entry in stripe.deliveries()),
        "the webhook was delivered",
    )
    buyer.page.reload()
    buyer.expect_balance(500)
