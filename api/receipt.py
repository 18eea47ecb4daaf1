"""GET /api/receipt?order_id=…: the address of Stripe's receipt for one of the user's purchases."""

from __future__ import annotations

from uuid import UUID

import stripe

from api._lib import database
from api._lib.errors import InvalidRequestError, NotFoundError, TooManyAttemptsError
from api._lib.payments.stripe_client import log_stripe_error, stripe_client, stripe_failures
from api._lib.web.auth import User, signed_in_user
from api._lib.web.cors import TOKEN
from api._lib.web.http import Request, Response, endpoint

RECEIPTS_PER_MINUTE = 20


def get(request: Request) -> Response:
    """Ask Stripe for the address, because an address that we stored would expire after 30 days."""
    user = signed_in_user(request)
    try:
        order_id = str(UUID(request.query.get("order_id", "")))
    except ValueError:
        raise InvalidRequestError("Name the order, as in ?order_id=… of your history.") from None
    receipt_url = _receipt_url(user, order_id)
    if receipt_url is None:
        raise NotFoundError("There is no receipt for this order.", code="no_receipt")
    return Response({"receipt_url": receipt_url})


def _receipt_url(user: User, order_id: str) -> str | None:
    """Return charge.receipt_url (https://docs.stripe.com/api/charges/object), if there is one."""
    payment_intent_id = database.call("payment_of_order", p_user_id=user.id, p_order_id=order_id)
    if payment_intent_id is None:
        return None
    _limit(user)
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


def _limit(user: User) -> None:
    """Refuse a user who asks for too many receipts: Stripe limits how much we may ask in all.

    Raises:
        TooManyAttemptsError: With the seconds to wait.
    """
    try:
        database.call("claim_receipt_lookup", p_user_id=user.id, p_per_minute=RECEIPTS_PER_MINUTE)
    except database.DatabaseError as error:
        if error.code == "PT429":
            raise TooManyAttemptsError(int(error.detail or 60)) from None
        raise


app = endpoint(get=get, cross_origin=TOKEN)
