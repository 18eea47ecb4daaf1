"""The books as CSV: the roll-forward and the postings. Pure."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from api._lib.money import decimals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FIGURES = (
    *("opening", "sold", "granted", "used", "expired", "refunded", "corrected", "moved"),
    *("written_off", "repriced", "closing", "deferred", "receivable"),
)
POSTING = (*("posting", "date", "kind", "debit", "credit", "amount", "currency", "mode", "order"),)
# A spreadsheet takes a cell that begins so for a formula, also after spaces.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def roll_forward_csv(month: str, figures: Iterable[Mapping[str, Any]]) -> str:
    """Return the figures of a month, such as 2026-10, one row for credits and each currency."""
    rows = [
        [month, each["unit"], _mode(each), *(_figure(each[name], each["unit"]) for name in FIGURES)]
        for each in figures
    ]
    return _csv(("month", "unit", "mode", *FIGURES), rows)


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
            datetime.fromisoformat(each["at"]).astimezone(zone).isoformat(timespec="seconds"),
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
    return _csv(POSTING, rows)


def _mode(row: Mapping[str, Any]) -> str:
    if row["unit"] == "credits":
        return ""
    return "test" if row["test_mode"] else "live"


def _figure(value: int | None, unit: str) -> int | Decimal | None:
    """Return credits as they are, and money in whole units of its currency."""
    if value is None or unit == "credits":
        return value
    return Decimal(value).scaleb(-decimals(unit))


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Return a cell that no spreadsheet runs. Numbers keep their sign."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value
