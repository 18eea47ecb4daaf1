"""The shape of refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.ids import new_id, random_text

if TYPE_CHECKING:
    from local.stripe.store import Json


def refund(charge: Json, amount: int, fields: Json, *, status: str, now: int) -> Json:
    """Return a new refund; `amount` in minor units.

    Members that only some refunds have (`pending_reason`, `failure_reason`) are absent from the
    others and not null, as at Stripe.
    """
    by_card = charge["payment_method_details"]["type"] == "card"
    body: Json = {
        "id": new_id("refund" if by_card else "bank_refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": _destination(by_card=by_card),
        "metadata": fields.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "presentment_details": _presented(charge, amount),
        "reason": fields.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }
    if status == "pending":
        body["pending_reason"] = "processing"
    return body


def with_reference(destination: Json) -> Json:
    """Return the destination with the reference that the card network gives to the refund."""
    card = {
        **destination["card"],
        "reference": random_text(12).upper(),
        "reference_status": "available",
    }
    return {**destination, "card": card}


def _destination(*, by_card: bool) -> Json:
    if not by_card:
        return {"type": "us_bank_transfer", "us_bank_transfer": {"reference_status": "pending"}}
    return {
        "card": {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        },
        "type": "card",
    }


def _presented(charge: Json, amount: int) -> Json | None:
    """Return the share of what the payer was shown, if that was in another currency."""
    shown = charge["presentment_details"]
    if shown is None:
        return None
    return {**shown, "presentment_amount": shown["presentment_amount"] * amount // charge["amount"]}
