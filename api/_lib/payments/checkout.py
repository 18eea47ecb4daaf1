"""Begin a purchase: our order, the buyer's Stripe customer, a Checkout Session.

Any step may fail or be repeated. The order is recorded before the first request to Stripe, and its
id is Stripe's idempotency key (https://docs.stripe.com/api/idempotent_requests). If the session is
never created, the order stays an open row in purchases that nobody can pay.
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
    WrongLedgerModeError,
)
from api._lib.payments.order import Order
from api._lib.payments.session_facts import facts_of_session
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from api._lib.settings import Settings, settings

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams
    from stripe.params.checkout import SessionCreateParams

    from api._lib.web.auth import User

# Stripe allows 30 minutes to 24 hours (https://docs.stripe.com/api/checkout/sessions/create).
SESSION_LIFETIME_SECONDS = 60 * 60

# For a day Stripe repeats an answer with one of these statuses, or with any 5xx, under the same
# idempotency key (https://docs.stripe.com/api/idempotent_requests).
_REPEATED_CLIENT_ERRORS = (400, 402, 404)
_FIRST_SERVER_ERROR = 500

_log = logging.getLogger("purse")


@dataclass(frozen=True)
class RecordedOrder:
    """An order that is recorded in the database, and the buyer's Stripe customer.

    Attributes:
        order: What is bought.
        ordered_at: When it was recorded, in seconds since 1970 (UTC).
        customer_id: The Stripe customer, or None if the user has none yet.
        customer_key: The idempotency key for creating that customer.
    """

    order: Order
    ordered_at: int
    customer_id: str | None
    customer_key: str


@dataclass(frozen=True)
class CheckoutSession:
    """A Checkout Session: its id, and the URL of the page where the buyer pays."""

    id: str
    url: str


def begin_checkout(user: User, package_id: str) -> CheckoutSession:
    """Record an order and open a Checkout Session for it.

    Raises:
        PaymentsDisabledError: Payments are switched off.
        NotFoundError: No such package on sale.
        WrongLedgerModeError: The ledger is live and the Stripe key a test key, or vice versa.
        TooManyAttemptsError: The user has reached the limit of orders a minute.
        StripeFailedError: Stripe failed. Nothing was charged; a retry begins a new order.
        DatabaseUnavailableError: The database cannot be reached.
    """
    config = settings()
    if not config.payments_enabled:
        raise PaymentsDisabledError
    recorded = _record_order(user, package_id, config)
    customer_id = recorded.customer_id or _new_customer(user, recorded.customer_key, config)
    order_id = recorded.order.order_id
    try:
        session = _create_session(session_params(recorded, customer_id, config), order_id)
    except _CustomerGoneError:
        key = _renew_key(user, recorded.customer_key, config, gone=customer_id)
        customer_id = _new_customer(user, key, config)
        # Stripe refuses a key that it has seen with other parameters.
        key = f"{order_id}-{customer_id}"
        session = _create_session(session_params(recorded, customer_id, config), key)
    _store_session_id(session, recorded)
    return CheckoutSession(id=session.id, url=str(session.url))


def session_params(
    recorded: RecordedOrder, customer_id: str, config: Settings
) -> SessionCreateParams:
    """Return the parameters of the Checkout Session for an order. Pure.

    They depend on the order and the settings alone, so a retry under the same idempotency key
    sends the same request.
    """
    order = recorded.order
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
        "metadata": order.metadata(),
        # Stripe does not copy a session's metadata to its PaymentIntent.
        "payment_intent_data": {
            "metadata": order.metadata(),
            "description": f"{order.package_name}: {description}",
        },
        "success_url": f"{config.site_url}/payment/success?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{config.site_url}/payment/cancelled",
        "expires_at": recorded.ordered_at + SESSION_LIFETIME_SECONDS,
    }
    if config.promotion_codes:
        params["allow_promotion_codes"] = True
    return params


def _record_order(user: User, package_id: str, config: Settings) -> RecordedOrder:
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
        if error.code == "PT409":
            is_live = error.detail == "ledger_is_live"
            raise WrongLedgerModeError(ledger_is_live=is_live) from None
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
        ledger_id=row["ledger_id"],
        seal=row["seal"],
    )
    return RecordedOrder(
        order,
        ordered_at=row["ordered_at"],
        customer_id=row["customer_id"],
        customer_key=row["customer_key"],
    )


def _new_customer(user: User, key: str, config: Settings) -> str:
    """Create the user's Stripe customer, store its id and return it.

    Parallel requests of one user share the key and therefore the customer. Stripe repeats a failure
    under its key for a day, so after a failure the next attempt needs a new key.
    """
    params: CustomerCreateParams = {"metadata": {"purse_user_id": user.id}}
    if user.email:
        params["email"] = user.email
    with stripe_failures():
        try:
            customer = stripe_client().v1.customers.create(params, {"idempotency_key": key})
        except stripe.StripeError as error:
            if _is_repeated(error):
                _renew_key(user, key, config)
            raise
    linked: str = database.call(
        "link_stripe_customer",
        p_user_id=user.id,
        p_livemode=config.livemode,
        p_customer_id=customer.id,
    )
    return linked


def _is_repeated(error: stripe.StripeError) -> bool:
    status = error.http_status or 0
    return status in _REPEATED_CLIENT_ERRORS or status >= _FIRST_SERVER_ERROR


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
    """The customer was deleted at Stripe, by hand or together with all test data."""


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


def _store_session_id(session: stripe.checkout.Session, recorded: RecordedOrder) -> None:
    """Store the session's id with the order, so that the return page finds it before the webhook.

    Best effort: the webhook stores the same, so a failure must not stop the checkout.
    """
    facts = facts_of_session(session.to_dict(), occurred_at=recorded.ordered_at)
    try:
        database.call("record_facts", p_facts=facts, p_policy=settings().clawback_policy)
    except (DatabaseUnavailableError, database.DatabaseError) as error:
        _log.warning("order %s: session id not stored: %s", recorded.order.order_id, error)
