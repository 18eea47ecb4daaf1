"""Refunds and disputes in, the facts of a reversal out. Pure: no I/O, no clock.

- A refund counts from the moment it is pending, and no longer once it has failed or was cancelled
  (https://docs.stripe.com/refunds).
- A dispute counts while its latest balance transaction says that the money is gone. So an inquiry,
  which moves no money, does not count (https://docs.stripe.com/disputes/how-disputes-work). A
  dispute that ended in our favour never counts, even if its money is not back yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict
from uuid import UUID

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

# In the metadata of refunds that our server makes.
REFUND_REQUEST_ID = "purse_refund_id"

# How far a refund has come. A refund that succeeded can still fail; a failed one stays failed.
_REFUND_RANK = {"pending": 1, "requires_action": 1, "succeeded": 2, "canceled": 3, "failed": 3}
_REFUNDS_IN_EFFECT = ("pending", "requires_action", "succeeded")

# How far a dispute has come while its money stays where it is. Other statuses come between.
_DISPUTE_STAGE = {
    "warning_needs_response": 0,
    "needs_response": 1,
    "won": 3,
    "lost": 3,
    "prevented": 3,
    "warning_closed": 3,
    "appeal_needs_response": 4,
    "appeal_under_review": 5,
}
_OTHER_STAGE = 2
_STAGES = 10
# The year 2286. Postgres could not store a much later time.
MAX_TIME = 9_999_999_999
_DISPUTES_NEVER_IN_EFFECT = ("won", "prevented", "warning_closed")


class ReversalFacts(TypedDict):
    """What Stripe told us about one refund or dispute: the argument of record_facts.

    The amount is in minor units of the currency, which may differ from the payment's. What was
    settled is the first movement on the account's balance, or None if we were not told. occurred_at
    and due_at, until when a dispute must be answered, are in seconds since 1970 (UTC).
    refund_request_id names the request that our server made the refund for (refunds.py).
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
    settled_amount: int | None
    settled_currency: str | None
    due_at: int | None
    refund_request_id: str | None


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
    # An id, unless it was expanded.
    movement = refund.get("balance_transaction")
    settled = movement if isinstance(movement, dict) else None
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
        settled_amount=abs(whole_number(settled, "amount")) if settled else None,
        settled_currency=text(settled, "currency") if settled else None,
        due_at=None,
        refund_request_id=refund_request_id(refund),
    )


def facts_of_dispute(dispute: Mapping[str, Any]) -> ReversalFacts | None:
    """Return the facts of a Dispute, or None if it reverses no payment intent.

    Stripe only ever adds balance transactions: none for an inquiry, one when the money is
    withdrawn, two when it is reinstated, three if an appeal withdraws it again. So their number
    orders the states of a dispute, and its status orders those of equal number. Their sum says
    nothing, because exchange rates change between a withdrawal and a return.

    Raises:
        InvalidStripeObjectError: A field is missing or wrong.
    """
    payment_intent_id = reference_or_null(dispute, "payment_intent")
    if payment_intent_id is None:
        return None
    status = text(dispute, "status")
    moved = objects(dispute, "balance_transactions")
    withdrawn = next((entry for entry in moved if whole_number(entry, "amount") < 0), None)
    return ReversalFacts(
        reversal_id=text(dispute, "id"),
        kind="dispute",
        payment_intent_id=payment_intent_id,
        amount=whole_number(dispute, "amount"),
        currency=text(dispute, "currency"),
        status=status,
        rank=_STAGES * len(moved) + _DISPUTE_STAGE.get(status, _OTHER_STAGE),
        in_effect=_is_money_gone(status, moved),
        livemode=flag(dispute, "livemode"),
        occurred_at=whole_number(dispute, "created"),
        settled_amount=abs(whole_number(withdrawn, "amount")) if withdrawn else None,
        settled_currency=text(withdrawn, "currency") if withdrawn else None,
        due_at=_due_at(dispute),
        refund_request_id=None,
    )


def refund_request_id(refund: Mapping[str, Any]) -> str | None:
    """Return the request that a refund was made for; None for one from Stripe's dashboard.

    The refund counts in any case, so an odd value is no error.
    """
    metadata = refund.get("metadata")
    id_ = metadata.get(REFUND_REQUEST_ID) if isinstance(metadata, dict) else None
    try:
        return str(UUID(id_)) if isinstance(id_, str) else None
    except ValueError:
        return None


def _is_money_gone(status: str, moved: list[dict[str, Any]]) -> bool:
    """Whether a dispute's money is gone: by its last word if it has ended, else by what moved last.

    What moved last has the latest time, and of equal times the last place in Stripe's list.
    """
    movements = [
        (whole_number(entry, "created"), place, whole_number(entry, "amount"))
        for place, entry in enumerate(moved)
    ]
    movements = [movement for movement in movements if movement[2]]
    if status in _DISPUTES_NEVER_IN_EFFECT or not movements:
        return False
    return status == "lost" or max(movements)[2] < 0


def _due_at(dispute: Mapping[str, Any]) -> int | None:
    """Return until when to answer a dispute. It only informs, so an odd value is no error."""
    details = dispute.get("evidence_details")
    due_by = details.get("due_by") if isinstance(details, dict) else None
    return due_by if type(due_by) is int and 0 <= due_by <= MAX_TIME else None
