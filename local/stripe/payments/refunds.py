"""Refunds: created by the API or the control room, settled at once or later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.errors import StripeError, no_such
from local.stripe.api.lists import Query
from local.stripe.events.event_log import emit
from local.stripe.payments import balance_transactions, disputes
from local.stripe.payments.card_behaviour import Refunds, refunds_of
from local.stripe.payments.charge_lookup import charge_to_reverse
from local.stripe.payments.currencies import formatted, step
from local.stripe.shapes import refund as refund_shape

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

LATER_SECONDS = 3600
SETTLED_AT_ONCE = 100

# The statuses from which a refund can reach each outcome. A succeeded refund can still fail.
POSSIBLE_FROM = {
    "succeeded": frozenset({"pending"}),
    "failed": frozenset({"pending", "succeeded"}),
    "canceled": frozenset({"pending"}),
}
LATER = {Refunds.SUCCEED_LATER: "succeeded", Refunds.FAIL_LATER: "failed"}
FAILURE_REASONS = {"failed": "expired_or_canceled_card", "canceled": "merchant_request"}


def create(transaction: Transaction, params: Json) -> Json:
    """POST /v1/refunds."""
    charge = charge_to_reverse(transaction, params)
    amount = _amount(transaction, charge, params)
    plan = refunds_of(charge["payment_method_details"])
    status = "pending" if plan is Refunds.SUCCEED_LATER else "succeeded"
    metadata = {key: text for key, text in params.get("metadata", {}).items() if text}
    refund = refund_shape.refund(
        charge, amount, {**params, "metadata": metadata}, status=status, now=transaction.now
    )
    refund["balance_transaction"] = balance_transactions.refunded(transaction, refund, charge)["id"]
    later = {"settles_at": transaction.now + LATER_SECONDS, "outcome": LATER.get(plan)}
    transaction.add(refund, later if plan in LATER else None)
    emit(transaction, "refund.created", refund)
    previous = _count(transaction, charge, amount)
    emit(transaction, "charge.refunded", charge, previous)
    if status == "succeeded":
        _add_reference(transaction, refund)
    return refund


def retrieve(transaction: Transaction, _params: Json, refund_id: str) -> Json:
    """GET /v1/refunds/:id."""
    refund = transaction.find("refund", refund_id)
    if refund is None:
        raise no_such("refund", refund_id)
    return refund


def update(transaction: Transaction, params: Json, refund_id: str) -> Json:
    """POST /v1/refunds/:id; only metadata can change."""
    refund = retrieve(transaction, params, refund_id)
    merged = {**refund["metadata"], **params.get("metadata", {})}
    previous = {"metadata": refund["metadata"]}
    refund["metadata"] = {key: text for key, text in merged.items() if text}
    if refund["metadata"] != previous["metadata"]:
        transaction.save(refund)
        emit(transaction, "refund.updated", refund, previous)
    return refund


def list_(transaction: Transaction, params: Json) -> Json:
    """GET /v1/refunds."""
    query = Query("refund")
    query.equal(params, "charge", "payment_intent")
    return query.page(transaction, params, "/v1/refunds")


def settle_overdue(transaction: Transaction) -> None:
    """Settle the refunds that are due, with the outcome of their card."""
    rows = transaction.sql.execute(
        "select id, json_extract(private, '$.outcome') as outcome from objects"
        " where json_extract(private, '$.settles_at') is not null"
        " and json_extract(private, '$.settles_at') <= ? limit ?",
        (transaction.now, SETTLED_AT_ONCE),
    ).fetchall()
    for row in rows:
        settle(transaction, row["id"], row["outcome"])


def settle(transaction: Transaction, refund_id: str, outcome: str) -> Json:
    """Settle a refund: succeeded, failed or canceled. A succeeded refund can still fail.

    Raises:
        StripeError: The outcome is not possible from its present status.
    """
    refund = retrieve(transaction, {}, refund_id)
    if refund["status"] not in POSSIBLE_FROM[outcome]:
        raise StripeError(f"This refund is {refund['status']} and cannot become {outcome}.")
    previous = {"status": refund["status"]}
    if "pending_reason" in refund:
        previous["pending_reason"] = refund.pop("pending_reason")
    refund["status"] = outcome
    transaction.save_private(refund_id, {})
    if outcome == "succeeded":
        transaction.save(refund)
        emit(transaction, "refund.updated", refund, previous)
        _add_reference(transaction, refund)
        return refund
    _give_back(transaction, refund, FAILURE_REASONS[outcome])
    emit(transaction, "refund.updated", refund, previous)
    if outcome == "failed":
        emit(transaction, "refund.failed", refund)
    return refund


def _amount(transaction: Transaction, charge: Json, params: Json) -> int:
    """Return the amount to refund in minor units: the one asked for, or all that is left."""
    if charge["refunded"]:
        raise StripeError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if disputes.is_charge_withdrawn(transaction, charge["id"]):
        raise StripeError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    left: int = charge["amount"] - charge["amount_refunded"]
    amount: int = params.get("amount", left)
    if amount > left:
        asked, available = (formatted(each, charge["currency"]) for each in (amount, left))
        raise StripeError(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({available})",
            param="amount",
        )
    if amount < left and amount % step(charge["currency"]):
        # Stripe publishes the rule for charges; its refusal of such a refund is not published.
        raise StripeError(
            f"Invalid amount. Amounts in {charge['currency'].upper()} must be evenly divisible by"
            f" {step(charge['currency'])}.",
            param="amount",
            code="invalid_charge_amount_no_decimal_compatible",
        )
    return amount


def _count(transaction: Transaction, charge: Json, amount: int) -> Json:
    """Add to the charge's refunded amount; return the previous values of what changed."""
    previous = {name: charge[name] for name in ("amount_refunded", "refunded")}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    transaction.save(charge)
    return {name: value for name, value in previous.items() if charge[name] != value}


def _give_back(transaction: Transaction, refund: Json, reason: str) -> None:
    """Return the money of a refund that failed to the merchant; it can be refunded again."""
    charge = transaction.find("charge", refund["charge"])
    if charge is None:
        raise LookupError(f"{refund['id']} refers to a charge that does not exist")
    _count(transaction, charge, -refund["amount"])
    entry = balance_transactions.refund_failed(transaction, refund, charge)
    refund |= {"failure_balance_transaction": entry["id"], "failure_reason": reason}
    transaction.save(refund)


def _add_reference(transaction: Transaction, refund: Json) -> None:
    """Add the card network's reference, which makes a second event for an unchanged refund."""
    if refund["destination_details"]["type"] != "card":
        return
    previous = {"destination_details": refund["destination_details"]}
    refund["destination_details"] = refund_shape.with_reference(refund["destination_details"])
    transaction.save(refund)
    emit(transaction, "refund.updated", refund, previous)
