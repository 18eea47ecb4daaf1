"""The queue of webhooks: what is due when, and the orders that shuffle, delay or drop it."""

import json
import random
import time
from typing import Any

from local.stripe.events import webhook_endpoints
from local.stripe.store import Json, Transaction

# When something is due that nobody will send: dropped, or waiting for its shuffle to fill.
NEVER = 1e15
DROPPED = "dropped on request"
MAX_REPLAYED = 10_000
# Shuffled deliveries go one after another: each waits for the first attempt of those before it.
HAS_TURN = (
    "not exists (select 1 from turns earlier join turns mine on mine.delivery_id = d.id"
    " where earlier.turn < mine.turn)"
)


def queue(transaction: Transaction, event: Json) -> None:
    """Queue an event for the endpoint, if it wants it, as the orders in force have it."""
    if not webhook_endpoints.wants(transaction, event["type"]):
        return
    drop_next = transaction.switch("drop_next", 0)
    if drop_next:
        transaction.set_switch("drop_next", drop_next - 1)
        _add(transaction, event["id"], event["type"], NEVER, DROPPED)
        return
    due_at = time.time() + transaction.switch("delay_seconds", 0)
    for _ in range(transaction.switch("duplicate", 1)):
        _enqueue(transaction, event["id"], event["type"], due_at)


def replay(transaction: Transaction, *, event_id: str | None, since: int) -> int:
    """Queue one event, or all since a moment, once more; return how many."""
    rows = transaction.sql.execute(
        "select id, json_extract(body, '$.type') as type from objects where kind = 'event'"
        " and (?1 is null or id = ?1) and json_extract(body, '$.created') >= ?2"
        " order by seq limit ?3",
        (event_id, since, MAX_REPLAYED),
    ).fetchall()
    wanted = [row for row in rows if webhook_endpoints.wants(transaction, row["type"])]
    for row in wanted:
        # What was dropped is on its way after all.
        transaction.sql.execute(
            "delete from deliveries where event_id = ? and last_error = ?", (row["id"], DROPPED)
        )
        _enqueue(transaction, row["id"], row["type"], time.time())
    return len(wanted)


def retry(transaction: Transaction) -> int:
    """Make everything undelivered due now, but what was dropped; return how many."""
    cursor = transaction.sql.execute(
        "update deliveries set due_at = ? where delivered_at is null and due_at < ?",
        (time.time(), NEVER),
    )
    return cursor.rowcount


def order_shuffle(transaction: Transaction, count: int, seed: int) -> None:
    """Deliver the next so many in random order; 0 lets those go that wait to be shuffled."""
    _release(transaction)
    if count:
        transaction.set_switch("shuffle", {"count": count, "seed": seed})


def shuffle_in_force(transaction: Transaction) -> Json | None:
    """The shuffle that is filling up: how many it takes, how many wait, and its seed."""
    ordered: Json | None = transaction.switch("shuffle", None)
    return ordered and {**ordered, "waiting": len(_waiting(transaction))}


def claimable(transaction: Transaction) -> list[Any]:
    """Deliveries that are due and have their turn, oldest first."""
    return transaction.sql.execute(
        "select d.id, d.event_id, d.attempts, o.body"  # noqa: S608 - a constant of this module
        " from deliveries d join objects o on o.id = d.event_id"
        f" where d.delivered_at is null and d.due_at <= ? and {HAS_TURN}"
        " order by d.due_at, d.id limit 100",
        (time.time(),),
    ).fetchall()


def next_due_at(transaction: Transaction, but: list[int]) -> float | None:
    """When the next delivery is due, apart from those under way."""
    row = transaction.sql.execute(
        "select min(d.due_at) as due_at from deliveries d where d.delivered_at is null"  # noqa: S608 - a constant of this module
        f" and d.id not in (select value from json_each(?)) and {HAS_TURN}",
        (json.dumps(but),),
    ).fetchone()
    due_at: float | None = row["due_at"]
    return due_at


def attempted(
    transaction: Transaction, delivery_id: int, outcome: int | str, retry_at: float | None
) -> None:
    """Note how an attempt went, and when the next one is due if there is to be one."""
    status, error = (outcome, None) if isinstance(outcome, int) else (None, outcome)
    transaction.sql.execute(
        "update deliveries set attempts = attempts + 1, last_status = ?, last_error = ?,"
        " due_at = coalesce(?, due_at), delivered_at = ? where id = ?",
        (status, error, retry_at, None if retry_at else time.time(), delivery_id),
    )
    transaction.sql.execute("delete from turns where delivery_id = ?", (delivery_id,))


def delivered(transaction: Transaction, event_id: str) -> bool:
    """Whether every delivery of this event was answered 2xx."""
    return due_at(transaction, event_id) is None


def due_at(transaction: Transaction, event_id: str) -> float | None:
    """When the first undelivered copy of this event is due, if one is undelivered."""
    row = transaction.sql.execute(
        "select min(due_at) as due_at from deliveries where event_id = ? and delivered_at is null",
        (event_id,),
    ).fetchone()
    due: float | None = row["due_at"]
    return due


def _enqueue(transaction: Transaction, event_id: str, kind: str, due_at: float) -> None:
    ordered = transaction.switch("shuffle", None)
    if ordered is None:
        _add(transaction, event_id, kind, due_at)
        return
    delivery_id = _add(transaction, event_id, kind, NEVER)
    transaction.sql.execute("insert into turns values (?, null)", (delivery_id,))
    if len(_waiting(transaction)) >= ordered["count"]:
        _release(transaction)


def _release(transaction: Transaction) -> None:
    """Give those that wait their turns, in the order that the seed has drawn."""
    ordered = transaction.switch("shuffle", None)
    if ordered is None:
        return
    waiting = _waiting(transaction)
    # Repeatable by its seed is what it is for.
    random.Random(ordered["seed"]).shuffle(waiting)  # noqa: S311
    due_at = time.time() + transaction.switch("delay_seconds", 0)
    row = transaction.sql.execute("select coalesce(max(turn), 0) as last from turns").fetchone()
    for turn, delivery_id in enumerate(waiting, start=row["last"] + 1):
        transaction.sql.execute(
            "update turns set turn = ? where delivery_id = ?", (turn, delivery_id)
        )
        transaction.sql.execute(
            "update deliveries set due_at = ? where id = ?", (due_at, delivery_id)
        )
    transaction.set_switch("shuffle", None)


def _waiting(transaction: Transaction) -> list[int]:
    rows = transaction.sql.execute(
        "select delivery_id from turns where turn is null order by delivery_id"
    ).fetchall()
    return [row["delivery_id"] for row in rows]


def _add(
    transaction: Transaction, event_id: str, kind: str, due_at: float, error: str | None = None
) -> int:
    cursor = transaction.sql.execute(
        "insert into deliveries (event_id, type, due_at, last_error) values (?, ?, ?, ?)",
        (event_id, kind, due_at, error),
    )
    if cursor.lastrowid is None:
        raise LookupError("an insert without a row")
    return cursor.lastrowid
