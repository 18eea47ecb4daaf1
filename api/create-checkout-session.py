"""POST /api/create-checkout-session {"package_type": "starter"} -> {"id", "url"}."""

from __future__ import annotations

import re

from api._lib.errors import InvalidRequestError
from api._lib.payments.checkout import begin_checkout
from api._lib.web.auth import signed_in_user
from api._lib.web.http import Request, Response, endpoint

_PACKAGE_ID = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


def post(request: Request) -> Response:
    """Open a Checkout Session. The request names a package; prices come from the catalogue."""
    user = signed_in_user(request)
    package = request.json_object().get("package_type")
    if not isinstance(package, str) or not _PACKAGE_ID.fullmatch(package):
        raise InvalidRequestError('Name the package, as in {"package_type": "starter"}.')
    session = begin_checkout(user, package)
    return Response({"id": session.id, "url": session.url})


app = endpoint(post=post)
