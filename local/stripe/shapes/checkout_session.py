"""The shapes of Checkout Sessions and their line items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.ids import new_id

if TYPE_CHECKING:
    from local.stripe.store import Json

MERCHANT = "Purse"


def line_item(fields: Json, *, now: int) -> Json:
    """Return a line item with the price that Stripe makes from `price_data`."""
    price_data = fields["price_data"]
    product_data = price_data["product_data"]
    quantity = fields["quantity"]
    amount = price_data["unit_amount"] * quantity
    return {
        "id": new_id("item"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price_data["currency"],
        "description": product_data["name"],
        "metadata": fields.get("metadata", {}),
        "price": {
            "id": new_id("price"),
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": now,
            "currency": price_data["currency"],
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": new_id("product"),
            "recurring": None,
            "tax_behavior": price_data.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": price_data["unit_amount"],
            "unit_amount_decimal": str(price_data["unit_amount"]),
        },
        "quantity": quantity,
    }


def session(fields: Json, *, items: list[Json], customer: Json | None, now: int) -> Json:
    """Return an open Checkout Session; the caller sets `url`."""
    currency = items[0]["currency"]
    subtotal = sum(item["amount_subtotal"] for item in items)
    email = customer["email"] if customer else fields.get("customer_email")
    return {
        "id": new_id("checkout.session"),
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": fields.get("adaptive_pricing", {}).get("enabled", False)},
        "after_expiration": None,
        "allow_promotion_codes": fields.get("allow_promotion_codes"),
        "allowed_payment_method_types": None,
        "amount_subtotal": subtotal,
        "amount_total": subtotal,
        "automatic_tax": _automatic_tax(fields.get("automatic_tax", {})),
        "billing_address_collection": None,
        "branding_settings": _branding(fields.get("branding_settings", {})),
        "cancel_url": fields.get("cancel_url"),
        "client_reference_id": fields.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": _consent_collection(fields.get("consent_collection")),
        "created": now,
        "currency": currency,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
            **fields.get("custom_text", {}),
        },
        "customer": customer["id"] if customer else None,
        "customer_account": None,
        "customer_creation": None if customer else "if_required",
        "customer_details": customer_details(email) if email else None,
        "customer_email": fields.get("customer_email"),
        "discounts": [],
        "excluded_payment_method_types": fields.get("excluded_payment_method_types"),
        "expires_at": fields["expires_at"],
        "integration_identifier": None,
        "invoice": None,
        "invoice_creation": _invoice_creation(fields.get("invoice_creation", {})),
        "livemode": False,
        "locale": fields.get("locale"),
        "managed_payments": {"enabled": False},
        "metadata": fields.get("metadata", {}),
        "mode": "payment",
        "name_collection": None,
        "optional_items": None,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": {"id": "pmc_1LocalStandIn", "parent": None},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": fields["payment_method_types"],
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "presentment_details": None,
        "recovered_from": None,
        "redirect_on_completion": None,
        "return_url": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": fields.get("submit_type"),
        "subscription": None,
        "success_url": fields["success_url"],
        "tax_id_collection": _tax_id_collection(fields.get("tax_id_collection")),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": None,
        "wallet_options": None,
    }


def customer_details(email: str, name: str | None = None) -> Json:
    """Return `customer_details` with what the payment page knows about the payer."""
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def requires_consent(session: Json) -> bool:
    """Return whether the payer has to accept the terms of service."""
    return (session["consent_collection"] or {}).get("terms_of_service") == "required"


def _consent_collection(fields: Json | None) -> Json | None:
    if fields is None:
        return None
    return {
        "payment_method_reuse_agreement": None,
        "promotions": "none",
        "terms_of_service": fields.get("terms_of_service", "none"),
    }


def _tax_id_collection(fields: Json | None) -> Json | None:
    return None if fields is None else {"required": "never", **fields}


def _branding(fields: Json) -> Json:
    return {
        "background_color": "#ffffff",
        "border_style": "rounded",
        "button_color": "#4338ca",
        "display_name": MERCHANT,
        "font_family": "default",
        "icon": None,
        "logo": None,
        **fields,
    }


def _automatic_tax(fields: Json) -> Json:
    if not fields.get("enabled"):
        return {"enabled": False, "liability": None, "provider": None, "status": None}
    return {
        "enabled": True,
        "liability": {"type": "self"},
        "provider": "stripe",
        # The payment page asks where the buyer is.
        "status": "requires_location_inputs",
    }


def _invoice_creation(fields: Json) -> Json:
    return {
        "enabled": fields.get("enabled", False),
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": None,
            "metadata": {},
            "rendering_options": None,
        },
    }
