"""The two promotion codes of the stand-in: PURSE20 and PURSE100."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.stripe.payments import taxes
from local.stripe.payments.currencies import formatted, minimum_charge

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction


class CodeError(Exception):
    """A code cannot be used; the message is shown on the payment page."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A code that takes a percentage off."""

    code: str
    id: str
    percent_off: int


PROMOTIONS = {
    promotion.code: promotion
    for promotion in (
        Promotion("PURSE20", "promo_1LocalPurse20", 20),
        Promotion("PURSE100", "promo_1LocalPurse100", 100),
    )
}


def applied(session: Json) -> Promotion | None:
    """Return the promotion of a session, or None."""
    ids = [discount["promotion_code"] for discount in session["discounts"]]
    return next((known for known in PROMOTIONS.values() if known.id in ids), None)


def apply(transaction: Transaction, session: Json, code: str) -> None:
    """Discount every line item by the code's percentage.

    Raises:
        CodeError: The code is unknown, not allowed, or would make the total too small.
    """
    promotion = PROMOTIONS.get(code.strip().upper())
    if promotion is None or not session["allow_promotion_codes"]:
        raise CodeError("This code is invalid.")
    discount = session["amount_subtotal"] * promotion.percent_off // 100
    total = session["amount_subtotal"] - discount
    minimum = minimum_charge(session["currency"])
    if 0 < total < minimum:
        least = formatted(minimum, session["currency"])
        raise CodeError(f"With this code the total would be below the minimum charge of {least}.")
    _discount(transaction, session, promotion.percent_off)
    session["discounts"] = [{"coupon": None, "promotion_code": promotion.id}]
    transaction.save(session)
    taxes.assess(transaction, session)


def remove(transaction: Transaction, session: Json) -> None:
    """Go back to the full price."""
    _discount(transaction, session, 0)
    session["discounts"] = []
    transaction.save(session)
    taxes.assess(transaction, session)


def _discount(transaction: Transaction, session: Json, percent: int) -> None:
    """Spread the discount over the items; their discounts add up to the session's exactly."""
    private = transaction.private(session["id"])
    total_off = session["amount_subtotal"] * percent // 100
    left = total_off
    for item in private["line_items"]:
        off = min(left, -(-item["amount_subtotal"] * percent // 100))
        left -= off
        item["amount_discount"] = off
        item["amount_total"] = item["amount_subtotal"] - off
    transaction.save_private(session["id"], private)
    session["amount_total"] = session["amount_subtotal"] - total_off
    session["total_details"]["amount_discount"] = total_off
