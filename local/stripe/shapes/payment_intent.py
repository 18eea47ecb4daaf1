"""The shapes of payment intents and payment methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.ids import new_id, random_text

if TYPE_CHECKING:
    from local.stripe.store import Json

ADDRESS = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}


def payment_intent(session: Json, data: Json, *, now: int) -> Json:
    """Return the payment intent that a session gets at the first attempt to pay."""
    intent_id = new_id("payment_intent")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{random_text(25)}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": session["currency"],
        "customer": session["customer"],
        "customer_account": None,
        "description": data.get("description"),
        "excluded_payment_method_types": session["excluded_payment_method_types"],
        "hooks": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": data.get("metadata", {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_details": None,
        "payment_method": None,
        "payment_method_configuration_details": session["payment_method_configuration_details"],
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": session["payment_method_types"],
        "payment_record": None,
        "presentment_details": session["presentment_details"],
        "processing": None,
        "receipt_email": data.get("receipt_email"),
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": data.get("statement_descriptor"),
        "statement_descriptor_suffix": data.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }


def payment_method(kind: str, details: Json, payer: Json, intent: Json, *, now: int) -> Json:
    """Return the payment method that was entered, without its number."""
    body: Json = {
        "id": new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": _billing_details(payer),
        "created": now,
        "customer": intent["customer"],
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "radar_options": {},
        "type": kind,
    }
    if kind == "card":
        body["card"] = {
            "brand": details["brand"],
            "checks": _checks(details),
            "country": "US",
            "display_brand": details["brand"],
            "exp_month": details["exp_month"],
            "exp_year": details["exp_year"],
            "fingerprint": None,
            "funding": "credit",
            "generated_from": None,
            "last4": details["last4"],
            "networks": {"available": [details["brand"]], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
        }
    else:
        body["us_bank_account"] = {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "LOCAL TEST BANK",
            "financial_connections_account": None,
            "fingerprint": None,
            "last4": details["last4"],
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": "110000000",
            "status_details": {},
        }
    return body


def _billing_details(payer: Json) -> Json:
    return {
        "address": dict(ADDRESS),
        "email": payer["email"],
        "name": payer["name"],
        "phone": None,
        "tax_id": None,
    }


def _checks(details: Json) -> Json:
    return {
        "address_line1_check": None,
        "address_postal_code_check": None,
        "cvc_check": details["cvc_check"],
    }
