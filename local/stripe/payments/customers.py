"""Endpoints of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.errors import no_such
from local.stripe.api.lists import Query
from local.stripe.events.event_log import emit
from local.stripe.shapes.customer import customer as customer_shape

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction


def create(transaction: Transaction, params: Json) -> Json:
    """POST /v1/customers."""
    customer = customer_shape(_clean(params), now=transaction.now)
    transaction.add(customer)
    emit(transaction, "customer.created", customer)
    return customer


def retrieve(transaction: Transaction, _params: Json, customer_id: str) -> Json:
    """GET /v1/customers/:id; a deleted customer is found as well."""
    customer = transaction.find("customer", customer_id)
    if customer is None:
        raise no_such("customer", customer_id)
    return customer


def update(transaction: Transaction, params: Json, customer_id: str) -> Json:
    """POST /v1/customers/:id. Metadata is merged; an empty text removes its name."""
    customer = _existing(transaction, customer_id)
    changed = {key: value for key, value in params.items() if key != "expand"}
    if "metadata" in params:
        merged = {**customer["metadata"], **params["metadata"]}
        changed["metadata"] = {key: text for key, text in merged.items() if text}
    previous = {key: customer[key] for key in changed if customer[key] != changed[key]}
    customer |= changed
    transaction.save(customer)
    if previous:
        emit(transaction, "customer.updated", customer, previous)
    return customer


def delete(transaction: Transaction, _params: Json, customer_id: str) -> Json:
    """DELETE /v1/customers/:id."""
    customer = _existing(transaction, customer_id)
    emit(transaction, "customer.deleted", customer)
    stub = {"id": customer_id, "object": "customer", "deleted": True}
    transaction.save(stub)
    return stub


def list_(transaction: Transaction, params: Json) -> Json:
    """GET /v1/customers, without deleted ones."""
    query = Query("customer")
    query.where("json_extract(body, '$.deleted') is null")
    query.equal(params, "email")
    return query.page(transaction, params, "/v1/customers")


def _existing(transaction: Transaction, customer_id: str) -> Json:
    customer = transaction.find("customer", customer_id)
    if customer is None or customer.get("deleted"):
        raise no_such("customer", customer_id)
    return customer


def _clean(params: Json) -> Json:
    metadata = {key: text for key, text in params.get("metadata", {}).items() if text}
    return {**params, "metadata": metadata}
