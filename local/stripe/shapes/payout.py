"""The shape of payouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.ids import new_id

if TYPE_CHECKING:
    from local.stripe.store import Json

ARRIVES_AFTER_SECONDS = 2 * 24 * 3600
BANK_ACCOUNT = "ba_1LocalStandInBank"


def payout(fields: Json, *, automatic: bool, now: int) -> Json:
    """Return a new payout that is on its way; the caller sets `balance_transaction`."""
    return {
        "id": new_id("payout"),
        "object": "payout",
        "amount": fields["amount"],
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": now + ARRIVES_AFTER_SECONDS,
        "automatic": automatic,
        "balance_transaction": None,
        "created": now,
        "currency": fields["currency"],
        "description": "STRIPE PAYOUT" if automatic else fields.get("description"),
        "destination": BANK_ACCOUNT,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": fields.get("metadata", {}),
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": fields.get("statement_descriptor"),
        "status": "in_transit",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }
