"""Stripe's receipt for a purchase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import stripe

from api._lib import database
from api._lib.payments.stripe_client import log_stripe_error, stripe_client, stripe_failures
from api._lib.web.limits import Limit

if TYPE_CHECKING:
    from api._lib.web.auth import User

# Each request asks Stripe, whose rate limit all our requests share.
RECEIPTS = Limit("receipt", most=20, seconds=60)


def receipt_url(user: User, order_id: str) -> str | None:
    """Return charge.receipt_url (https://docs.stripe.com/api/charges/object), if there is one.

    Stripe is asked each time, because an address that we stored would expire after 30 days.

    Raises:
        TooManyAttemptsError: The user has asked too often.
        StripeFailedError: Stripe failed or refused.
        DatabaseUnavailableError: The database cannot be reached.
    """
    payment_intent_id = database.call("payment_of_order", p_user_id=user.id, p_order_id=order_id)
    if payment_intent_id is None:
        return None
    RECEIPTS.count(user.id)
    with stripe_failures():
        try:
            intent = stripe_client().v1.payment_intents.retrieve(
                payment_intent_id, {"expand": ["latest_charge"]}
            )
        except stripe.InvalidRequestError as error:
            # The payment was made with another account's key, or as a test that was deleted since.
            if error.code == "resource_missing":
                log_stripe_error(error)
                return None
            raise
    charge = intent.latest_charge
    return charge.receipt_url if isinstance(charge, stripe.Charge) else None
