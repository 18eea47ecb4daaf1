"""The log of what happened, and the queue of webhooks that tell it."""

import time
from typing import Any

from local.stripe.ids import new_id
from local.stripe.settings import API_VERSION
from local.stripe.store import Json, Transaction

MAX_DUPLICATES = 100


def emit(
    transaction: Transaction, kind: str, subject: Json, previous: dict[str, Any] | None = None
) -> Json:
    """Record an event about an object as it is now, and queue its delivery.

    Part of the transaction that changed the object: there is no change without its event,
    and no event for a change that was rolled back.
    """
    data: Json = {"object": subject}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {
        "id": new_id("event"),
        "object": "event",
        "api_version": API_VERSION,
        "created": transaction.now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {
            "id": transaction.request_id,
            "idempotency_key": transaction.idempotency_key,
        },
        "type": kind,
    }
    transaction.add(event)
    copies = transaction.switch("duplicate", 1)
    transaction.sql.executemany(
        "insert into deliveries (event_id, type, due_at) values (?, ?, ?)",
        [(event["id"], kind, time.time())] * copies,
    )
    return event


def with_pending(transaction: Transaction, event: Json) -> Json:
    """The event with the number of endpoints that have not yet answered 2xx."""
    return {**event, "pending_webhooks": int(not delivered(transaction, event["id"]))}


def delivered(transaction: Transaction, event_id: str) -> bool:
    """Whether every delivery of this event was answered 2xx."""
    row = transaction.sql.execute(
        "select count(*) as pending from deliveries where event_id = ? and delivered_at is null",
        (event_id,),
    ).fetchone()
    return bool(row["pending"] == 0)
