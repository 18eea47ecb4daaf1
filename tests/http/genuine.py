"""Hypothesis strategies: events as Stripe sends them, of every type that we handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from api._lib.payments.facts import EVENTS
from tests.stripe_events import Order, Reversal, event

if TYPE_CHECKING:
    from collections.abc import Sequence

SESSION_TYPES = tuple(type_ for type_ in EVENTS if type_.startswith("checkout.session."))
REFUND_TYPES = tuple(type_ for type_ in EVENTS if type_.startswith("refund."))
DISPUTE_TYPES = tuple(type_ for type_ in EVENTS if type_.startswith("charge.dispute."))
REVERSAL_TYPES = (*REFUND_TYPES, *DISPUTE_TYPES)

_SESSION_STATUSES = ("complete", "open", "expired")
_PAYMENT_STATUSES = ("paid", "unpaid", "no_payment_required")
_REFUND_STATUSES = ("pending", "requires_action", "succeeded", "canceled", "failed", None)
_DISPUTE_STATUSES = ("warning_needs_response", "needs_response", "under_review", "won", "lost")
# More than some orders' price: together refunds may claim more than was paid.
_AMOUNTS = st.integers(1, 600)


@st.composite
def genuine_events(draw: st.DrawFn, known: Sequence[Order] = ()) -> dict[str, Any]:
    """Draw an event about a new order, or about one of those known."""
    order = draw(st.sampled_from([None, *known])) or Order()
    # A purchase can be told in few ways, what may follow it in many.
    kinds = [SESSION_TYPES, ("payment_intent.payment_failed",), REFUND_TYPES, DISPUTE_TYPES]
    type_ = draw(st.sampled_from(draw(st.sampled_from(kinds))))
    return event(type_, _object(draw, type_, order))


def _object(draw: st.DrawFn, type_: str, order: Order) -> dict[str, Any]:
    if type_ in SESSION_TYPES:
        statuses = st.sampled_from(_SESSION_STATUSES), st.sampled_from(_PAYMENT_STATUSES)
        return order.session(*map(draw, statuses))
    if type_ in REFUND_TYPES:
        refund = Reversal(order).refund_object(draw(_AMOUNTS))
        return {**refund, "status": draw(st.sampled_from(_REFUND_STATUSES))}
    if type_ in DISPUTE_TYPES:
        return Reversal(order).dispute_object(
            draw(_AMOUNTS), draw(st.sampled_from(_DISPUTE_STATUSES)), moves=draw(st.integers(0, 3))
        )
    return order.declined_intent()
