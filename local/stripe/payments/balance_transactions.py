"""Balance transactions: money that enters or leaves the merchant's balance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.stripe.ids import new_id

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

AVAILABLE_AFTER_SECONDS = 2 * 24 * 3600
CHARGE_FEE_PER_MILLE = 29
CHARGE_FEE_FIXED = 30
DISPUTE_FEE = 1500


@dataclass(frozen=True, slots=True)
class Movement:
    """Why money moves: Stripe's `type`, its `reporting_category`, and a description."""

    type: str
    category: str
    description: str | None = None


DISPUTED = Movement("adjustment", "dispute", "Chargeback withdrawal")
DISPUTE_REVERSED = Movement("adjustment", "dispute_reversal", "Chargeback reversal")


def charged(transaction: Transaction, charge: Json) -> Json:
    """Record a charge's money, less Stripe's fee."""
    movement = Movement("charge" if _by_card(charge) else "payment", "charge")
    fee = charge["amount"] * CHARGE_FEE_PER_MILLE // 1000 + CHARGE_FEE_FIXED
    return _move(transaction, charge, movement, charge["amount"], fee=fee)


def refunded(transaction: Transaction, refund: Json, charge: Json) -> Json:
    """Record a refund's money; Stripe keeps the charge's fee."""
    movement = Movement("refund" if _by_card(charge) else "payment_refund", "refund")
    return _move(transaction, refund, movement, -refund["amount"])


def refund_failed(transaction: Transaction, refund: Json, charge: Json) -> Json:
    """Record the money of a refund that failed or was canceled, which comes back."""
    kind = "refund_failure" if _by_card(charge) else "payment_failure_refund"
    return _move(transaction, refund, Movement(kind, "refund_failure"), refund["amount"])


def dispute_withdrawn(transaction: Transaction, dispute: Json) -> Json:
    """Record the money that a dispute withdraws, and its fee."""
    return _move(transaction, dispute, DISPUTED, -dispute["amount"], fee=DISPUTE_FEE)


def dispute_reinstated(transaction: Transaction, dispute: Json) -> Json:
    """Record the money that comes back from a dispute."""
    return _move(transaction, dispute, DISPUTE_REVERSED, dispute["amount"])


def _move(
    transaction: Transaction, source: Json, movement: Movement, amount: int, *, fee: int = 0
) -> Json:
    """Record an amount in minor units that came in because of an object; negative if it left."""
    entry = {
        "id": new_id("balance_transaction"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": transaction.now + AVAILABLE_AFTER_SECONDS,
        "balance_type": "payments",
        "created": transaction.now,
        "currency": source["currency"],
        "description": movement.description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [_fee(fee, source["currency"])] if fee else [],
        "net": amount - fee,
        "reporting_category": movement.category,
        "source": source["id"],
        "status": "pending",
        "type": movement.type,
    }
    transaction.add(entry)
    return entry


def _fee(amount: int, currency: str) -> Json:
    return {
        "amount": amount,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }


def _by_card(charge: Json) -> bool:
    return bool(charge["payment_method_details"]["type"] == "card")
