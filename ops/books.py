"""`make books MONTH=2026-10`: write a month's books as CSV; SEAL=1 BY=… seals the month first.

Three files come into the folder OUT (`books` by default): the roll-forward, from what customers had
at the beginning to what they had at the end, the postings, and what moved the balance at Stripe.
Fees and payouts are read from Stripe first. A sealed month never changes.
"""

from __future__ import annotations

import argparse
import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.book_calls import call_books
from api._lib.errors import BusyError
from api._lib.settings import settings
from ops.book_files import balance_csv, postings_csv, roll_forward_csv
from ops.command import command
from ops.findings import count
from ops.stripe_balance import compare_balance, read_stripe

if TYPE_CHECKING:
    from collections.abc import Iterator

# Rows of the ledger whose postings come in one answer.
PAGE = 10_000
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_REFUSED = {
    "month_not_over": "The month is not over in {timezone}. Seal it when it is.",
    "next_month": "Months are sealed one after the other. The next one is {value}.",
    "month_before_books": "The first sealed month is a later one. Nothing can be sealed before it.",
    "books_timezone_fixed": (
        "The first seal fixed the time zone {value}. Set BOOKS_TIMEZONE={value}."
    ),
    "unknown_timezone": "BOOKS_TIMEZONE={timezone} is no time zone that Postgres knows.",
}


def main() -> int:
    """Seal the month if asked to, and write its files."""
    parser = argparse.ArgumentParser(prog="make books", description=__doc__)
    parser.add_argument("month", nargs="?", help="such as 2026-10")
    parser.add_argument("--seal", action="store_true", help="seal the month; for good")
    parser.add_argument("--by", default=os.environ.get("BY"), help="your name, for the seal")
    parser.add_argument("--out", default=os.environ.get("OUT") or "books", help="a folder")
    asked = parser.parse_args()
    seal = asked.seal or os.environ.get("SEAL") == "1"
    if not asked.month or not _MONTH.fullmatch(asked.month):
        print("Name the month: make books MONTH=2026-10")
        return 2
    if seal and not asked.by:
        print('Sign it: make books MONTH=2026-10 SEAL=1 BY="your name"')
        return 2
    arguments = {"p_month": f"{asked.month}-01", "p_timezone": settings().books.timezone}
    reading = read_stripe()
    try:
        if seal:
            call_books("seal_month", p_by=asked.by, **arguments)
        books = call_books("read_books", **arguments)
    except BusyError:
        print("The ledger is in use: a payment, or a vacuum. Nothing was sealed. Run it again.")
        return 1
    except database.DatabaseError as error:
        sentence = _refusal(error)
        if sentence is None:
            raise
        print(sentence)
        return 1
    _write(asked.month, books, Path(asked.out))
    print(compare_balance(reading))
    return 0


def _refusal(error: database.DatabaseError) -> str | None:
    """Return what a refusal means for the person at the terminal; None for any other error."""
    code, _, value = (error.detail or "").partition(":")
    if code == "next_month":
        value = value.removesuffix("-01")
    sentence = _REFUSED.get(code)
    return sentence and sentence.format(timezone=settings().books.timezone, value=value)


def _write(month: str, books: dict[str, Any], folder: Path) -> None:
    postings = sorted(_postings(books), key=_place)
    files = {
        f"roll-forward-{month}.csv": roll_forward_csv(month, books["figures"]),
        f"postings-{month}.csv": postings_csv(
            postings, timezone=settings().books.timezone, codes=settings().books.codes
        ),
        f"stripe-balance-{month}.csv": balance_csv(
            sorted(_transactions(month), key=lambda each: (each["created_at"], each["id"])),
            timezone=settings().books.timezone,
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8", newline="")
    if books["sealed_at"]:
        print(f"{month} was sealed by {books['sealed_by']} on {books['sealed_at'][:10]}.")
    elif books["is_over"]:
        print(f"{month} is not sealed: its figures may still change. Seal it with SEAL=1 BY=…")
    else:
        print(f"{month} is not over: these are its figures so far.")
    print(
        f"Wrote {count(len(postings), 'posting')}, the roll-forward"
        f" and Stripe's balance to {folder}/:"
    )
    for name in files:
        print(f"  {name}")


def _place(posting: dict[str, Any]) -> tuple[Any, ...]:
    """Return where a posting stands in the file: oldest first. Pure."""
    names = ("source", "source_id", "unit", "test_mode", "debit", "credit")
    return (datetime.fromisoformat(posting["at"]), *(posting[name] for name in names))


def _postings(books: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the postings page by page; all pages are of the rows that the figures count."""
    rest = books
    while rest:
        page = call_books("read_postings", p_range=rest, p_limit=PAGE)
        yield from page["postings"]
        rest = page["rest"]


def _transactions(month: str) -> Iterator[dict[str, Any]]:
    """Yield the balance transactions that count in the month, page by page."""
    after_id: str | None = None
    while True:
        page = call_books(
            "read_balance_transactions",
            p_month=f"{month}-01",
            p_timezone=settings().books.timezone,
            p_after_id=after_id,
            p_limit=PAGE,
        )
        yield from page
        if len(page) < PAGE:
            return
        after_id = page[-1]["id"]


if __name__ == "__main__":
    command(main)
