"""What Checkout asks of a buyer besides the payment: tax id, business name, country."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from local.stripe.api.errors import InvalidParameterError, StripeError
from local.stripe.events.event_log import emit
from local.stripe.shapes.checkout_session import customer_details

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

COUNTRIES = {"US": "United States", "DE": "Germany", "FR": "France", "GB": "United Kingdom"}
_EU_VAT = re.compile(r"[A-Z]{2}[0-9A-Z]{8,12}")


def check(params: Json) -> None:
    """Refuse what Stripe refuses: details of an existing customer that it may not save.

    The sentence about tax ids is Stripe's own, without code and parameter
    (https://github.com/laravel/cashier-stripe/issues/1585).
    """
    update = params.get("customer_update", {})
    if update and "customer" not in params:
        raise InvalidParameterError(
            "`customer_update` can only be used with `customer`.", param="customer_update"
        )
    collects = params.get("tax_id_collection", {}).get("enabled", False)
    if collects and "customer" in params and update.get("name") != "auto":
        raise StripeError(
            "Tax ID collection requires updating business name on the customer. To enable tax ID "
            "collection for an existing customer, please set `customer_update[name]` to `auto`."
        )


def asks_country(session: Json) -> bool:
    """Return whether the page asks for the buyer's country."""
    collects = (session["tax_id_collection"] or {}).get("enabled", False)
    return bool(collects or session["automatic_tax"]["enabled"])


def read(session: Json, values: dict[str, str], problems: dict[str, str]) -> Json:
    """Return what the buyer entered: {country, business_name, tax_ids}, null where not asked."""
    details: Json = {"country": None, "business_name": None, "tax_ids": None}
    if asks_country(session):
        details["country"] = values.get("country") or "US"
        if details["country"] not in COUNTRIES:
            problems["country"] = "Choose one of the countries."
    if (session["tax_id_collection"] or {}).get("enabled"):
        tax_id = values.get("tax_id", "").replace(" ", "").upper()
        details["tax_ids"] = [_tax_id(tax_id)] if tax_id else []
        details["business_name"] = values.get("business_name") or None
        if tax_id and not details["business_name"]:
            problems["business_name"] = "Enter the name of the business."
    return details


def note(transaction: Transaction, session: Json, payer: Json) -> None:
    """Write what the buyer entered into the session, and to the customer where it may be saved."""
    address = None
    if payer.get("country"):
        nothing = dict.fromkeys(("city", "line1", "line2", "postal_code", "state"))
        address = {**nothing, "country": payer["country"]}
    session["customer_details"] = {
        **customer_details(payer["email"], payer["name"]),
        "address": address,
        "business_name": payer.get("business_name"),
        "tax_ids": payer.get("tax_ids"),
    }
    customer = transaction.find("customer", session["customer"] or "")
    if customer is None:
        return
    update = transaction.private(session["id"]).get("customer_update", {})
    changed: Json = {}
    if update.get("name") == "auto" and payer["name"]:
        changed["name"] = payer.get("business_name") or payer["name"]
    if update.get("address") == "auto" and address:
        changed["address"] = address
    previous = {name: customer[name] for name in changed if customer[name] != changed[name]}
    if previous:
        customer |= changed
        transaction.save(customer)
        emit(transaction, "customer.updated", customer, previous)


def _tax_id(value: str) -> Json:
    return {"type": "eu_vat" if _EU_VAT.fullmatch(value) else "us_ein", "value": value}
