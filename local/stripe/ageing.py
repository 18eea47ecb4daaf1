"""Moves what has happened into the past, so that a history can be made in a moment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.stripe.api.errors import StripeError

if TYPE_CHECKING:
    from local.stripe.store import Transaction

# The names of all times in objects and in what the stand-in knows about them.
_TIMES = frozenset(
    {
        *("arrival_date", "available_on", "canceled_at", "created", "due_by", "expires_at"),
        *("paid_at", "settles_at"),
    }
)


def age(transaction: Transaction, seconds: int) -> int:
    """Move every object's times so many seconds into the past; return how many objects there are.

    Raises:
        StripeError: 409, a webhook is not delivered yet: it would carry the earlier times.
    """
    waiting = transaction.sql.execute(
        "select 1 from deliveries where delivered_at is null limit 1"
    ).fetchone()
    if waiting is not None:
        raise StripeError("A webhook is not delivered yet. Try again.", status=409)
    rows = transaction.sql.execute("select id, body, private from objects").fetchall()
    for row in rows:
        body = _earlier(json.loads(row["body"]), seconds)
        private = _earlier(json.loads(row["private"]), seconds)
        transaction.sql.execute(
            "update objects set body = ?, private = ? where id = ?",
            (json.dumps(body), json.dumps(private), row["id"]),
        )
    for table, column in (
        ("deliveries", "due_at"),
        ("deliveries", "delivered_at"),
        ("idempotency_keys", "created_at"),
    ):
        transaction.sql.execute(
            f"update {table} set {column} = {column} - ?",  # noqa: S608 - constants of this module
            (seconds,),
        )
    return len(rows)


def _earlier(value: Any, seconds: int) -> Any:
    if isinstance(value, list):
        return [_earlier(each, seconds) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: each - seconds if name in _TIMES and type(each) is int else _earlier(each, seconds)
        for name, each in value.items()
    }
