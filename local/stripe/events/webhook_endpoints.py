"""The API's one webhook endpoint: the shop's, with the events it is registered for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.errors import no_such
from local.stripe.api.lists import Query
from local.stripe.settings import API_VERSION

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

ENDPOINT_ID = "we_1LocalPurseShopWebhook"
# The events that Purse's documentation tells people to enable.
SHIPPED_EVENTS = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.payment_failed",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
]


def ensure(transaction: Transaction, url: str) -> None:
    """Register the shop's endpoint, or update a registered one from the settings.

    Events that were chosen through the API stay as they are.
    """
    private = {"shipped_events": SHIPPED_EVENTS}
    endpoint = transaction.find("webhook_endpoint", ENDPOINT_ID)
    if endpoint is None:
        transaction.add(_endpoint(url, now=transaction.now), private)
        return
    endpoint["url"] = url
    if endpoint["enabled_events"] == transaction.private(ENDPOINT_ID)["shipped_events"]:
        endpoint["enabled_events"] = SHIPPED_EVENTS
    transaction.save(endpoint)
    transaction.save_private(ENDPOINT_ID, private)


def wants(transaction: Transaction, kind: str) -> bool:
    """Return whether the endpoint is enabled and registered for events of this type."""
    endpoint = retrieve(transaction, {}, ENDPOINT_ID)
    enabled = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and (kind in enabled or "*" in enabled)


def retrieve(transaction: Transaction, _params: Json, endpoint_id: str) -> Json:
    """GET /v1/webhook_endpoints/:id."""
    endpoint = transaction.find("webhook_endpoint", endpoint_id)
    if endpoint is None:
        raise no_such("webhook_endpoint", endpoint_id)
    return endpoint


def update(transaction: Transaction, params: Json, endpoint_id: str) -> Json:
    """POST /v1/webhook_endpoints/:id."""
    endpoint = retrieve(transaction, params, endpoint_id)
    for name in ("description", "enabled_events"):
        if name in params:
            endpoint[name] = params[name]
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    merged = {**endpoint["metadata"], **params.get("metadata", {})}
    endpoint["metadata"] = {key: text for key, text in merged.items() if text}
    transaction.save(endpoint)
    return endpoint


def list_(transaction: Transaction, params: Json) -> Json:
    """GET /v1/webhook_endpoints."""
    return Query("webhook_endpoint").page(transaction, params, "/v1/webhook_endpoints")


def _endpoint(url: str, *, now: int) -> Json:
    return {
        "id": ENDPOINT_ID,
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": now,
        "description": None,
        "enabled_events": SHIPPED_EVENTS,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }
