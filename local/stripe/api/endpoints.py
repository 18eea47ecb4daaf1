"""The endpoints of the API: method, URL, parameters, and the function that does the work."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from local.stripe.api import retrieval, schemas
from local.stripe.events import webhook_endpoints
from local.stripe.payments import (
    balance_transactions,
    checkout_sessions,
    customers,
    disputes,
    payouts,
    refunds,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stripe.api.nested_fields import Fields
    from local.stripe.store import Json


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the API.

    Attributes:
        method: The HTTP method.
        rule: The URL with Flask's placeholders, such as /v1/refunds/<object_id>.
        schema: The parameters it accepts.
        work: Called with the transaction, the parameters, and the ids from the URL.
    """

    method: str
    rule: str
    schema: Fields
    work: Callable[..., Json]


def endpoints(base_url: str) -> list[Endpoint]:
    """Return all endpoints; `base_url` is where the payment pages are served."""
    create_session = partial(checkout_sessions.create, base_url=base_url)
    session = "/v1/checkout/sessions/<object_id>"
    webhook_endpoint = "/v1/webhook_endpoints/<object_id>"
    nothing = schemas.NOTHING
    return [
        Endpoint("POST", "/v1/customers", schemas.CUSTOMER, customers.create),
        Endpoint("GET", "/v1/customers", schemas.CUSTOMER_LIST, customers.list_),
        Endpoint("GET", "/v1/customers/<object_id>", nothing, customers.retrieve),
        Endpoint("POST", "/v1/customers/<object_id>", schemas.CUSTOMER, customers.update),
        Endpoint("DELETE", "/v1/customers/<object_id>", nothing, customers.delete),
        Endpoint("POST", "/v1/checkout/sessions", schemas.SESSION, create_session),
        Endpoint("GET", "/v1/checkout/sessions", schemas.SESSION_LIST, checkout_sessions.list_),
        Endpoint("GET", session, nothing, checkout_sessions.retrieve),
        Endpoint(
            "GET", f"{session}/line_items", schemas.UNDATED_LIST, checkout_sessions.list_line_items
        ),
        Endpoint("POST", f"{session}/expire", nothing, checkout_sessions.expire),
        Endpoint(
            "GET", "/v1/payment_intents", schemas.PAYMENT_INTENT_LIST, retrieval.payment_intents
        ),
        Endpoint("GET", "/v1/payment_intents/<object_id>", nothing, retrieval.payment_intent),
        Endpoint("GET", "/v1/charges", schemas.CHARGE_LIST, retrieval.charges),
        Endpoint("GET", "/v1/charges/<object_id>", nothing, retrieval.charge),
        Endpoint("GET", "/v1/invoices", schemas.INVOICE_LIST, retrieval.invoices),
        Endpoint("GET", "/v1/invoices/<object_id>", nothing, retrieval.invoice),
        Endpoint("POST", "/v1/refunds", schemas.REFUND, refunds.create),
        Endpoint("GET", "/v1/refunds", schemas.REVERSAL_LIST, refunds.list_),
        Endpoint("GET", "/v1/refunds/<object_id>", nothing, refunds.retrieve),
        Endpoint("POST", "/v1/refunds/<object_id>", schemas.REFUND_UPDATE, refunds.update),
        Endpoint("GET", "/v1/disputes", schemas.REVERSAL_LIST, disputes.list_),
        Endpoint("GET", "/v1/disputes/<object_id>", nothing, disputes.retrieve),
        Endpoint("GET", "/v1/balance", nothing, balance_transactions.balance),
        Endpoint(
            "GET",
            "/v1/balance_transactions",
            schemas.BALANCE_TRANSACTION_LIST,
            balance_transactions.list_,
        ),
        Endpoint("POST", "/v1/payouts", schemas.PAYOUT, payouts.create),
        Endpoint("GET", "/v1/payouts", schemas.PAYOUT_LIST, payouts.list_),
        Endpoint("GET", "/v1/payouts/<object_id>", nothing, payouts.retrieve),
        Endpoint(
            "GET",
            "/v1/balance_transactions/<object_id>",
            nothing,
            retrieval.balance_transaction,
        ),
        Endpoint("GET", "/v1/events", schemas.EVENT_LIST, retrieval.event_list),
        Endpoint("GET", "/v1/events/<object_id>", nothing, retrieval.event),
        Endpoint("GET", "/v1/webhook_endpoints", schemas.UNDATED_LIST, webhook_endpoints.list_),
        Endpoint("GET", webhook_endpoint, nothing, webhook_endpoints.retrieve),
        Endpoint("POST", webhook_endpoint, schemas.WEBHOOK_ENDPOINT, webhook_endpoints.update),
    ]
