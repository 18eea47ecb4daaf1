"""Balance transactions as Stripe would have them, for tests of the books."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from tests.books.ledger import Books
    from tests.stripe_events import Order

OCTOBER = "2026-10-15"
CATEGORIES = {
    "charge": "charge",
    "refund": "refund",
    "refund_failure": "refund_failure",
    "dispute": "adjustment",
    "dispute_reversal": "adjustment",
    "payout": "payout",
    "payout_reversal": "payout_failure",
    "fee": "stripe_fee",
}


def seconds(moment: str) -> int:
    """Return the Unix time of a moment, in UTC."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())


def movement(
    category: str, amount: int, *, fee: int = 0, at: str = OCTOBER, **more: Any
) -> dict[str, Any]:
    """Return the facts of a balance transaction, in dollars unless told otherwise."""
    return {
        "id": f"txn_{secrets.token_hex(12)}",
        "type": CATEGORIES.get(category, category),
        "reporting_category": category,
        "balance_type": "payments",
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": "usd",
        "exchange_rate": None,
        "source_id": f"src_{secrets.token_hex(12)}",
        "payment_intent_id": None,
        "source_amount": None,
        "source_currency": None,
        "created": seconds(at),
        "available_on": seconds(at) + 172_800,
        **more,
    }


def about(order: Order, category: str, amount: int, **more: Any) -> dict[str, Any]:
    """Return the facts of a movement of an order's money."""
    return movement(
        category,
        amount,
        **{
            "payment_intent_id": f"pi_{order.suffix}",
            "source_amount": abs(amount),
            "source_currency": order.currency,
            "currency": order.currency,
            **more,
        },
    )


def read(books: Books, *movements: dict[str, Any], livemode: bool = False) -> int:
    """Store movements as one run of a single page does; return how many were new."""
    row = books.database.execute("select begin_balance_reading(%s) as run", [livemode]).fetchone()
    assert row is not None
    added = books.database.execute(
        "select record_balance_page(%s, %s, %s, null) as added",
        [livemode, row["run"]["started_at"], Jsonb(list(movements))],
    ).fetchone()
    assert added is not None
    count: int = added["added"]
    return count
