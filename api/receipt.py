"""GET /api/receipt?order_id=…: the address of Stripe's receipt for one of the user's purchases."""

from __future__ import annotations

from uuid import UUID

import stripe

from api._lib import database
from api._lib.errors import InvalidRequestError, NotFoundError
from api._lib.payments.stripe_client import log_stripe_error, stripe_client, stripe_failures
from api._lib.web.auth import User, signed_in_user
from api._lib.web.cors import TOKEN
from api._lib.web.http import Request, Response, endpoint
from api._lib.web.limits import Limit

# Each is a question to Stripe, whose limit all our requests share.
RECEIPTS = Limit("receipt", most=20, seconds=60)


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


app = endpoint(get=get, cross_origin=TOKEN)
