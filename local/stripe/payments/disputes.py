"""Disputes: a bank takes a payment back (chargeback), or asks about it (inquiry).

Where the money is follows from `balance_transactions`, and not from `status` alone: with none
nothing moved, with one it is withdrawn, with two it is reinstated, and an appeal can add more.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.stripe.api.errors import InvalidParameterError, StripeError, no_such
from local.stripe.api.lists import Query
from local.stripe.events.event_log import emit
from local.stripe.payments import balance_transactions
from local.stripe.payments.charge_lookup import charge_to_reverse
from local.stripe.shapes import dispute as dispute_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stripe.store import Json, Transaction

INQUIRY = frozenset({"warning_needs_response", "warning_under_review"})
OPEN = frozenset({"needs_response", "under_review", "appeal_needs_response", "appeal_under_review"})
DECIDED = frozenset({"won", "lost"})
AWAITING_RESPONSE = frozenset({each for each in INQUIRY | OPEN if each.endswith("needs_response")})


def retrieve(transaction: Transaction, _params: Json, dispute_id: str) -> Json:
    """GET /v1/disputes/:id."""
    dispute = transaction.find("dispute", dispute_id)
    if dispute is None:
        raise no_such("dispute", dispute_id)
    return dispute


def list_(transaction: Transaction, params: Json) -> Json:
    """GET /v1/disputes."""
    query = Query("dispute")
    query.equal(params, "charge", "payment_intent")
    return query.page(transaction, params, "/v1/disputes")


def is_charge_withdrawn(transaction: Transaction, charge_id: str) -> bool:
    """Return whether a dispute has withdrawn money of a charge."""
    rows = transaction.sql.execute(
        "select body from objects where kind = 'dispute' and json_extract(body, '$.charge') = ?",
        (charge_id,),
    ).fetchall()
    return any(is_withdrawn(json.loads(row["body"])) for row in rows)


def create(transaction: Transaction, params: Json) -> Json:
    """Dispute the charge that the parameters name: all that is not refunded, or an amount."""
    charge = charge_to_reverse(transaction, params)
    left = charge["amount"] - charge["amount_refunded"] or charge["amount"]
    amount = params.get("amount", left)
    if not 1 <= amount <= charge["amount"]:
        raise InvalidParameterError(
            f"amount must be from 1 to {charge['amount']}, the charge's.",
            param="amount",
        )
    return dispute_charge(
        transaction,
        charge,
        amount,
        reason=params.get("reason", "fraudulent"),
        inquiry=params.get("inquiry", False),
    )


def dispute_charge(
    transaction: Transaction, charge: Json, amount: int, *, reason: str, inquiry: bool
) -> Json:
    """Open a dispute about a charge; unless it is an inquiry, withdraw the money at once."""
    dispute = dispute_shape.dispute(charge, amount, reason, inquiry=inquiry, now=transaction.now)
    transaction.add(dispute)
    charge["disputed"] = True
    transaction.save(charge)
    emit(transaction, "charge.dispute.created", dispute)
    if not inquiry:
        _withdraw(transaction, dispute)
    return dispute


def act(transaction: Transaction, dispute_id: str, action: str) -> Json:
    """Take the next step of a dispute; ACTIONS has the names."""
    dispute = retrieve(transaction, {}, dispute_id)
    if action not in ACTIONS:
        raise InvalidParameterError(f"Unknown action: {action}. Known: {', '.join(ACTIONS)}.")
    if action not in possible_actions(dispute):
        raise StripeError(
            f"A dispute that is {dispute['status']} with the money "
            f"{'withdrawn' if is_withdrawn(dispute) else 'here'} cannot {action.replace('_', ' ')}."
        )
    _, step = ACTIONS[action]
    step(transaction, dispute)
    return dispute


def possible_actions(dispute: Json) -> list[str]:
    """Return the actions that are possible now."""
    gone = is_withdrawn(dispute)
    impossible = {"withdraw" if gone else "reinstate"}
    return [
        action
        for action, (statuses, _) in ACTIONS.items()
        if dispute["status"] in statuses and action not in impossible
    ]


def _respond(transaction: Transaction, dispute: Json) -> None:
    """The merchant sends evidence."""
    dispute["evidence_details"] |= {
        "has_evidence": True,
        "submission_count": dispute["evidence_details"]["submission_count"] + 1,
        "submission_method": "manual",
    }
    _turn(transaction, dispute, dispute["status"].replace("needs_response", "under_review"))


def _escalate(transaction: Transaction, dispute: Json) -> None:
    """An inquiry becomes a chargeback."""
    if dispute["payment_method_details"]:
        dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    _turn(transaction, dispute, "needs_response")
    _withdraw(transaction, dispute)


def _appeal(transaction: Transaction, dispute: Json) -> None:
    """The side that lost the case appeals."""
    _turn(transaction, dispute, "appeal_needs_response")


def _win(transaction: Transaction, dispute: Json) -> None:
    previous = {"status": dispute["status"]}
    dispute["status"] = "won"
    if is_withdrawn(dispute):
        _reinstate(transaction, dispute)
    _close(transaction, dispute, previous)


def _lose(transaction: Transaction, dispute: Json) -> None:
    previous = {"status": dispute["status"]}
    dispute["status"] = "lost"
    if not is_withdrawn(dispute):
        _withdraw(transaction, dispute)
    _close(transaction, dispute, previous)


def _close_inquiry(transaction: Transaction, dispute: Json) -> None:
    previous = {"status": dispute["status"]}
    dispute["status"] = "warning_closed"
    _close(transaction, dispute, previous)


def _turn(transaction: Transaction, dispute: Json, status: str) -> None:
    previous = {"status": dispute["status"]}
    dispute["status"] = status
    transaction.save(dispute)
    emit(transaction, "charge.dispute.updated", dispute, previous)


def _close(transaction: Transaction, dispute: Json, previous: Json) -> None:
    transaction.save(dispute)
    emit(transaction, "charge.dispute.closed", dispute, previous)


def _withdraw(transaction: Transaction, dispute: Json) -> None:
    entry = balance_transactions.dispute_withdrawn(transaction, dispute)
    _book(transaction, dispute, entry, "charge.dispute.funds_withdrawn")


def _reinstate(transaction: Transaction, dispute: Json) -> None:
    entry = balance_transactions.dispute_reinstated(transaction, dispute)
    _book(transaction, dispute, entry, "charge.dispute.funds_reinstated")


def _book(transaction: Transaction, dispute: Json, entry: Json, event: str) -> None:
    previous = {"balance_transactions": dispute["balance_transactions"]}
    dispute["balance_transactions"] = [*dispute["balance_transactions"], entry]
    dispute["is_charge_refundable"] = not is_withdrawn(dispute)
    transaction.save(dispute)
    emit(transaction, event, dispute, previous)


def is_withdrawn(dispute: Json) -> bool:
    """Return whether the money is withdrawn at present."""
    return bool(sum(entry["amount"] for entry in dispute["balance_transactions"]) < 0)


ACTIONS: dict[str, tuple[frozenset[str], Callable[[Transaction, Json], None]]] = {
    "respond": (AWAITING_RESPONSE, _respond),
    "escalate": (INQUIRY, _escalate),
    "close_inquiry": (INQUIRY, _close_inquiry),
    "withdraw": (OPEN, _withdraw),
    "reinstate": (OPEN | DECIDED, _reinstate),
    "win": (OPEN, _win),
    "lose": (OPEN, _lose),
    "appeal": (DECIDED, _appeal),
}
