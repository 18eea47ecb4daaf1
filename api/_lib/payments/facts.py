"""Stripe's events in, facts out. Pure: no I/O, no clock, the same answer every time.

The webhook, the return page and reconciliation all settle purchases by the facts that this module,
session_facts.py and reversal_facts.py make of Stripe's objects. The Postgres function record_facts
merges them by rules that give the same result in any order and after any repetition. All that
settlement needs of an order travels in metadata that our server wrote (order.py), so the ledger can
be rebuilt from Stripe alone (https://docs.stripe.com/metadata).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.payments.order_facts import OrderFacts
from api._lib.payments.reversal_facts import ReversalFacts, facts_of_dispute, facts_of_refund
from api._lib.payments.session_facts import facts_of_declined_payment, facts_of_session

if TYPE_CHECKING:
    from collections.abc import Mapping

Facts = OrderFacts | ReversalFacts

_SESSION_EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
_PAYMENT_FAILED = "payment_intent.payment_failed"
_REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed")
_DISPUTE_EVENTS = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
)
EVENTS = (*_SESSION_EVENTS, _PAYMENT_FAILED, *_REFUND_EVENTS, *_DISPUTE_EVENTS)


def facts_of_event(event: Mapping[str, Any]) -> Facts | None:
    """Return the facts that an event carries, or None if it does not concern our orders.

    Args:
        event: The event, as Stripe's JSON.

    Raises:
        InvalidStripeObjectError: The event may concern one of our orders, but a field of its object
            is missing or wrong.
        InvalidOrderMetadataError: The same, where the field is part of the order's metadata.
    """
    type_, stripe_object, occurred_at = event["type"], event["data"]["object"], event["created"]
    if type_ in _SESSION_EVENTS:
        return facts_of_session(
            stripe_object,
            occurred_at=occurred_at,
            payment_failed=type_ == "checkout.session.async_payment_failed",
        )
    if type_ == _PAYMENT_FAILED:
        return facts_of_declined_payment(stripe_object, occurred_at=occurred_at)
    if type_ in _REFUND_EVENTS:
        return facts_of_refund(stripe_object, livemode=event["livemode"])
    if type_ in _DISPUTE_EVENTS:
        return facts_of_dispute(stripe_object)
    return None
