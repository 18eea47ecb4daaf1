"""Endpoints of Checkout Sessions, and the expiry of sessions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.stripe.api.errors import InvalidParameterError, StripeError, no_such
from local.stripe.api.lists import Query, as_list
from local.stripe.events.event_log import emit
from local.stripe.payments import buyer_details, taxes
from local.stripe.payments.currencies import (
    MAXIMUM_CHARGE,
    formatted,
    minimum_charge,
    step,
)
from local.stripe.shapes import checkout_session as shape

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

SHORTEST_LIFE_SECONDS = 30 * 60
LONGEST_LIFE_SECONDS = 24 * 3600
# Clocks differ, and a request takes a moment to arrive.
CLOCK_TOLERANCE_SECONDS = 30
EXPIRED_AT_ONCE = 100
# The account's terms of service: at Stripe a public detail in the Dashboard.
TERMS_SWITCH = "terms_of_service_url"


def create(transaction: Transaction, params: Json, base_url: str) -> Json:
    """POST /v1/checkout/sessions."""
    _check_supported(params)
    _check_terms(transaction, params)
    buyer_details.check(params)
    fields = {
        **params,
        "expires_at": _expiry(params, transaction),
        "payment_method_types": _method_types(params),
    }
    items = [shape.line_item(item, now=transaction.now) for item in params["line_items"]]
    _check_amount(items)
    customer = _customer(transaction, params)
    _check_currency(customer, items[0]["currency"])
    taxes.check(transaction, params)
    session = shape.session(fields, items=items, customer=customer, now=transaction.now)
    session["url"] = f"{base_url}/c/pay/{session['id']}"
    private = {
        "line_items": items,
        # The payment page shows these; Stripe keeps them on the product.
        "descriptions": [
            item["price_data"]["product_data"].get("description") for item in params["line_items"]
        ],
        "customer_update": params.get("customer_update", {}),
        "payment_intent_data": params.get("payment_intent_data", {}),
        "receipts": f"{base_url}/receipts",
        "invoices": f"{base_url}/invoices",
    }
    transaction.add(session, private)
    return session


def retrieve(transaction: Transaction, _params: Json, session_id: str) -> Json:
    """GET /v1/checkout/sessions/:id."""
    session = transaction.find("checkout.session", session_id)
    if session is None:
        raise no_such("checkout.session", session_id, param="session")
    return session


def list_(transaction: Transaction, params: Json) -> Json:
    """GET /v1/checkout/sessions."""
    query = Query("checkout.session")
    query.equal(params, "customer", "payment_intent", "status")
    return query.page(transaction, params, "/v1/checkout/sessions")


def list_line_items(transaction: Transaction, params: Json, session_id: str) -> Json:
    """GET /v1/checkout/sessions/:id/line_items."""
    retrieve(transaction, params, session_id)
    items = transaction.private(session_id)["line_items"]
    ids = [item["id"] for item in items]
    for name in ("starting_after", "ending_before"):
        if name in params and params[name] not in ids:
            raise no_such("item", params[name], param=name, status=400)
    limit = params.get("limit", 10)
    first = ids.index(params["starting_after"]) + 1 if "starting_after" in params else 0
    last = ids.index(params["ending_before"]) if "ending_before" in params else len(ids)
    if "ending_before" in params:
        first = max(first, last - limit)
    page = items[first : min(last, first + limit)]
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    has_more = first > 0 if "ending_before" in params else last > first + limit
    return as_list(page, url=url, has_more=has_more)


def expire(transaction: Transaction, params: Json, session_id: str) -> Json:
    """POST /v1/checkout/sessions/:id/expire."""
    session = retrieve(transaction, params, session_id)
    if session["status"] != "open":
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
    return close(transaction, session)


def expire_overdue(transaction: Transaction) -> None:
    """Expire the open sessions whose `expires_at` has passed."""
    rows = transaction.sql.execute(
        "select body from objects where json_extract(body, '$.status') = 'open'"
        " and json_extract(body, '$.expires_at') <= ? limit ?",
        (transaction.now, EXPIRED_AT_ONCE),
    ).fetchall()
    for row in rows:
        close(transaction, json.loads(row["body"]))


def close(transaction: Transaction, session: Json) -> Json:
    """Expire an open session, and cancel its payment intent."""
    if session["payment_intent"]:
        intent = transaction.find("payment_intent", session["payment_intent"])
        if intent is not None:
            intent |= {
                "status": "canceled",
                "canceled_at": transaction.now,
                "cancellation_reason": "expired",
                "next_action": None,
            }
            transaction.save(intent)
            emit(transaction, "payment_intent.canceled", intent)
    session |= {"status": "expired", "url": None}
    transaction.save(session)
    emit(transaction, "checkout.session.expired", session)
    return session


def _check_supported(params: Json) -> None:
    for name, supported in (("mode", "payment"), ("ui_mode", "hosted_page")):
        if params.get(name, supported) != supported:
            raise InvalidParameterError(
                f"This local stand-in only models {name}={supported}.", param=name
            )
    if "customer" in params and "customer_email" in params:
        raise InvalidParameterError(
            "You may only specify one of these parameters: customer, customer_email.",
            param="customer_email",
        )


def _check_terms(transaction: Transaction, params: Json) -> None:
    """Refuse to collect consent to terms that the account does not have, as Stripe does."""
    wanted = params.get("consent_collection", {}).get("terms_of_service") == "required"
    if wanted and not transaction.switch(TERMS_SWITCH, ""):
        raise InvalidParameterError(
            "You cannot collect consent to your terms of service unless a URL is set in the Stripe"
            " Dashboard. Update your public business details in the Dashboard"
            " https://dashboard.stripe.com/settings/public with a Terms of service URL to collect"
            " terms of service consent."
        )


def _expiry(params: Json, transaction: Transaction) -> int:
    """Return when a session expires, by the stand-in's clock.

    The caller's clock is the machine's. A time that it names is as far in its future as the result
    is in ours, so an application can still sell when our clock was moved.
    """
    now = transaction.now
    expires_at: int = params.get(
        "expires_at", now - transaction.ahead_seconds + LONGEST_LIFE_SECONDS
    )
    expires_at += transaction.ahead_seconds
    if expires_at > now + LONGEST_LIFE_SECONDS + CLOCK_TOLERANCE_SECONDS:
        raise InvalidParameterError(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    if expires_at < now + SHORTEST_LIFE_SECONDS - CLOCK_TOLERANCE_SECONDS:
        raise InvalidParameterError(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
            "creation.",
            param="expires_at",
        )
    return expires_at


def _method_types(params: Json) -> list[str]:
    currency = params["line_items"][0]["price_data"]["currency"] if params["line_items"] else ""
    offered = ["card", "us_bank_account"] if currency == "usd" else ["card"]
    excluded = params.get("excluded_payment_method_types", [])
    remaining = [kind for kind in offered if kind not in excluded]
    if not remaining:
        raise InvalidParameterError(
            "No payment method type is left: exclude fewer of them, or use another currency.",
            param="excluded_payment_method_types",
        )
    return remaining


def _check_amount(items: list[Json]) -> None:
    currency = items[0]["currency"]
    if any(item["currency"] != currency for item in items):
        raise InvalidParameterError(
            "All line items of a Checkout Session must have the same currency.",
            param="line_items",
        )
    for item in items:
        if item["amount_total"] % step(currency):
            # Stripe's code for ISK and UGX. Its refusal of a three-decimal amount is not published.
            raise InvalidParameterError(
                f"Invalid amount. Amounts in {currency.upper()} must be evenly divisible by"
                f" {step(currency)}.",
                param="line_items[0][price_data][unit_amount]",
                code="invalid_charge_amount_no_decimal_compatible",
            )
    total = sum(item["amount_total"] for item in items)
    minimum = minimum_charge(currency)
    if 0 < total < minimum:
        raise StripeError(
            "The Checkout Session's total amount due must add up to at least "
            f"{formatted(minimum, currency)} {currency}",
            code="amount_too_small",
        )
    if total > MAXIMUM_CHARGE:
        raise StripeError(
            "The Checkout Session's total amount due must be no more than "
            f"{formatted(MAXIMUM_CHARGE, currency)} {currency}",
            code="amount_too_large",
        )


def _check_currency(customer: Json | None, currency: str) -> None:
    """Refuse another currency than that of a customer's subscription.

    Stripe's documents say so for subscriptions, and allow one-off invoices in any currency. They do
    not say what holds for payments in Checkout, so the stand-in is strict where a subscription was
    made (control room), and nowhere else.
    """
    bound = customer["currency"] if customer else None
    if bound and bound != currency:
        raise StripeError(
            "You cannot combine currencies on a single customer. This customer has an active"
            " subscription, subscription schedule, discount, quote, invoice item or active"
            f" subscription mode checkout session with currency {bound}."
        )


def _customer(transaction: Transaction, params: Json) -> Json | None:
    if "customer" not in params:
        return None
    customer = transaction.find("customer", params["customer"])
    if customer is None or customer.get("deleted"):
        raise no_such("customer", params["customer"], param="customer", status=400)
    return customer
