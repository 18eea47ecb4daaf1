"""GET /api/credits: the signed-in user's balance, history and, if asked, one purchase of theirs."""

from __future__ import annotations

import re

from api._lib import database
from api._lib.auth import signed_in_user
from api._lib.errors import InvalidRequestError
from api._lib.http import Request, Response, endpoint

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

_CURSOR = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_CHECKOUT_SESSION_ID = re.compile(r"cs_[A-Za-z0-9_]{1,250}", re.ASCII)


def get(request: Request) -> Response:
    """Answer ?limit=, ?cursor= (from next_cursor) and ?session_id= (from the success URL)."""
    user = signed_in_user(request)
    cursor = _optional(request, "cursor", _CURSOR)
    return Response(
        database.call(
            "read_credits",
            p_user_id=user.id,
            p_limit=_limit(request),
            p_cursor=int(cursor) if cursor else None,
            p_checkout_session_id=_optional(request, "session_id", _CHECKOUT_SESSION_ID),
        )
    )


def _limit(request: Request) -> int:
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    number = (
        int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT)) else 0
    )
    if not 1 <= number <= MAX_LIMIT:
        raise InvalidRequestError(f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    return number


def _optional(request: Request, name: str, pattern: re.Pattern[str]) -> str | None:
    value = request.query.get(name)
    if value is not None and not pattern.fullmatch(value):
        raise InvalidRequestError(f"{name} is not one that we gave out.")
    return value


app = endpoint(get=get)
