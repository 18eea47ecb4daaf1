"""Balance transactions: money that came into the merchant's balance, or left it."""

from dataclasses import dataclass

from local.stripe.ids import new_id
from local.stripe.store import Json, Transaction

AVAILABLE_AFTER_SECONDS = 2 * 24 * 3600
CHARGE_FEE_PER_MILLE = 29
CHARGE_FEE_FIXED = 30
DISPUTE_FEE = 1500


@dataclass(frozen=True, slots=True)
class Movement:
    """Why money moves: Stripe's type, and what accountants call it."""

    type: str
    category: str
    description: str | None = None


DISPUTED = Movement("adjustment", "dispute", "Chargeback withdrawal")
DISPUTE_REVERSED = Movement("adjustment", "dispute_reversal", "Chargeback reversal")


def charged(transaction: Transaction, charge: Json) -> Json:
    """The charge's money comes in, less the fee."""
    movement = Movement("charge" if _by_card(charge) else "payment", "charge")
    fee = charge["amount"] * CHARGE_FEE_PER_MILLE // 1000 + CHARGE_FEE_FIXED
    return move(transaction, charge, movement, charge["amount"], fee=fee)


def refunded(transaction: Transaction, refund: Json, charge: Json) -> Json:
    """A refund's money leaves; the charge's fee is not given back."""
    movement = Movement("refund" if _by_card(charge) else "payment_refund", "refund")
    return move(transaction, refund, movement, -refund["amount"])


def refund_failed(transaction: Transaction, refund: Json, charge: Json) -> Json:
    """The money of a refund that failed or was cancelled comes back."""
    kind = "refund_failure" if _by_card(charge) else "payment_failure_refund"
    return move(transaction, refund, Movement(kind, "refund_failure"), refund["amount"])


def move(
    transaction: Transaction, source: Json, movement: Movement, amount: int, *, fee: int = 0
) -> Json:
    """Record that this much came in (or, negative, left) because of an object."""
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
