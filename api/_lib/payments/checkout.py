"""Begin a purchase: our order, the buyer's Stripe customer, a Checkout Session.

Written so that any step may fail or be repeated: the order is recorded before Stripe hears of it,
its id is Stripe's idempotency key (https://docs.stripe.com/api/idempotent_requests), and an order
whose session never came about is only an open row that nobody pays.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import stripe

from api._lib import database
from api._lib.errors import (
    DatabaseUnavailableError,
    NotFoundError,
    PaymentsDisabledError,
    StripeFailedError,
    TooManyAttemptsError,
)
from api._lib.payments import facts
from api._lib.payments.order import Order
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from api._lib.settings import Settings, settings

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams
    from stripe.params.checkout import SessionCreateParams

    from api._lib.web.auth import User

# Stripe allows 30 minutes to 24 hours (https://docs.stripe.com/api/checkout/sessions/create).
SESSION_LIFETIME_SECONDS = 60 * 60

# What Stripe keeps under an idempotency key for a day, failures included; others it forgets
# (https://docs.stripe.com/api/idempotent_requests).
_KEPT_CLIENT_ERRORS = (400, 402, 404)
_FIRST_SERVER_ERROR = 500

_log = logging.getLogger("purse")


@dataclass(frozen=True)
class BegunOrder:
    """An order that is recorded: what, when (seconds, UTC), and the buyer's Stripe customer.

    customer_key is the idempotency key under which Stripe makes the customer if there is none yet.
    """

    order: Order
    ordered_at: int
    customer_id: str | None
    customer_key: str


@dataclass(frozen=True)
class CheckoutSession:
    """Where to send the buyer."""

    id: str
    url: str


def begin_checkout(user: User, package_id: str) -> CheckoutSession:
    """Record an order and open a Checkout Session for it.

    Raises:
        PaymentsDisabledError: Payments are switched off.
        NotFoundError: No such package on sale.
        TooManyAttemptsError: The user's limit of orders a minute.
        StripeFailedError: Stripe failed; nothing was charged, a retry begins a new order.
        DatabaseUnavailableError: The database is away.
    """
    config = settings()
    if not config.payments_enabled:
        raise PaymentsDisabledError
    begun = _begin_order(user, package_id, config)
    customer_id = begun.customer_id or _new_customer(user, begun.customer_key, config)
    order_id = begun.order.order_id
    try:
        session = _create_session(session_params(begun, customer_id, config), order_id)
    except _CustomerGoneError:
        key = _renew_key(user, begun.customer_key, config, gone=customer_id)
        customer_id = _new_customer(user, key, config)
        # Other parameters need another key: Stripe refuses one that comes back with others.
        key = f"{order_id}-{customer_id}"
        session = _create_session(session_params(begun, customer_id, config), key)
    _remember_session(session, begun)
    return CheckoutSession(id=session.id, url=str(session.url))


def session_params(begun: BegunOrder, customer_id: str, config: Settings) -> SessionCreateParams:
    """Return the parameters of the Checkout Session for an order. Pure.

    They depend on nothing but the order and the settings, so that a retry under the same
    idempotency key asks for the very same session.
    """
    order = begun.order
    description = f"{order.credits:,} credits"
    if order.valid_days is not None:
        description += f", valid for {order.valid_days:,} days"
    params: SessionCreateParams = {
        "mode": "payment",
        "customer": customer_id,
        "client_reference_id": order.order_id,
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": order.currency,
                    "unit_amount": order.unit_amount,
                    "product_data": {"name": order.package_name, "description": description},
                },
            }
        ],
        "metadata": order.metadata(config.project),
        # A session's metadata is not copied to its PaymentIntent.
        "payment_intent_data": {
            "metadata": order.metadata(config.project),
            "description": f"{order.package_name}: {description}",
        },
        "success_url": f"{config.site_url}/payment/success?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{config.site_url}/payment/cancelled",
        "expires_at": begun.ordered_at + SESSION_LIFETIME_SECONDS,
    }
    if config.promotion_codes:
        params["allow_promotion_codes"] = True
    return params


def _begin_order(user: User, package_id: str, config: Settings) -> BegunOrder:
    try:
        row: dict[str, Any] = database.call(
            "begin_purchase",
            p_user_id=user.id,
            p_package_id=package_id,
            p_livemode=config.livemode,
            p_orders_per_minute=config.orders_per_minute,
        )
    except database.DatabaseError as error:
        if error.code == "PT404":
            raise NotFoundError(
                "There is no such package on sale.", code="unknown_package"
            ) from None
        if error.code == "PT429":
            raise TooManyAttemptsError(int(error.detail or 60)) from None
        raise
    order = Order(
        order_id=row["order_id"],
        user_id=user.id,
        package_id=row["package_id"],
        package_name=row["package_name"],
        credits=row["credits"],
        unit_amount=row["unit_amount"],
        currency=row["currency"],
        valid_days=row["valid_days"],
    )
    return BegunOrder(
        order,
        ordered_at=row["ordered_at"],
        customer_id=row["customer_id"],
        customer_key=row["customer_key"],
    )


def _new_customer(user: User, key: str, config: Settings) -> str:
    """Make the user's Stripe customer and remember it.

    Parallel clicks share the key and so the customer. Stripe repeats a failure under its key for a
    day: once it has answered with one, the next attempt needs another key.
    """
    params: CustomerCreateParams = {"metadata": {"purse_user_id": user.id}}
    if user.email:
        params["email"] = user.email
    with stripe_failures():
        try:
            customer = stripe_client().v1.customers.create(params, {"idempotency_key": key})
        except stripe.StripeError as error:
            if _is_kept(error):
                _renew_key(user, key, config)
            raise
    linked: str = database.call(
        "link_stripe_customer",
        p_user_id=user.id,
        p_livemode=config.livemode,
        p_customer_id=customer.id,
    )
    return linked


def _is_kept(error: stripe.StripeError) -> bool:
    status = error.http_status or 0
    return status in _KEPT_CLIENT_ERRORS or status >= _FIRST_SERVER_ERROR


def _renew_key(user: User, key: str, config: Settings, *, gone: str | None = None) -> str:
    renewed: str = database.call(
        "renew_stripe_customer",
        p_user_id=user.id,
        p_livemode=config.livemode,
        p_idempotency_key=key,
        p_gone_customer_id=gone,
    )
    return renewed


class _CustomerGoneError(StripeFailedError):
    """The customer we know was deleted at Stripe, by hand or with all test data."""


def _create_session(params: SessionCreateParams, idempotency_key: str) -> stripe.checkout.Session:
    with stripe_failures():
        try:
            return stripe_client().v1.checkout.sessions.create(
                params, {"idempotency_key": idempotency_key}
            )
        except stripe.InvalidRequestError as error:
            if error.code == "resource_missing" and error.param == "customer":
                raise _CustomerGoneError from None
            raise


def _remember_session(session: stripe.checkout.Session, begun: BegunOrder) -> None:
    """Tell the order its session, so that the return page knows it before the webhook comes.

    Only a convenience: the webhook carries the same, so a failure here must not cost the buyer
    their checkout page.
    """
    opened = facts.facts_of_session(
        session.to_dict(), project=settings().project, occurred_at=begun.ordered_at
    )
    try:
        database.call("record_facts", p_facts=opened, p_policy=settings().clawback_policy)
    except (DatabaseUnavailableError, database.DatabaseError) as error:
        _log.warning("order %s: session not remembered: %s", begun.order.order_id, error)
