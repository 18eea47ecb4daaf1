"""Balance transactions: money that enters or leaves the merchant's balance.

The fee of a charge is 2.9 % of the settled amount, rounded down, and 30 minor units. A dispute
costs 1500 minor units, and nothing gives a fee back. Money is available after two days. A payout
leaves at once.

The balance has each currency that was charged, unless the account settles in one currency (control
room). Then every other currency is converted at the account's one rate, in minor units, rounded
half to even.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.stripe.api.errors import StripeError
from local.stripe.api.lists import Query
from local.stripe.ids import new_id

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

AVAILABLE_AFTER_SECONDS = 2 * 24 * 3600
CHARGE_FEE_PER_MILLE = 29
CHARGE_FEE_FIXED = 30
DISPUTE_FEE = 1500
# Of the control room: the currency that the account settles in, "" for each its own, and the rate.
SETTLEMENT_SWITCH = "settlement_currency"
RATE_SWITCH = "exchange_rate"


@dataclass(frozen=True, slots=True)
class Movement:
    """Why money moves: Stripe's `type`, its `reporting_category`, and a description.

    A payout moves what is in the balance already: at once, and without conversion.
    """

    type: str
    category: str
    description: str | None = None
    is_payout: bool = False


DISPUTED = Movement("adjustment", "dispute", "Chargeback withdrawal")
DISPUTE_REVERSED = Movement("adjustment", "dispute_reversal", "Chargeback reversal")
PAID_OUT = Movement("payout", "payout", "STRIPE PAYOUT", is_payout=True)
PAYOUT_FAILED = Movement("payout_failure", "payout_reversal", "REFUND FOR PAYOUT", is_payout=True)


def charged(transaction: Transaction, charge: Json) -> Json:
    """Record a charge's money, less Stripe's fee."""
    movement = Movement("charge" if _by_card(charge) else "payment", "charge")
    settled, _, _ = _settled(transaction, charge["amount"], charge["currency"])
    fee = settled * CHARGE_FEE_PER_MILLE // 1000 + CHARGE_FEE_FIXED
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


def paid_out(transaction: Transaction, payout: Json) -> Json:
    """Record the money that leaves with a payout."""
    return _move(transaction, payout, PAID_OUT, -payout["amount"])


def payout_failed(transaction: Transaction, payout: Json) -> Json:
    """Record the money of a payout that the bank refused, which comes back."""
    return _move(transaction, payout, PAYOUT_FAILED, payout["amount"])


def become_available(transaction: Transaction) -> None:
    """Give the status `available` to what is due by the stand-in's clock."""
    transaction.sql.execute(
        "update objects set body = json_set(body, '$.status', 'available')"
        " where kind = 'balance_transaction' and json_extract(body, '$.status') = 'pending'"
        " and json_extract(body, '$.available_on') <= ?",
        (transaction.now,),
    )


def list_(transaction: Transaction, params: Json) -> Json:
    """GET /v1/balance_transactions.

    Raises:
        StripeError: The payout does not exist, or was made by hand: Stripe does not know which
            transactions left with it.
    """
    query = Query("balance_transaction")
    query.equal(params, "currency", "source", "type")
    if "payout" in params:
        payout = transaction.find("payout", params["payout"])
        if payout is None:
            raise StripeError(
                f"No such payout: '{params['payout']}'", code="resource_missing", param="payout"
            )
        if not payout["automatic"]:
            raise StripeError(
                "Balance transaction history can only be filtered on automatic transfers, not"
                " manual.",
                param="payout",
            )
        query.where("json_extract(private, '$.payout') = ?", payout["id"])
    return query.page(transaction, params, "/v1/balance_transactions")


def balance(transaction: Transaction, _params: Json) -> Json:
    """GET /v1/balance."""
    currencies = sorted({row["currency"] for row in _sums(transaction)} or {"usd"})
    return {
        "object": "balance",
        "available": [_amount(transaction, each, "available") for each in currencies],
        "livemode": False,
        "pending": [_amount(transaction, each, "pending") for each in currencies],
    }


def available(transaction: Transaction, currency: str) -> int:
    """Return what can be paid out of a currency, in minor units."""
    amount: int = _amount(transaction, currency, "available")["amount"]
    return amount


def _amount(transaction: Transaction, currency: str, status: str) -> Json:
    total = sum(
        row["net"]
        for row in _sums(transaction)
        if (row["currency"], row["status"]) == (currency, status)
    )
    return {"amount": total, "currency": currency, "source_types": {"card": total}}


def _sums(transaction: Transaction) -> list[Json]:
    rows = transaction.sql.execute(
        "select json_extract(body, '$.currency') as currency,"
        " json_extract(body, '$.status') as status, sum(json_extract(body, '$.net')) as net"
        " from objects where kind = 'balance_transaction' group by 1, 2"
    ).fetchall()
    return [dict(row) for row in rows]


def _settled(transaction: Transaction, amount: int, currency: str) -> tuple[int, str, float | None]:
    """Return an amount as it reaches the balance, its currency there, and the exchange rate."""
    settles_in = transaction.switch(SETTLEMENT_SWITCH, "")
    if settles_in in {"", currency}:
        return amount, currency, None
    rate = float(transaction.switch(RATE_SWITCH, 1.0))
    return round(amount * rate), settles_in, rate


def _move(
    transaction: Transaction, source: Json, movement: Movement, amount: int, *, fee: int = 0
) -> Json:
    """Record an amount in minor units that came in because of an object; negative if it left."""
    settled, currency, rate = (
        (amount, source["currency"], None)
        if movement.is_payout
        else _settled(transaction, amount, source["currency"])
    )
    entry = {
        "id": new_id("balance_transaction"),
        "object": "balance_transaction",
        "amount": settled,
        "available_on": transaction.now + (0 if movement.is_payout else AVAILABLE_AFTER_SECONDS),
        "balance_type": "payments",
        "created": transaction.now,
        "currency": currency,
        "description": movement.description,
        "exchange_rate": rate,
        "fee": fee,
        "fee_details": [_fee(fee, currency)] if fee else [],
        "net": settled - fee,
        "reporting_category": movement.category,
        "source": source["id"],
        "status": "available" if movement.is_payout else "pending",
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
