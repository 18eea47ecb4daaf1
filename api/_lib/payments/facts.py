"""Stripe's objects in, facts out. Pure: no I/O, no clock, the same answer every time.

Everything that settles a purchase comes through here: webhook, return page, reconciliation. The
facts go to the Postgres function record_facts, which merges them by rules that do not care about
order or repetition. What an order consists of travels in metadata that our server wrote, so that
Stripe alone can rebuild the ledger (https://docs.stripe.com/metadata).

Rules: act on a completed session only when its payment_status is not unpaid
(https://docs.stripe.com/checkout/fulfillment); credits never derive from the amount paid; a refund
counts from the moment it is pending and no longer once it has failed or was cancelled
(https://docs.stripe.com/refunds); a dispute counts while its balance transactions say that the
money is gone, so that an inquiry counts for nothing (https://docs.stripe.com/disputes/how-disputes-work).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from api._lib.payments.order import Order, is_marked, order_in
from api._lib.payments.stripe_fields import (
    UnreadableError,
    flag,
    object_or_null,
    objects,
    reference_or_null,
    text,
    text_or_null,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["open", "processing", "paid", "failed", "expired"]

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

# How far a refund has come; a failure can follow a success, nothing follows a failure.
_REFUND_RANK = {"pending": 1, "requires_action": 1, "succeeded": 2, "canceled": 3, "failed": 3}
_REFUND_STANDS = ("pending", "requires_action", "succeeded")


class OrderFacts(TypedDict):
    """What Stripe told us of one order, as record_facts takes it; occurred_at in seconds, UTC.

    is_ours says whether the order carries our project's mark. Several deployments may share a
    Stripe account and hear of each other's orders: one neither known nor marked here is not made.
    """

    order_id: str
    is_ours: bool
    user_id: str
    package_id: str
    package_name: str
    credits: int
    unit_amount: int
    currency: str
    valid_days: int | None
    livemode: bool
    state: State
    checkout_session_id: str | None
    payment_intent_id: str | None
    customer_id: str | None
    amount_subtotal: int | None
    amount_paid: int | None
    currency_paid: str | None
    decline_code: str | None
    occurred_at: int


class ReversalFacts(TypedDict):
    """What Stripe told us of one refund or dispute; the amount in minor units of the payment's.

    Of two facts about one reversal the one of higher rank stands, whichever came first.
    """

    reversal_id: str
    kind: Literal["refund", "dispute"]
    payment_intent_id: str
    amount: int
    currency: str
    status: str
    rank: int
    in_effect: bool
    livemode: bool
    occurred_at: int


Facts = OrderFacts | ReversalFacts


def facts_of_event(event: Mapping[str, Any], *, project: str) -> Facts | None:
    """Return the facts an event carries, or None if it is none of our business.

    Args:
        event: The event, as Stripe's JSON.
        project: Our project's mark.

    Raises:
        UnreadableError: It may be about an order of ours, but something in it is missing or is not
            what it must be.
        NotAnOrderError: Which is so of the order itself.
    """
    type_, stripe_object, occurred_at = event["type"], event["data"]["object"], event["created"]
    if type_ in _SESSION_EVENTS:
        return facts_of_session(
            stripe_object,
            project=project,
            occurred_at=occurred_at,
            payment_failed=type_ == "checkout.session.async_payment_failed",
        )
    if type_ == _PAYMENT_FAILED:
        return facts_of_declined_payment(stripe_object, project=project, occurred_at=occurred_at)
    if type_ in _REFUND_EVENTS:
        return facts_of_refund(stripe_object, livemode=event["livemode"])
    if type_ in _DISPUTE_EVENTS:
        return facts_of_dispute(stripe_object)
    return None


def facts_of_session(
    session: Mapping[str, Any],
    *,
    project: str,
    occurred_at: int,
    payment_failed: bool = False,
) -> OrderFacts | None:
    """Return the facts of a Checkout Session, or None if it is not an order of ours.

    Args:
        session: The Checkout Session, as Stripe's JSON.
        project: Our project's mark.
        occurred_at: When this was so, in seconds, UTC.
        payment_failed: The delayed payment failed. The session itself cannot tell: it stays
            complete and unpaid, as it was while the payment was under way.

    Raises:
        UnreadableError: As above.
    """
    order = order_in(session.get("metadata"))
    if order is None or text(session, "mode") != "payment":
        return None
    state = _session_state(session, payment_failed=payment_failed)
    paid = state == "paid"
    return _facts(
        order,
        session,
        project=project,
        state=state,
        checkout_session_id=text(session, "id"),
        payment_intent_id=reference_or_null(session, "payment_intent"),
        amount_subtotal=whole_number(session, "amount_subtotal") if paid else None,
        amount_paid=whole_number(session, "amount_total") if paid else None,
        currency_paid=text(session, "currency") if paid else None,
        decline_code=None,
        occurred_at=occurred_at,
    )


def facts_of_declined_payment(
    intent: Mapping[str, Any], *, project: str, occurred_at: int
) -> OrderFacts | None:
    """Return the facts of a PaymentIntent whose latest attempt was declined.

    The order stays open: the person may try another card on the same page. Which intent pays is
    left to the session to say.

    Raises:
        UnreadableError: As above.
    """
    order = order_in(intent.get("metadata"))
    if order is None:
        return None
    error = object_or_null(intent, "last_payment_error") or {}
    return _facts(
        order,
        intent,
        project=project,
        state="open",
        checkout_session_id=None,
        payment_intent_id=None,
        amount_subtotal=None,
        amount_paid=None,
        currency_paid=None,
        decline_code=_decline_code(error),
        occurred_at=occurred_at,
    )


def facts_of_refund(refund: Mapping[str, Any], *, livemode: bool) -> ReversalFacts | None:
    """Return the facts of a Refund, or None if it reverses no payment intent.

    Args:
        refund: The Refund, as Stripe's JSON.
        livemode: Of the event or key it came by; a refund does not say.

    Raises:
        UnreadableError: As above.
    """
    payment_intent_id = reference_or_null(refund, "payment_intent")
    if payment_intent_id is None:
        return None
    status = text_or_null(refund, "status") or "pending"
    if status not in _REFUND_RANK:
        raise UnreadableError("status")
    return ReversalFacts(
        reversal_id=text(refund, "id"),
        kind="refund",
        payment_intent_id=payment_intent_id,
        amount=whole_number(refund, "amount"),
        currency=text(refund, "currency"),
        status=status,
        rank=_REFUND_RANK[status],
        in_effect=status in _REFUND_STANDS,
        livemode=livemode,
        occurred_at=whole_number(refund, "created"),
    )


def facts_of_dispute(dispute: Mapping[str, Any]) -> ReversalFacts | None:
    """Return the facts of a Dispute, or None if it reverses no payment intent.

    Its balance transactions only ever grow: none for an inquiry, one once the money is withdrawn,
    two once it is back, three if an appeal takes it again. Their number is the rank, and the money
    is gone while they add up to less than nothing.

    Raises:
        UnreadableError: As above.
    """
    payment_intent_id = reference_or_null(dispute, "payment_intent")
    if payment_intent_id is None:
        return None
    moved = [whole_number(entry, "amount") for entry in objects(dispute, "balance_transactions")]
    return ReversalFacts(
        reversal_id=text(dispute, "id"),
        kind="dispute",
        payment_intent_id=payment_intent_id,
        amount=whole_number(dispute, "amount"),
        currency=text(dispute, "currency"),
        status=text(dispute, "status"),
        rank=len(moved),
        in_effect=sum(moved) < 0,
        livemode=flag(dispute, "livemode"),
        occurred_at=whole_number(dispute, "created"),
    )


def _decline_code(error: Mapping[str, Any]) -> str:
    """Return Stripe's code for a decline: the bank's, else its own; each may be absent or null."""
    for field in ("decline_code", "code"):
        if error.get(field):
            return text(error, field)
    return "unknown"


def _session_state(session: Mapping[str, Any], *, payment_failed: bool) -> State:
    # Whatever else Stripe may come to call a session: paid is paid.
    payment_status = text(session, "payment_status")
    if payment_status == "paid":
        return "paid"
    status = text_or_null(session, "status")
    if status == "expired":
        return "expired"
    if status != "complete":
        return "open"
    if payment_status == "no_payment_required":
        return "paid"
    return "failed" if payment_failed else "processing"


def _facts(  # noqa: PLR0913 - one argument a fact
    order: Order,
    stripe_object: Mapping[str, Any],
    *,
    project: str,
    state: State,
    checkout_session_id: str | None,
    payment_intent_id: str | None,
    amount_subtotal: int | None,
    amount_paid: int | None,
    currency_paid: str | None,
    decline_code: str | None,
    occurred_at: int,
) -> OrderFacts:
    return OrderFacts(
        order_id=order.order_id,
        is_ours=is_marked(stripe_object["metadata"], project),
        user_id=order.user_id,
        package_id=order.package_id,
        package_name=order.package_name,
        credits=order.credits,
        unit_amount=order.unit_amount,
        currency=order.currency,
        valid_days=order.valid_days,
        livemode=flag(stripe_object, "livemode"),
        state=state,
        checkout_session_id=checkout_session_id,
        payment_intent_id=payment_intent_id,
        customer_id=reference_or_null(stripe_object, "customer"),
        amount_subtotal=amount_subtotal,
        amount_paid=amount_paid,
        currency_paid=currency_paid,
        decline_code=decline_code,
        occurred_at=occurred_at,
    )
