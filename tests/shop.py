"""A customer of the running stack: begins a checkout here, pays on the Stripe stand-in's page."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import stripe

from tests import plain_http

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import RunningStack, User

# Settings of a shop that offers withdrawals. It has to be told of them; its customers get no mail.
WITHDRAWING = {
    "WITHDRAWAL_DAYS": "14",
    "SMTP_HOST": "127.0.0.1",
    "MAIL_FROM": "shop@example.com",
    "MAIL_OWNER": "owner@example.com",
    "MAIL_TO_CUSTOMERS": "false",
}


def stripe_client(stack: RunningStack) -> stripe.StripeClient:
    """Stripe, as whoever holds the secret key sees it."""
    return stripe.StripeClient(
        stack.stripe_secret_key, base_addresses={"api": stack.stripe_api_base}
    )


def begin(stack: RunningStack, user: User, package: str = "starter") -> str:
    """Begin a checkout; return its session's id."""
    answer = stack.post(
        "/api/create-checkout-session", json={"package_type": package}, headers=user.auth
    )
    answer.raise_for_status()
    session_id: str = answer.json()["id"]
    return session_id


def pay(
    stack: RunningStack, session_id: str, number: str = "4242 4242 4242 4242", **details: str
) -> None:
    """Pay by card on the hosted page, and enter what else it asks for."""
    card = {"number": number, "expiry": "12 / 34", "cvc": "123", "name": "Ada"}
    _submit(stack, session_id, {"method": "card", **card, **details})


def promote(stack: RunningStack, session_id: str, code: str) -> None:
    """Enter a promotion code on the hosted page."""
    page = f"{stack.stripe_api_base}/c/pay/{session_id}/promotion"
    answer = plain_http.post(page, data={"code": code}, timeout=30)
    assert answer.status_code == 303, answer.text


def pay_by_bank(stack: RunningStack, session_id: str) -> None:
    """Submit a bank debit, which settles later."""
    _submit(stack, session_id, {"method": "us_bank_account", "account": "000123456789"})


def buy(stack: RunningStack, user: User, package: str = "starter") -> str:
    """Begin a checkout and pay by card; return its session's id."""
    session_id = begin(stack, user, package)
    pay(stack, session_id)
    return session_id


def payment_of(stack: RunningStack, session_id: str) -> str:
    """Return the id of the session's PaymentIntent."""
    session = stripe_client(stack).v1.checkout.sessions.retrieve(session_id)
    return str(session.payment_intent)


def refund(stack: RunningStack, session_id: str, amount: int) -> None:
    """Refund a part of what was paid, as from Stripe's dashboard."""
    stack.simulate("refunds", payment_intent=payment_of(stack, session_id), amount=amount)


@contextmanager
def no_webhooks(stack: RunningStack) -> Iterator[None]:
    """Stripe's deliveries within the block are lost for good."""
    stack.simulate("webhooks", drop_next=1_000_000)
    try:
        yield
    finally:
        stack.simulate("webhooks", drop_next=0)


@contextmanager
def trouble(stack: RunningStack, **how: Any) -> Iterator[None]:
    """Stripe's API fails or is slow within the block, as the stand-in's `_sim/api` takes it."""
    stack.simulate("api", **how)
    try:
        yield
    finally:
        stack.simulate("api", fail_next=0, delay_seconds=0)


def purchase(stack: RunningStack, session_id: str) -> dict[str, Any]:
    """Return the order of a session as the database has it."""
    with stack.connect() as database:
        row = database.execute(
            "select * from purchases where checkout_session_id = %s", [session_id]
        ).fetchone()
    assert row is not None
    return row


def begin_elsewhere(stack: RunningStack, user: User) -> str:
    """Begin a checkout whose session Stripe does not know, as after a change of its key."""
    session_id = begin(stack, user)
    unheard_of = f"{session_id}_elsewhere"
    with stack.connect() as database:
        database.execute(
            "update purchases set checkout_session_id = %s where checkout_session_id = %s",
            [unheard_of, session_id],
        )
    return unheard_of


def _submit(stack: RunningStack, session_id: str, fields: dict[str, str]) -> None:
    page = plain_http.post(f"{stack.stripe_api_base}/c/pay/{session_id}", data=fields, timeout=30)
    assert page.status_code in {200, 303}, page.text
