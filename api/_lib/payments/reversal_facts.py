"""Refunds and disputes in, the facts of a reversal out. Pure: no I/O, no clock.

- A refund counts from the moment it is pending, and no longer once it has failed or was cancelled
  (https://docs.stripe.com/refunds).
- A dispute counts while its balance transactions say that the money is gone. So an inquiry, which
  moves no money, does not count (https://docs.stripe.com/disputes/how-disputes-work).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from api._lib.payments.stripe_fields import (
    InvalidStripeObjectError,
    flag,
    objects,
    reference_or_null,
    text,
    text_or_null,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# How far a refund has come. A refund that succeeded can still fail; a failed one stays failed.
_REFUND_RANK = {"pending": 1, "requires_action": 1, "succeeded": 2, "canceled": 3, "failed": 3}
_REFUNDS_IN_EFFECT = ("pending", "requires_action", "succeeded")


class ReversalFacts(TypedDict):
    """What Stripe told us about one refund or dispute: the argument of record_facts.

    The amount is in minor units of the payment's currency, occurred_at in seconds since 1970 (UTC).
    record_facts keeps the facts of the highest rank, in whichever order they arrive.
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


def facts_of_refund(refund: Mapping[str, Any], *, livemode: bool) -> ReversalFacts | None:
    """Return the facts of a Refund, or None if it reverses no payment intent.

    Args:
        refund: The Refund, as Stripe's JSON.
        livemode: Taken from the event or the API key, because a Refund does not have the field.

    Raises:
        InvalidStripeObjectError: A field is missing or wrong.
    """
    payment_intent_id = reference_or_null(refund, "payment_intent")
    if payment_intent_id is None:
        return None
    status = text_or_null(refund, "status") or "pending"
    if status not in _REFUND_RANK:
        raise InvalidStripeObjectError("status")
    return ReversalFacts(
        reversal_id=text(refund, "id"),
        kind="refund",
        payment_intent_id=payment_intent_id,
        amount=whole_number(refund, "amount"),
        currency=text(refund, "currency"),
        status=status,
        rank=_REFUND_RANK[status],
        in_effect=status in _REFUNDS_IN_EFFECT,
        livemode=livemode,
        occurred_at=whole_number(refund, "created"),
    )


def facts_of_dispute(dispute: Mapping[str, Any]) -> ReversalFacts | None:
    """Return the facts of a Dispute, or None if it reverses no payment intent.

    Stripe only ever adds balance transactions: none for an inquiry, one when the money is
    withdrawn, two when it is reinstated, three if an appeal withdraws it again. Their number is the
    rank, and the money is gone while their sum is negative.

    Raises:
        InvalidStripeObjectError: A field is missing or wrong.
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
