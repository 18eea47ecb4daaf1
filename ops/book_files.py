"""The books as CSV: roll-forward, postings, and what moved the balance at Stripe. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from api._lib.csv_text import csv_text
from api._lib.money import decimals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FIGURES = (
    *("opening", "sold", "granted", "used", "expired", "refunded", "corrected", "moved"),
    *("written_off", "repriced", "closing", "deferred", "receivable"),
)
POSTING = (*("posting", "date", "kind", "debit", "credit", "amount", "currency", "mode", "order"),)
BALANCE = (
    *("transaction", "date", "category", "amount", "fee", "net", "currency", "mode", "available"),
    *("source", "source_amount", "source_currency", "exchange_rate", "order", "payout"),
)


def roll_forward_csv(month: str, figures: Iterable[Mapping[str, Any]]) -> str:
    """Return the figures of a month, such as 2026-10, one row for credits and each currency."""
    rows = [
        [month, each["unit"], _mode(each), *(_figure(each[name], each["unit"]) for name in FIGURES)]
        for each in figures
    ]
    return csv_text([("month", "unit", "mode", *FIGURES), *rows])


def postings_csv(
    postings: Iterable[Mapping[str, Any]], *, timezone: str, codes: Mapping[str, str]
) -> str:
    """Return one row for each posting: the amount moves from the credited account to the debited.

    Dates are in the time zone of the books. An account without a code is named.
    """
    zone = ZoneInfo(timezone)
    rows = [
        [
            f"{each['source']}-{each['source_id']}",
            _date(each["at"], zone),
            each["kind"],
            codes.get(each["debit"], each["debit"]),
            codes.get(each["credit"], each["credit"]),
            _figure(each["amount"], each["unit"]),
            each["unit"].upper(),
            _mode(each),
            each["purchase_id"],
        ]
        for each in postings
    ]
    return csv_text([POSTING, *rows])


def balance_csv(transactions: Iterable[Mapping[str, Any]], *, timezone: str) -> str:
    """Return one row for each balance transaction of Stripe, with the payout it left with.

    Dates are in the time zone of the books. A payout is empty while it is not known.
    """
    zone = ZoneInfo(timezone)
    rows = [
        [
            each["id"],
            _date(each["created_at"], zone),
            each["reporting_category"],
            *(_figure(each[name], each["currency"]) for name in ("amount", "fee", "net")),
            each["currency"].upper(),
            "live" if each["livemode"] else "test",
            _date(each["available_on"], zone),
            each["source_id"],
            _figure(each["source_amount"], each["source_currency"] or ""),
            (each["source_currency"] or "").upper(),
            each["exchange_rate"],
            each["purchase_id"],
            each["payout_id"],
        ]
        for each in transactions
    ]
    return csv_text([BALANCE, *rows])


def _date(text: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).isoformat(timespec="seconds")


def _mode(row: Mapping[str, Any]) -> str:
    if row["unit"] == "credits":
        return ""
    return "test" if row["test_mode"] else "live"


def _figure(value: int | None, unit: str) -> int | Decimal | None:
    """Return credits as they are, and money in whole units of its currency."""
    if value is None or unit == "credits":
        return value
    return Decimal(value).scaleb(-decimals(unit))
