"""The addresses that a checkout request may choose: where the buyer goes afterwards. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from api._lib.errors import InvalidRequestError
from api._lib.origins import is_within

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_CHARS = 2000
SESSION_ID = "session_id"

# Printable ASCII that a URL may have. Left out: a backslash, which browsers read as a slash; "#",
# because a fragment would swallow the session id; braces, because Stripe replaces what they hold;
# a percent sign that begins no escape, or an escape of a control character.
_ALLOWED = re.compile(
    r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]|"
    r"%(?:[2-689A-Fa-f][0-9A-Fa-f]|7[0-9A-Ea-e]))+",
    re.ASCII,
)


def return_address(name: str, value: Any, origins: Collection[str]) -> str | None:
    """Return the address that a field of the request names; None if the field is missing or null.

    Args:
        name: The field's name, for the error's sentence.
        value: The field's value.
        origins: ALLOWED_ORIGINS.

    Raises:
        InvalidRequestError: return_address_not_allowed: the value is no address within one of the
            origins.
    """
    if value is None:
        return None
    problem = _problem(value, origins)
    if problem:
        raise InvalidRequestError(f"{name} {problem}.", code="return_address_not_allowed")
    address: str = value
    return address


def with_session_id(address: str) -> str:
    """Add the session's id, which Stripe fills in (https://docs.stripe.com/payments/checkout)."""
    separator = "&" if "?" in address else "?"
    return f"{address}{separator}{SESSION_ID}={{CHECKOUT_SESSION_ID}}"


def _problem(value: Any, origins: Collection[str]) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_CHARS:
        return f"must be a text of at most {MAX_CHARS:,} characters"
    if "#" in value:
        return "must not have a fragment (#…)"
    if not _ALLOWED.fullmatch(value):
        return "must be a URL in ASCII, with other characters percent-encoded"
    if not is_within(value, origins):
        return "must be within one of the origins in this site's ALLOWED_ORIGINS"
    query = value.partition("?")[2]
    if any(field == SESSION_ID for field, _ in parse_qsl(query, keep_blank_values=True)):
        return f"must not have a {SESSION_ID}: the server adds it"
    return None
