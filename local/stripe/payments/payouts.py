"""Payouts: money that leaves the balance for the merchant's bank.

An automatic payout takes all that is available, as by a schedule. The control room makes it. The
API makes those by hand. A payout arrives after two days by the stand-in's clock, unless it is
settled before.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.stripe.api.errors import StripeError, no_such
from local.stripe.api.lists import Query
from local.stripe.events.event_log import emit
from local.stripe.payments import balance_transactions
from local.stripe.shapes import payout as payout_shape

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

OUTCOMES = ("paid", "failed")
# A payout that arrived can still come back.
POSSIBLE_FROM = {"paid": frozenset({"in_transit"}), "failed": frozenset({"in_transit", "paid"})}


def create(transaction: Transaction, params: Json) -> Json:
    """POST /v1/payouts: by hand.

    Raises:
        StripeError: Less is available.
    """
    if balance_transactions.available(transaction, params["currency"]) < params["amount"]:
        raise StripeError(
            "You have insufficient funds in your Stripe account for this transfer.",
            code="balance_insufficient",
        )
    return _create(transaction, params, automatic=False)


def pay_all(transaction: Transaction, currency: str) -> Json:
    """Make an automatic payout of all that is available in a currency.

    Raises:
        StripeError: Nothing is available.
    """
    amount = balance_transactions.available(transaction, currency)
    if amount <= 0:
        raise StripeError(
            f"Nothing is available in {currency.upper()}. Money is available two days after it"
            " came in: move the clock."
        )
    payout = _create(transaction, {"amount": amount, "currency": currency}, automatic=True)
    transaction.sql.execute(
        "update objects set private = json_set(private, '$.payout', ?)"
        " where kind = 'balance_transaction' and json_extract(body, '$.currency') = ?"
        " and json_extract(body, '$.status') = 'available'"
        " and json_extract(private, '$.payout') is null",
        (payout["id"], currency),
    )
    return payout


def settle(transaction: Transaction, payout_id: str, outcome: str) -> Json:
    """Let a payout arrive, or come back.

    Raises:
        StripeError: The outcome is not possible from its present status.
    """
    payout = retrieve(transaction, {}, payout_id)
    if payout["status"] not in POSSIBLE_FROM[outcome]:
        raise StripeError(f"This payout is {payout['status']} and cannot become {outcome}.")
    payout["status"] = outcome
    if payout["automatic"]:
        payout["reconciliation_status"] = "completed"
    if outcome == "failed":
        entry = balance_transactions.payout_failed(transaction, payout)
        payout |= {
            "failure_balance_transaction": entry["id"],
            "failure_code": "account_closed",
            "failure_message": "The bank account has been closed.",
        }
    transaction.save(payout)
    emit(transaction, f"payout.{outcome}", payout)
    return payout


def arrive_overdue(transaction: Transaction) -> None:
    """Let the payouts arrive that are due by the stand-in's clock."""
    rows = transaction.sql.execute(
        "select body from objects where kind = 'payout'"
        " and json_extract(body, '$.status') = 'in_transit'"
        " and json_extract(body, '$.arrival_date') <= ?",
        (transaction.now,),
    ).fetchall()
    for row in rows:
        settle(transaction, json.loads(row["body"])["id"], "paid")


def retrieve(transaction: Transaction, _params: Json, payout_id: str) -> Json:
    """GET /v1/payouts/:id."""
    payout = transaction.find("payout", payout_id)
    if payout is None:
        raise no_such("payout", payout_id, param="payout")
    return payout


def list_(transaction: Transaction, params: Json) -> Json:
    """GET /v1/payouts."""
    query = Query("payout")
    query.equal(params, "status")
    return query.page(transaction, params, "/v1/payouts")


def _create(transaction: Transaction, fields: Json, *, automatic: bool) -> Json:
    payout = payout_shape.payout(fields, automatic=automatic, now=transaction.now)
    payout["balance_transaction"] = balance_transactions.paid_out(transaction, payout)["id"]
    transaction.add(payout)
    emit(transaction, "payout.created", payout)
    return payout
