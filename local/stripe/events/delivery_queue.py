"""The queue of webhook deliveries, and the commands that shuffle, delay, repeat or drop them."""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any

from local.stripe.events import webhook_endpoints

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

# `due_at` of deliveries that are not sent: dropped ones, and those that wait to be shuffled.
NEVER = 1e15
DROPPED = "dropped on request"
MAX_REPLAYED = 10_000
# A shuffled delivery waits until all deliveries with a lower turn were attempted once.
HAS_TURN = (
    "not exists (select 1 from turns earlier join turns mine on mine.delivery_id = d.id"
    " where earlier.turn < mine.turn)"
)


def queue(transaction: Transaction, event: Json) -> None:
    """Queue an event if the endpoint is registered for it, as the commands in force say."""
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
    """Queue one event, or all events since a Unix time, again; return how many."""
    rows = transaction.sql.execute(
        "select id, json_extract(body, '$.type') as type from objects where kind = 'event'"
        " and (?1 is null or id = ?1) and json_extract(body, '$.created') >= ?2"
        " order by seq limit ?3",
        (event_id, since, MAX_REPLAYED),
    ).fetchall()
    wanted = [row for row in rows if webhook_endpoints.wants(transaction, row["type"])]
    for row in wanted:
        # A dropped delivery is replaced by the new one.
        transaction.sql.execute(
            "delete from deliveries where event_id = ? and last_error = ?", (row["id"], DROPPED)
        )
        _enqueue(transaction, row["id"], row["type"], time.time())
    return len(wanted)


def retry(transaction: Transaction) -> int:
    """Make all undelivered deliveries due now, except dropped ones; return how many."""
    cursor = transaction.sql.execute(
        "update deliveries set due_at = ? where delivered_at is null and due_at < ?",
        (time.time(), NEVER),
    )
    return cursor.rowcount


def start_shuffle(transaction: Transaction, count: int, seed: int) -> None:
    """Shuffle the next `count` deliveries; 0 releases those that wait, in shuffled order."""
    _release(transaction)
    if count:
        transaction.set_switch("shuffle", {"count": count, "seed": seed})


def current_shuffle(transaction: Transaction) -> Json | None:
    """Return the shuffle that is collecting deliveries (count, seed, waiting), or None."""
    shuffle: Json | None = transaction.switch("shuffle", None)
    return shuffle and {**shuffle, "waiting": len(_waiting(transaction))}


def claimable(transaction: Transaction) -> list[Any]:
    """Return the deliveries that are due and have their turn, oldest first."""
    return transaction.sql.execute(
        "select d.id, d.event_id, d.attempts, o.body"  # noqa: S608 - a constant of this module
        " from deliveries d join objects o on o.id = d.event_id"
        f" where d.delivered_at is null and d.due_at <= ? and {HAS_TURN}"
        " order by d.due_at, d.id limit 100",
        (time.time(),),
    ).fetchall()


def next_due_at(transaction: Transaction, in_flight: list[int]) -> float | None:
    """Return when the next delivery is due, without those in flight; None if there is none."""
    row = transaction.sql.execute(
        "select min(d.due_at) as due_at from deliveries d where d.delivered_at is null"  # noqa: S608 - a constant of this module
        f" and d.id not in (select value from json_each(?)) and {HAS_TURN}",
        (json.dumps(in_flight),),
    ).fetchone()
    due_at: float | None = row["due_at"]
    return due_at


def record_attempt(
    transaction: Transaction, delivery_id: int, outcome: int | str, retry_at: float | None
) -> None:
    """Record an attempt: a status, or an error's name; `retry_at` is None after the last one."""
    status, error = (outcome, None) if isinstance(outcome, int) else (None, outcome)
    transaction.sql.execute(
        "update deliveries set attempts = attempts + 1, last_status = ?, last_error = ?,"
        " due_at = coalesce(?, due_at), delivered_at = ? where id = ?",
        (status, error, retry_at, None if retry_at else time.time(), delivery_id),
    )
    transaction.sql.execute("delete from turns where delivery_id = ?", (delivery_id,))


def delivered(transaction: Transaction, event_id: str) -> bool:
    """Return whether every delivery of an event was answered with 2xx."""
    return due_at(transaction, event_id) is None


def due_at(transaction: Transaction, event_id: str) -> float | None:
    """Return when the first undelivered copy of an event is due; None if all are delivered."""
    row = transaction.sql.execute(
        "select min(due_at) as due_at from deliveries where event_id = ? and delivered_at is null",
        (event_id,),
    ).fetchone()
    due: float | None = row["due_at"]
    return due


def _enqueue(transaction: Transaction, event_id: str, kind: str, due_at: float) -> None:
    shuffle = transaction.switch("shuffle", None)
    if shuffle is None:
        _add(transaction, event_id, kind, due_at)
        return
    delivery_id = _add(transaction, event_id, kind, NEVER)
    transaction.sql.execute("insert into turns values (?, null)", (delivery_id,))
    if len(_waiting(transaction)) >= shuffle["count"]:
        _release(transaction)


def _release(transaction: Transaction) -> None:
    """Give waiting deliveries their turns, in the random order of the seed."""
    shuffle = transaction.switch("shuffle", None)
    if shuffle is None:
        return
    waiting = _waiting(transaction)
    # Not cryptography: a seed must repeat the same order.
    random.Random(shuffle["seed"]).shuffle(waiting)  # noqa: S311
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
        raise LookupError("the insert returned no row id")
    return cursor.lastrowid
