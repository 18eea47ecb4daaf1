"""Automatic tax: one rate everywhere, added to the price or included in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.errors import InvalidParameterError, StripeError
from local.stripe.payments.currencies import step

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

# The rate in per cent, a switch of the control room: at Stripe it depends on place and product.
RATE_SWITCH = "tax_percent"
DEFAULT_RATE = 20


def check(transaction: Transaction, params: Json) -> None:
    """Refuse what Stripe refuses of automatic tax.

    A customer without an address needs leave to save one. The sentence is Stripe's own
    (https://github.com/raystack/frontier/pull/565). A price needs a tax behavior unless the
    account has a default, and this account has none.
    """
    if not params.get("automatic_tax", {}).get("enabled"):
        return
    customer = transaction.find("customer", params.get("customer", ""))
    update = params.get("customer_update", {})
    may_save = "auto" in {update.get("address"), update.get("shipping")}
    if customer is not None and not customer.get("address") and not may_save:
        raise StripeError(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a "
            "valid address to the Customer or set either `customer_update[address]` to 'auto' or "
            "`customer_update[shipping]` to 'auto' to save the address entered in Checkout to the "
            "Customer.",
            code="customer_tax_location_invalid",
        )
    for index, item in enumerate(params["line_items"]):
        if item["price_data"].get("tax_behavior", "unspecified") == "unspecified":
            raise InvalidParameterError(
                "A price needs `tax_behavior` for automatic tax: exclusive or inclusive.",
                param=f"line_items[{index}][price_data][tax_behavior]",
            )


def rate(transaction: Transaction) -> int:
    """Return the rate in per cent."""
    return int(transaction.switch(RATE_SWITCH, DEFAULT_RATE))


def behavior(items: list[Json]) -> str:
    """Return how the tax of a session's items is told to the buyer."""
    return str(items[0]["price"]["tax_behavior"])


def assess(transaction: Transaction, session: Json) -> None:
    """Compute the tax of an open session anew, once the buyer's location is known.

    The payment page calls this whenever it is opened or submitted, and after a promotion code.
    """
    if not session["automatic_tax"]["enabled"]:
        return
    private = transaction.private(session["id"])
    percent = rate(transaction)
    for item in private["line_items"]:
        price = item["amount_subtotal"] - item["amount_discount"]
        item["amount_tax"], item["amount_total"] = _taxed(
            price, percent, item["price"]["tax_behavior"], step(item["currency"])
        )
    transaction.save_private(session["id"], private)
    items = private["line_items"]
    session["automatic_tax"]["status"] = "complete"
    session["total_details"]["amount_tax"] = sum(item["amount_tax"] for item in items)
    session["amount_total"] = sum(item["amount_total"] for item in items)
    transaction.save(session)


def _taxed(price: int, percent: int, tax_behavior: str, step_: int) -> tuple[int, int]:
    """Return the tax, rounded half up to what can be charged, and the price with it."""
    of = 100 if tax_behavior == "exclusive" else 100 + percent
    tax = (2 * price * percent + of * step_) // (2 * of * step_) * step_
    return tax, price + tax if tax_behavior == "exclusive" else price
