"""Whether fees and payouts are still read from Stripe into the books."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.desk.findings import Finding
from ops.command import day
from ops.findings import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api._lib.settings import Settings

_DAY_SECONDS = 24 * 60 * 60
# The daily job reads them. One day may fail, and a long history may take another.
READ_WITHIN_SECONDS = 3 * _DAY_SECONDS


def check_balance_reading(config: Settings, ledger: Mapping[str, Any]) -> Iterator[Finding]:
    """Report how far Stripe's balance transactions are read, and whether that is long ago.

    A shop that never read them keeps its books without fees and payouts, so that is only noted. So
    is an old reading where there is no Stripe key to read with.

    Args:
        config: The settings.
        ledger: What read_ledger() returned.
    """
    livemode = config.livemode if ledger["livemode"] is None else ledger["livemode"]
    has_key = config.stripe_secret_key is not None
    reached_at: str | None = database.call(
        "read_stripe_balance",
        timeout_seconds=database.SCAN_TIMEOUT_SECONDS,
        p_livemode=livemode,
    )["reached_at"]
    if reached_at is not None:
        yield _reached(reached_at, has_key=has_key)
    elif has_key and database.call("paid_orders", p_livemode=livemode, p_since=0):
        yield Finding(
            "note",
            "Stripe's balance transactions were never read to the end, so the books lack fees and"
            " payouts. /api/reconcile reads them once a day, and its log says if that fails. A"
            " restricted key needs the right to read balance transactions: see docs/books.md.",
            f"make books MONTH={_month()}",
        )


def _reached(reached_at: str, *, has_key: bool) -> Finding:
    age_seconds = time.time() - datetime.fromisoformat(reached_at).timestamp()
    if age_seconds <= READ_WITHIN_SECONDS:
        until = reached_at[:16].replace("T", " ")
        return Finding("ok", f"Fees and payouts are in the books until {until} UTC.")
    sentence = (
        "Stripe's balance transactions were last read to the end"
        f" {count(int(age_seconds // _DAY_SECONDS), 'day')} ago. Fees and payouts since then are"
        " missing in the books."
    )
    if not has_key:
        return Finding("note", sentence, "With STRIPE_SECRET_KEY set, they can be read.")
    return Finding(
        "WRONG",
        f"{sentence} A restricted key needs the right to read balance transactions: see"
        " docs/books.md.",
        f"The log of /api/reconcile says why. Now: make books MONTH={_month()}",
    )


def _month() -> str:
    """Return the present month, such as 2026-11. Every month's books read all that is new."""
    return day(time.time())[:7]
