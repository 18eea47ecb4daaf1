"""POST /api/create-checkout-session {"package_type", "return_url"?, …} -> {"id", "url"}."""

from __future__ import annotations

import re

from api._lib.errors import InvalidRequestError
from api._lib.payments.begin_order import CheckoutRequest
from api._lib.payments.checkout import begin_checkout
from api._lib.payments.return_address import return_address
from api._lib.settings import settings
from api._lib.web.auth import signed_in_user
from api._lib.web.cors import TOKEN_JSON_AND_KEY
from api._lib.web.http import Request, Response, endpoint

# A pack of the catalogue, or an offer to this customer.
_PACKAGE_ID = re.compile(
    r"[a-z][a-z0-9_]{0,62}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII
)
_CURRENCY = re.compile(r"[a-z]{3}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,4}){0,2}", re.ASCII)


def post(request: Request) -> Response:
    """Open a Checkout Session. The request names a package or an offer; the server knows prices.

    It may name a currency: where the package has no price in it, the package's own price counts. It
    may choose where the buyer goes afterwards, within ALLOWED_ORIGINS.
    """
    user = signed_in_user(request)
    body = request.json_object()
    package, locale = body.get("package_type"), body.get("locale", "auto")
    if not isinstance(package, str) or not _PACKAGE_ID.fullmatch(package):
        raise InvalidRequestError('Name the package, as in {"package_type": "starter"}.')
    if not isinstance(locale, str) or not (locale == "auto" or _LOCALE.fullmatch(locale)):
        raise InvalidRequestError('locale must be a language such as "de", or left out.')
    currency = body.get("currency")
    if currency is not None and not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        raise InvalidRequestError('currency must be three lower-case letters, as in "usd".')
    waiver = body.get("withdrawal_waiver")
    if waiver is not None and not isinstance(waiver, str):
        raise InvalidRequestError("withdrawal_waiver must be the words that the buyer agreed to.")
    origins = settings().allowed_origins
    wanted = CheckoutRequest(
        package,
        currency=currency,
        locale=locale,
        return_url=return_address("return_url", body.get("return_url"), origins),
        cancel_url=return_address("cancel_url", body.get("cancel_url"), origins),
        idempotency_key=request.idempotency_key(),
        withdrawal_waiver=waiver,
    )
    session = begin_checkout(user, wanted)
    return Response({"id": session.id, "url": session.url})


app = endpoint(post=post, cross_origin=TOKEN_JSON_AND_KEY)
