"""Record events, and queue a webhook for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.stripe.events import delivery_queue
from local.stripe.ids import new_id
from local.stripe.settings import API_VERSION

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction


def emit(
    transaction: Transaction, kind: str, subject: Json, previous: dict[str, Any] | None = None
) -> Json:
    """Record an event with the present state of an object, queue its delivery, and return it.

    This happens in the transaction that changes the object, so there is never a change without its
    event, and never an event for a change that was rolled back.
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
    delivery_queue.queue(transaction, event)
    return event


def with_pending(transaction: Transaction, event: Json) -> Json:
    """Return the event with `pending_webhooks`: 1 until the endpoint has answered 2xx, then 0."""
    return {
        **event,
        "pending_webhooks": int(not delivery_queue.delivered(transaction, event["id"])),
    }
