"""Why a refund is refused, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api._lib.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from api._lib.database import DatabaseError

UNKNOWN_PURCHASE = "There is no such purchase in this account."

# What quote_refund, begin_refund and withdraw answer -> the sentence for a person.
REASONS = {
    "account_deleted": "The account of this purchase was deleted.",
    "disputed": "The bank has taken this payment back.",
    "free": "Nothing was charged for this purchase.",
    "in_progress": "A refund of this purchase is under way.",
    "mismatch": "This payment differs from its order. The shop has to look at it first.",
    "not_offered": "This shop does not offer it here. Write to the shop.",
    "nothing_unused": "Nothing of this pack is left that could be refunded.",
    "other_mode": "This purchase was made in Stripe's other mode, live or test.",
    "paid_twice": "This order was paid twice. The shop has to refund it by hand.",
    "pending": "The payment is still on its way. It can be refunded once it has arrived.",
    "refunded": "This payment was refunded already.",
    "too_late": "The time for a refund of this purchase is over.",
    "unpaid": "This order was not paid.",
    "waived": "The right of withdrawal was given up before this purchase.",
    "withdrawn": "This purchase was withdrawn from already.",
}
CONFLICTS = {
    **REASONS,
    "quote_changed": "Another amount can be refunded now. Nothing was done. Look again.",
    "idempotency_key_reused": "This Idempotency-Key was used for another request. Use a new one.",
}


def refusal_of(error: DatabaseError) -> ConflictError | NotFoundError | DatabaseError:
    """Return what a refusal of these functions means for a client; others stay as they are."""
    if error.code == "PT404":
        return NotFoundError(UNKNOWN_PURCHASE, code="unknown_purchase")
    if error.code == "PT409" and error.detail in CONFLICTS:
        return ConflictError(CONFLICTS[error.detail], code=error.detail)
    return error
