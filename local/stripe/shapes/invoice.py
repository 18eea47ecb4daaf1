"""The shapes of invoices, and of the link between an invoice and its payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.lists import as_list
from local.stripe.ids import new_id
from local.stripe.shapes.checkout_session import MERCHANT

if TYPE_CHECKING:
    from local.stripe.store import Json


def draft(session: Json, items: list[Json], customer: Json | None, *, now: int) -> Json:
    """Return the draft of the invoice for a Checkout Session that was paid."""
    invoice_id = new_id("invoice")
    details, totals = session["customer_details"], session["total_details"]
    taxes = _taxes(totals["amount_tax"], session, items)
    included = totals["amount_tax"] if items[0]["price"]["tax_behavior"] == "inclusive" else 0
    discount = new_id("discount")
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "US",
        "account_name": MERCHANT,
        "account_tax_ids": None,
        "amount_due": session["amount_total"],
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": session["amount_total"],
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {"disabled_reason": None, **session["automatic_tax"]},
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": now,
        "currency": session["currency"],
        "custom_fields": None,
        "customer": session["customer"],
        "customer_account": None,
        "customer_address": details["address"],
        "customer_email": details["email"],
        "customer_name": customer["name"] if customer else details["name"],
        "customer_phone": None,
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": details["tax_ids"] or [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [discount] if totals["amount_discount"] else [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": as_list(
            [_line(item, session, invoice_id, discount) for item in items],
            url=f"/v1/invoices/{invoice_id}/lines",
        ),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_details": None,
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": session["amount_subtotal"],
        "subtotal_excluding_tax": session["amount_subtotal"] - included,
        "test_clock": None,
        "threshold_reason": None,
        "total": session["amount_total"],
        "total_discount_amounts": _discounts(totals["amount_discount"], discount),
        "total_excluding_tax": session["amount_total"] - totals["amount_tax"],
        "total_pretax_credit_amounts": [],
        "total_taxes": taxes,
        "webhooks_delivered_at": None,
    }


def payment(invoice: Json, intent_id: str, *, now: int) -> Json:
    """Return the invoice payment that says which payment intent paid an invoice."""
    return {
        "id": new_id("invoice_payment"),
        "object": "invoice_payment",
        "amount_paid": invoice["amount_paid"],
        "amount_requested": invoice["amount_due"],
        "created": now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent_id, "type": "payment_intent"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": now},
    }


def _line(item: Json, session: Json, invoice_id: str, discount: str) -> Json:
    price = item["price"]
    return {
        "id": new_id("invoice_line"),
        "object": "line_item",
        "amount": item["amount_subtotal"],
        "currency": item["currency"],
        "description": item["description"],
        "discount_amounts": _discounts(item["amount_discount"], discount),
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": {
                "invoice_item": new_id("invoice_item"),
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "period": {"start": session["created"], "end": session["created"]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "subscription": None,
        "subtotal": item["amount_subtotal"],
        "taxes": _taxes(item["amount_tax"], session, [item]),
    }


def _discounts(amount: int, discount: str) -> list[Json]:
    return [{"amount": amount, "discount": discount}] if amount else []


def _taxes(amount: int, session: Json, items: list[Json]) -> list[Json]:
    if not session["automatic_tax"]["enabled"]:
        return []
    behavior = items[0]["price"]["tax_behavior"]
    taxed = sum(item["amount_total"] - item["amount_tax"] for item in items)
    return [
        {
            "amount": amount,
            "tax_behavior": behavior,
            "tax_rate_details": {"tax_rate": new_id("tax_rate")},
            "taxability_reason": "standard_rated",
            "taxable_amount": taxed,
            "type": "tax_rate_details",
        }
    ]
