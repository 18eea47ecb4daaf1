"""The buyer's Stripe customer: made at the first purchase, kept up to date after that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import stripe

from api._lib import database
from api._lib.errors import AccountDeletedError
from api._lib.payments.forgetting import delete_customer
from api._lib.payments.stripe_client import (
    log_stripe_error,
    stripe_client,
    stripe_failures,
    when_key_is_free,
)

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams

    from api._lib.settings import Settings
    from api._lib.web.auth import User

# For a day Stripe repeats an answer with one of these statuses, or with any 5xx, under the same
# idempotency key (https://docs.stripe.com/api/idempotent_requests).
_REPEATED_CLIENT_ERRORS = (400, 402, 404)
_FIRST_SERVER_ERROR = 500


def new_customer(user: User, key: str, config: Settings) -> str:
    """Create the user's Stripe customer, store its id and return it.

    Parallel requests of one user share the key and therefore the customer. Stripe repeats a failure
    under its key for a day, so after a failure the next attempt needs a new key.

    Raises:
        StripeFailedError: Stripe failed or refused.
        AccountDeletedError: The account was deleted meanwhile. The customer is deleted too.
        DatabaseUnavailableError: The database cannot be reached.
    """
    with stripe_failures():
        try:
            customer = _create_customer(_params(user), key)
        except stripe.StripeError as error:
            if _is_repeated(error):
                renew_key(user, key, config)
            raise
    try:
        return _link_customer(user, customer.id, config)
    except AccountDeletedError:
        delete_customer(customer.id)
        raise


def customer_for_currency(user: User, key: str, currency: str) -> str:
    """Create another customer of a user, who pays in this currency; return its id.

    It is not stored. Under the same key Stripe answers with the same customer for a day. The facts
    of the order name it, so it is deleted together with the account.

    Raises:
        StripeFailedError: Stripe failed or refused.
    """
    with stripe_failures():
        return _create_customer(_params(user), f"{key}-{currency}").id


def _params(user: User) -> CustomerCreateParams:
    params: CustomerCreateParams = {"metadata": {"purse_user_id": user.id}}
    if user.email:
        params["email"] = user.email
    return params


def _create_customer(params: CustomerCreateParams, key: str) -> stripe.Customer:
    """Create a customer; without the address, if Stripe takes it for none. Checkout then asks."""
    try:
        return when_key_is_free(
            lambda: stripe_client().v1.customers.create(params, {"idempotency_key": key})
        )
    except stripe.InvalidRequestError as error:
        if "email" not in params or not _is_about_email(error):
            raise
        log_stripe_error(error)
    without: CustomerCreateParams = {"metadata": params["metadata"]}
    # Stripe refuses a key that it has seen with other parameters.
    return stripe_client().v1.customers.create(without, {"idempotency_key": f"{key}-no-email"})


def _is_about_email(error: stripe.InvalidRequestError) -> bool:
    return error.code == "email_invalid" or error.param == "email"


def update_email(user: User, customer_id: str, config: Settings) -> None:
    """Send a changed e-mail address to Stripe, for receipts.

    Best effort: it must not stop the checkout. An address that Stripe refuses is not sent again.
    """
    try:
        client = stripe_client(max_network_retries=0)
        client.v1.customers.update(customer_id, {"email": user.email or ""})
    except stripe.StripeError as error:
        log_stripe_error(error)
        if not (isinstance(error, stripe.InvalidRequestError) and _is_about_email(error)):
            return
    _link_customer(user, customer_id, config)


def _link_customer(user: User, customer_id: str, config: Settings) -> str:
    linked: str = database.call(
        "link_stripe_customer",
        p_user_id=user.id,
        p_livemode=config.livemode,
        p_customer_id=customer_id,
        p_email=user.email,
    )
    return linked


def _is_repeated(error: stripe.StripeError) -> bool:
    status = error.http_status or 0
    return status in _REPEATED_CLIENT_ERRORS or status >= _FIRST_SERVER_ERROR


def renew_key(user: User, key: str, config: Settings, *, gone: str | None = None) -> str:
    """Forget a customer that could not be made, or is gone; return the key for making another."""
    renewed: str = database.call(
        "renew_stripe_customer",
        p_user_id=user.id,
        p_livemode=config.livemode,
        p_idempotency_key=key,
        p_gone_customer_id=gone,
    )
    return renewed
