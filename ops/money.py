"""Format amounts of money."""

from __future__ import annotations

# https://docs.stripe.com/currencies#zero-decimal
_ZERO_DECIMAL = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"}
    | {"pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}
)


def money(amount: int, currency: str) -> str:
    """Return an amount in minor units with its currency, such as 4.99 USD."""
    digits = f"{amount:,}" if currency in _ZERO_DECIMAL else f"{amount / 100:,.2f}"
    return f"{digits} {currency.upper()}"
