"""Read-only endpoints: payment intents, charges, invoices, balance transactions and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.errors import InvalidParameterError, no_such
from local.stripe.api.lists import Query
from local.stripe.events import event_log

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

UNDELIVERED = "id in (select event_id from deliveries where delivered_at is null)"


def payment_intent(transaction: Transaction, _params: Json, intent_id: str) -> Json:
    """GET /v1/payment_intents/:id."""
    return _found(transaction, "payment_intent", intent_id, param="intent")


def payment_intents(transaction: Transaction, params: Json) -> Json:
    """GET /v1/payment_intents."""
    query = Query("payment_intent")
    query.equal(params, "customer")
    return query.page(transaction, params, "/v1/payment_intents")


def charge(transaction: Transaction, _params: Json, charge_id: str) -> Json:
    """GET /v1/charges/:id."""
    return _found(transaction, "charge", charge_id, param="id")


def charges(transaction: Transaction, params: Json) -> Json:
    """GET /v1/charges."""
    query = Query("charge")
    query.equal(params, "customer", "payment_intent")
    return query.page(transaction, params, "/v1/charges")


def invoice(transaction: Transaction, _params: Json, invoice_id: str) -> Json:
    """GET /v1/invoices/:id."""
    return _found(transaction, "invoice", invoice_id, param="invoice")


def invoices(transaction: Transaction, params: Json) -> Json:
    """GET /v1/invoices."""
    query = Query("invoice")
    query.equal(params, "customer", "status")
    return query.page(transaction, params, "/v1/invoices")


def balance_transaction(transaction: Transaction, _params: Json, entry_id: str) -> Json:
    """GET /v1/balance_transactions/:id."""
    return _found(transaction, "balance_transaction", entry_id, param="id")


def event(transaction: Transaction, _params: Json, event_id: str) -> Json:
    """GET /v1/events/:id."""
    return event_log.with_pending(transaction, _found(transaction, "event", event_id, param="id"))


def event_list(transaction: Transaction, params: Json) -> Json:
    """GET /v1/events."""
    if "type" in params and "types" in params:
        raise InvalidParameterError(
            "You may only specify one of these parameters: type, types.", param="types"
        )
    query = Query("event")
    kinds = params.get("types", [params["type"]] if "type" in params else [])
    if kinds:
        patterns = " or ".join("json_extract(body, '$.type') glob ?" for _ in kinds)
        query.where(f"({patterns})", *kinds)
    if "delivery_success" in params:
        query.where(f"not {UNDELIVERED}" if params["delivery_success"] else UNDELIVERED)
    page = query.page(transaction, params, "/v1/events")
    page["data"] = [event_log.with_pending(transaction, member) for member in page["data"]]
    return page


def _found(transaction: Transaction, kind: str, object_id: str, *, param: str) -> Json:
    found = transaction.find(kind, object_id)
    if found is None:
        raise no_such(kind, object_id, param=param)
    return found
