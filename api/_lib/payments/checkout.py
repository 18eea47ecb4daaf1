"""Begin a purchase: our order, the buyer's Stripe customer, a Checkout Session.

Any step may fail or be repeated. The order is recorded before the first request to Stripe, and its
id is Stripe's idempotency key (https://docs.stripe.com/api/idempotent_requests). If the session is
never created, the order stays an open row in purchases that nobody can pay.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import stripe

from api._lib import database
from api._lib.errors import (
    ConflictError,
    DatabaseUnavailableError,
    NotConfiguredError,
    PaymentsDisabledError,
    StripeFailedError,
    StripeRefusedError,
    UnsellablePriceError,
)
from api._lib.payments.begin_order import (
    CHECKOUT_ENDED,
    OFFER_BOUGHT,
    BegunOrder,
    CheckoutRequest,
    begin_order,
)
from api._lib.payments.customers import (
    customer_for_currency,
    new_customer,
    renew_key,
    update_email,
)
from api._lib.payments.offers import abandoned_on_failure, is_offer, open_session_of
from api._lib.payments.session_facts import facts_of_session
from api._lib.payments.session_params import session_params
from api._lib.payments.stripe_client import (
    log_stripe_error,
    stripe_client,
    stripe_failures,
    when_key_is_free,
)
from api._lib.settings import settings
from api._lib.shop import UNNAMED

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

    from api._lib.settings import Settings
    from api._lib.web.auth import User

# Stripe's codes for an amount that it does not charge (https://docs.stripe.com/error-codes), and
# the parameters that carry our price.
_UNSELLABLE_CODES = frozenset(
    {
        "amount_too_large",
        "amount_too_small",
        "invalid_charge_amount",
        "invalid_charge_amount_no_decimal_compatible",
    }
)
_PRICE_PARAMETERS = ("[unit_amount]", "[currency]")

# Stripe's refusals without a code, for a customer who is billed in another currency. Its documents
# name subscriptions, quotes and amounts off; whether a payment with an invoice is refused, they do
# not say (docs/currencies.md).
_OTHER_CURRENCY = re.compile(r"combine currencies on a single customer|match the customer currency")

# Stripe refuses the consent without a code if the account names no terms of service.
_TERMS = "terms of service"

_log = logging.getLogger("purse")


@dataclass(frozen=True)
class CheckoutSession:
    """A Checkout Session: its id, and the URL of the page where the buyer pays."""

    id: str
    url: str


def begin_checkout(user: User, request: CheckoutRequest) -> CheckoutSession:
    """Record an order and open a Checkout Session for it.

    Raises:
        PaymentsDisabledError: Payments are switched off.
        NotConfiguredError: Real money would be paid to a shop without a name.
        NotFoundError: No such package on sale, and no such offer to this user.
        WrongLedgerModeError: The ledger is live and the Stripe key a test key, or vice versa.
        ConflictError: The user's purse has moved to another account; the key was used for
            another checkout (idempotency_key_reused), or for one that has ended (checkout_ended);
            or the offer was bought (offer_bought) or has ended (offer_ended).
        TooManyAttemptsError: The user has reached the limit of orders a minute.
        TooManyDeclinesError: The user has reached the limit of declined payments an hour.
        StripeFailedError: Stripe failed. Nothing was charged; a retry without a key, or with
            another one, begins a new order.
        StripeRefusedError: Stripe refused the request or our key. A retry does not help.
        UnsellablePriceError: Stripe does not charge this price.
        DatabaseUnavailableError: The database cannot be reached.
    """
    config = settings()
    if not config.payments_enabled:
        raise PaymentsDisabledError
    if config.livemode and not config.shop.is_named:
        raise NotConfiguredError((UNNAMED,))
    recorded = begin_order(user, request, config)
    if recorded.open_session_id is not None:
        open_session = open_session_of(recorded.open_session_id)
        if open_session is not None:
            return CheckoutSession(id=open_session.id, url=str(open_session.url))
        # What became of it is recorded by now: this begins a new order, or says that it was paid.
        recorded = begin_order(user, request, config)
        if recorded.open_session_id is not None:
            raise ConflictError(OFFER_BOUGHT, code="offer_bought")
    with abandoned_on_failure(recorded.order):
        return _open_checkout(user, recorded, request.locale, config)


def _open_checkout(
    user: User, recorded: BegunOrder, locale: str, config: Settings
) -> CheckoutSession:
    customer_id = recorded.customer_id or new_customer(user, recorded.customer_key, config)
    if recorded.customer_id and not recorded.customer_has_email:
        update_email(user, customer_id, config)
    order_id = recorded.order.order_id
    try:
        session = _create_session(session_params(recorded, customer_id, config, locale), order_id)
    except _CustomerGoneError:
        key = renew_key(user, recorded.customer_key, config, gone=customer_id)
        customer_id = new_customer(user, key, config)
        # Stripe refuses a key that it has seen with other parameters.
        key = f"{order_id}-{customer_id}"
        session = _create_session(session_params(recorded, customer_id, config, locale), key)
    except _OtherCurrencyError:
        key = recorded.customer_key
        customer_id = customer_for_currency(user, key, recorded.order.currency)
        session = _create_session(
            session_params(recorded, customer_id, config, locale),
            f"{order_id}-{customer_id}",
        )
    _store_session_id(session, recorded)
    return CheckoutSession(id=session.id, url=str(session.url))


class _CustomerGoneError(StripeFailedError):
    """The customer was deleted at Stripe, by hand or together with all test data."""


class _OtherCurrencyError(StripeRefusedError):
    """Stripe bills the customer in another currency than the order's."""


def _create_session(params: SessionCreateParams, idempotency_key: str) -> stripe.checkout.Session:
    with stripe_failures():
        try:
            return when_key_is_free(
                lambda: stripe_client().v1.checkout.sessions.create(
                    params, {"idempotency_key": idempotency_key}
                )
            )
        except stripe.IdempotencyError:
            # The same key, for a page in another language or of a shop with other settings.
            raise ConflictError(CHECKOUT_ENDED, code="checkout_ended") from None
        except stripe.InvalidRequestError as error:
            if error.code == "resource_missing" and error.param == "customer":
                raise _CustomerGoneError from None
            if _OTHER_CURRENCY.search(error.user_message or ""):
                raise _OtherCurrencyError from None
            if "consent_collection" in params and _TERMS in str(error.user_message):
                _log.error(
                    "CHECKOUT_TERMS_CONSENT: Stripe > Settings > Public details has no terms"
                )
            if _is_about_price(error):
                log_stripe_error(error)
                raise UnsellablePriceError from None
            raise


def _is_about_price(error: stripe.InvalidRequestError) -> bool:
    return error.code in _UNSELLABLE_CODES or (error.param or "").endswith(_PRICE_PARAMETERS)


def _store_session_id(session: stripe.checkout.Session, recorded: BegunOrder) -> None:
    """Store the session's id with the order, so that the return page finds it before the webhook.

    Best effort: the webhook stores the same, so a failure must not stop the checkout. But nobody
    gets the address of an offer's checkout that the database does not know: it is bought once.
    """
    facts = facts_of_session(session.to_dict(), occurred_at=recorded.ordered_at)
    try:
        database.call("record_facts", p_facts=facts, p_policy=settings().clawback_policy)
    except (DatabaseUnavailableError, database.DatabaseError) as error:
        _log.warning("order %s: session id not stored: %s", recorded.order.order_id, error)
        if is_offer(recorded.order):
            raise DatabaseUnavailableError from None
