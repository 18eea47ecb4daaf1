"""Settings of the books: BOOKS_TIMEZONE and BOOKS_ACCOUNTS.

api/_lib/settings.py reads them together with all others, so every problem is reported at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.environment_reader import EnvironmentReader

# The accounts of purse.book_postings and purse.balance_postings in sql/.
ACCOUNTS = (
    *("cash", "deferred_revenue", "receivable", "refunds_payable", "revenue", "breakage"),
    *("promotions", "corrections", "transfers", "bad_debt", "tax_payable"),
    *("fees", "stripe_balance", "stripe_other", "conversion"),
)

# In form only: the database knows the names of time zones, and a function's machine may not.
_TIMEZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,29}")


@dataclass(frozen=True)
class BookSettings:
    """How months and accounts of the books are named.

    Attributes:
        timezone: Where a month begins at midnight: a name such as Europe/Berlin.
        codes: The accountant's code of an account, where one was given.
    """

    timezone: str
    codes: Mapping[str, str]


def read_books(read: EnvironmentReader) -> BookSettings:
    """Read the settings; problems are collected by the reader."""
    timezone = read.first("BOOKS_TIMEZONE") or "UTC"
    if not _TIMEZONE.fullmatch(timezone):
        read.problems.append("BOOKS_TIMEZONE must look like Europe/Berlin")
    codes = {}
    for pair in read.several("BOOKS_ACCOUNTS"):
        name, equals, code = (part.strip() for part in pair.partition("="))
        if name not in ACCOUNTS or not equals or not _CODE.fullmatch(code):
            read.problems.append(
                "BOOKS_ACCOUNTS must look like cash=1200,revenue=4400, with accounts of"
                f" {', '.join(ACCOUNTS)}"
            )
            break
        codes[name] = code
    return BookSettings(timezone=timezone, codes=codes)
