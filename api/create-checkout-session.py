"""POST /api/create-checkout-session {"package_type": "starter"} -> {"id", "url"}."""

from __future__ import annotations

from api._lib.auth import signed_in_user
from api._lib.checkout import begin_checkout
from api._lib.errors import InvalidRequestError
from api._lib.http import Request, Response, endpoint

MAX_PACKAGE_CHARS = 63


def post(request: Request) -> Response:
    """Open a Checkout Session for the signed-in user; they name a package, never an amount."""
    user = signed_in_user(request)
    package = request.json_object().get("package_type")
    if not isinstance(package, str) or not 1 <= len(package) <= MAX_PACKAGE_CHARS:
        raise InvalidRequestError('Name the package: {"package_type": "starter"}.')
    session = begin_checkout(user, package)
    return Response({"id": session.id, "url": session.url})


app = endpoint(post=post)
