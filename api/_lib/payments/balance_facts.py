"""A balance transaction of Stripe in, its facts out. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from api._lib.payments.reversal_facts import MAX_TIME
from api._lib.payments.stripe_fields import (
    InvalidStripeObjectError,
    reference_or_null,
    text,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# The sources that are about a payment, and so may be about one of our orders.
_ABOUT_PAYMENTS = ("charge", "refund", "dispute")
# Postgres stores amounts as bigint.
_MAX_AMOUNT = 2**62


class BalanceFacts(TypedDict):
    """What Stripe says about one movement of its balance: an argument of record_balance_page.

    Amounts are in minor units: amount, fee and net of the account's currency, source_amount of
    source_currency. Times are in seconds since 1970 (UTC). exchange_rate is a decimal number.
    """

    id: str
    type: str
    reporting_category: str
    balance_type: str
    amount: int
    fee: int
    net: int
    currency: str
    exchange_rate: str | None
    source_id: str | None
    payment_intent_id: str | None
    source_amount: int | None
    source_currency: str | None
    created: int
    available_on: int


def facts_of_balance_transaction(found: Mapping[str, Any]) -> BalanceFacts:
    """Return the facts of a BalanceTransaction whose source is expanded.

    Raises:
        InvalidStripeObjectError: A field is missing or wrong, or net is not amount less fee.
    """
    amount, fee, net = (_amount(found, name) for name in ("amount", "fee", "net"))
    if net != amount - fee:
        raise InvalidStripeObjectError("net")
    source = found.get("source")
    payment = source if isinstance(source, dict) and _is_about_payment(source) else None
    return BalanceFacts(
        id=text(found, "id"),
        type=text(found, "type"),
        reporting_category=text(found, "reporting_category"),
        balance_type=text(found, "balance_type"),
        amount=amount,
        fee=fee,
        net=net,
        currency=text(found, "currency"),
        exchange_rate=_rate(found),
        source_id=reference_or_null(found, "source"),
        payment_intent_id=reference_or_null(payment, "payment_intent") if payment else None,
        source_amount=_amount(payment, "amount") if payment else None,
        source_currency=text(payment, "currency") if payment else None,
        created=_time(found, "created"),
        available_on=_time(found, "available_on"),
    )


def _is_about_payment(source: Mapping[str, Any]) -> bool:
    return source.get("object") in _ABOUT_PAYMENTS


def _amount(of: Mapping[str, Any], field: str) -> int:
    value = whole_number(of, field)
    if abs(value) > _MAX_AMOUNT:
        raise InvalidStripeObjectError(field)
    return value


def _time(of: Mapping[str, Any], field: str) -> int:
    value = whole_number(of, field)
    if not 0 <= value <= MAX_TIME:
        raise InvalidStripeObjectError(field)
    return value


def _rate(found: Mapping[str, Any]) -> str | None:
    """Return the exchange rate as text, so that no digit changes on its way to the database."""
    value = found.get("exchange_rate")
    if value is None:
        return None
    if type(value) not in {int, float} or not 0 < value < float("inf"):
        raise InvalidStripeObjectError("exchange_rate")
    return repr(value)
