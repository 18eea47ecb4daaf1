"""facts.py: each of Stripe's events to the facts that it carries."""

from __future__ import annotations

from typing import Any

import pytest

from api._lib.payments.facts import EVENTS, facts_of_event
from tests.stripe_events import Order, event

ORDER = Order()


@pytest.mark.parametrize(
    ("type_", "stripe_object", "state"),
    [
        ("checkout.session.completed", ORDER.session(), "paid"),
        ("checkout.session.completed", ORDER.session("complete", "unpaid"), "processing"),
        ("checkout.session.async_payment_succeeded", ORDER.session(), "paid"),
        ("checkout.session.async_payment_failed", ORDER.session("complete", "unpaid"), "failed"),
        ("checkout.session.expired", ORDER.session("expired", "unpaid"), "expired"),
        ("payment_intent.payment_failed", ORDER.declined_intent(), "open"),
    ],
)
def test_the_events_we_handle(type_: str, stripe_object: dict[str, Any], state: str) -> None:
    facts = facts_of_event(event(type_, stripe_object, created=1_700_000_000))
    assert facts is not None
    assert (facts["state"], facts["occurred_at"]) == (state, 1_700_000_000)


@pytest.mark.parametrize(
    "type_", ["payment_intent.succeeded", "charge.succeeded", "customer.created", "invoice.paid"]
)
def test_other_events_have_no_facts(type_: str) -> None:
    assert facts_of_event(event(type_, ORDER.declined_intent())) is None


def test_the_endpoint_is_registered_for_what_we_handle() -> None:
    """Reconciliation, doctor and the documentation take the list from here."""
    assert set(EVENTS) == {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "payment_intent.payment_failed",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    }
