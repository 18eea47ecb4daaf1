"""The shape of disputes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.fields import names
from local.stripe.ids import new_id

if TYPE_CHECKING:
    from local.stripe.store import Json

RESPONSE_TIME_SECONDS = 7 * 24 * 3600
NETWORK_REASON_CODES = {"fraudulent": "10.4", "product_not_received": "13.1"}
EVIDENCE = names("""
    access_activity_log appeal billing_address cancellation_policy cancellation_policy_disclosure
    cancellation_rebuttal customer_communication customer_email_address customer_name
    customer_purchase_ip customer_signature duplicate_charge_documentation
    duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy
    refund_policy_disclosure refund_refusal_explanation service_date service_documentation
    shipping_address shipping_carrier shipping_date shipping_documentation
    shipping_tracking_number uncategorized_file uncategorized_text
    """)


def dispute(charge: Json, amount: int, reason: str, *, inquiry: bool, now: int) -> Json:
    """Return a new dispute, before any money has moved; `amount` in minor units."""
    code = NETWORK_REASON_CODES.get(reason)
    return {
        "id": new_id("dispute"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(sorted(EVIDENCE)), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + RESPONSE_TIME_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": _method(charge, code, inquiry=inquiry),
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def _method(charge: Json, code: str | None, *, inquiry: bool) -> Json | None:
    details = charge["payment_method_details"]
    if details["type"] != "card":
        return None
    return {
        "card": {
            "brand": details["card"]["brand"],
            "case_type": "inquiry" if inquiry else "chargeback",
            "network": details["card"]["network"],
            "network_reason_code": code,
        },
        "type": "card",
    }
