"""Format amounts of money, in the minor units that Stripe's API counts."""

from __future__ import annotations

# https://docs.stripe.com/currencies. A test compares them with stripe_currencies() in sql/. UGX has
# no decimals of its own, but Stripe takes it in hundredths.
_ZERO_DECIMAL = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"}
    | {"pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
)
_THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


def decimals(currency: str) -> int:
    """Return the decimals of Stripe's amounts in a currency (ISO 4217, lower case)."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def money(amount: int, currency: str) -> str:
    """Return an amount in minor units with its currency, such as 4.99 USD."""
    places = decimals(currency)
    return f"{amount / 10**places:,.{places}f} {currency.upper()}"
