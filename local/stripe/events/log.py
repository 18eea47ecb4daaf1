"""The log of what happened; each entry is told to the shop by a webhook."""

from typing import Any

from local.stripe.events import deliveries
from local.stripe.ids import new_id
from local.stripe.settings import API_VERSION
from local.stripe.store import Json, Transaction


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
    deliveries.queue(transaction, event)
    return event


def with_pending(transaction: Transaction, event: Json) -> Json:
    """The event with the number of endpoints that have not yet answered 2xx."""
    return {**event, "pending_webhooks": int(not deliveries.delivered(transaction, event["id"]))}
