"""What Stripe charges for a price: less a discount, with tax added or included."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


def payment(price: int, discount: int, behavior: str, percent: int) -> dict[str, Any]:
    """Return the facts of a payment: amount_paid, amount_tax and amount_discount."""
    taxable = price - discount
    if behavior == "exclusive":
        tax = (2 * taxable * percent + 100) // 200
        paid = taxable + tax
    else:
        tax = taxable * percent // (100 + percent) if behavior == "inclusive" else 0
        paid = taxable
    return {"amount_paid": paid, "amount_tax": tax, "amount_discount": discount}


def _priced(price: int, discount: str, behavior: str, percent: int) -> tuple[int, dict[str, Any]]:
    off = {"none": 0, "half": price - price // 2, "all": price}[discount]
    return price, payment(price, off, behavior, percent)


# How tax is told, and its rate in per cent.
TAXES = st.sampled_from([("no tax", 0), ("exclusive", 19), ("inclusive", 19)])
# A price, and what is paid for it.
PRICED = st.builds(
    _priced,
    price=st.integers(1, 3000),
    discount=st.sampled_from(["none", "none", "half", "all"]),
    behavior=st.sampled_from(["no tax", "no tax", "exclusive", "inclusive"]),
    percent=st.integers(0, 30),
)
