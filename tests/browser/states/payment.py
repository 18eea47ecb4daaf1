"""The return page in each outcome, and the page for those who did not pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests import shop
from tests.browser.pages import CONFIRMING, PAID
from tests.browser.states.stage import Stage, State

if TYPE_CHECKING:
    from collections.abc import Iterator


def outcomes(stage: Stage) -> Iterator[State]:
    """Paid, not confirmed yet, waiting for the bank, and refused by it."""
    user = stage.person()
    with stage.visit(user) as site:
        site.open()
        checkout = site.buy("Creator")
        stage.stripe.hold_webhooks()
        stage.stripe.break_down()
        checkout.pay()
        site.expect_title(CONFIRMING)
        yield State("payment-confirming", site.page)
        stage.stripe.recover()
        site.expect_title(PAID)
        yield State("payment-paid", site.page)
        site.open()
        session_id = site.buy("Creator").pay_by_bank()
        site.expect_title("Your bank is still working on it")
        yield State("payment-at-the-bank", site.page)
        stage.stripe.settle(session_id, "failed")
        site.expect_title("The payment did not go through")
        yield State("payment-refused", site.page)


def other_ways(stage: Stage) -> Iterator[State]:
    """Not theirs, not paid, run out, unknown to Stripe, without an id, signed out, cancelled."""
    user = stage.person()
    with stage.visit(user) as site:
        site.open("/payment/success?session_id=cs_test_unknown")
        site.expect_title("This payment is not in your account")
        yield State("payment-not-theirs", site.page)
        session_id = shop.begin(stage.stack, user)
        site.open(f"/payment/success?session_id={session_id}")
        site.expect_title("Not paid yet")
        yield State("payment-not-paid", site.page)
        shop.stripe_client(stage.stack).v1.checkout.sessions.expire(session_id)
        site.open(f"/payment/success?session_id={session_id}")
        site.expect_title("This checkout has run out")
        yield State("payment-run-out", site.page)
        site.open(f"/payment/success?session_id={shop.begin_elsewhere(stage.stack, user)}")
        site.expect_title("We cannot look up this payment")
        yield State("payment-unknown-to-stripe", site.page)
        site.open("/payment/success")
        site.expect_title("This link names no payment")
        yield State("payment-without-id", site.page)
        site.open("/payment/cancelled")
        site.expect_title("Nothing was charged")
        yield State("payment-cancelled", site.page)
    with stage.visit() as site:
        site.open("/payment/success?session_id=cs_test_abc")
        site.expect_title("Sign in to see your payment")
        yield State("payment-signed-out", site.page)


def german(stage: Stage) -> Iterator[State]:
    """Cancelled, and no payment, in German."""
    with stage.visit(stage.person(), locale="de-DE") as site:
        for path, title, name in (
            ("/payment/cancelled", "Es wurde nichts abgebucht", "german-payment-cancelled"),
            ("/payment/success", "Dieser Link nennt keine Zahlung", "german-payment-without-id"),
        ):
            site.open(path)
            site.expect_title(title)
            expect(site.page.get_by_role("button", name="Shop öffnen")).to_be_visible()
            yield State(name, site.page)


WALKS = (outcomes, other_ways, german)
