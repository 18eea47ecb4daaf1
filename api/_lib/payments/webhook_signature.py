"""Verifies Stripe's webhook signature before anything in the body is believed.

The scheme is HMAC-SHA256 over "{timestamp}.{body}"
(https://docs.stripe.com/webhooks#verify-manually). Importing the SDK for this would more than
double the webhook's cold start (docs/decisions/0011-webhook-signature.md); the tests hold this
module against the SDK.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any

from api._lib.errors import InvalidRequestError
from api._lib.web.http import parse_json

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLERANCE_SECONDS = 300
MAX_HEADER_CHARS = 2048

# The year 2286, the last that has ten digits.
MAX_CREATED = 9_999_999_999

_ID = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9_.]{1,255}", re.ASCII)
# One timestamp, then signatures. Stripe sends a v1 for each secret while one is rotated, and v0 for
# test events.
_HEADER = re.compile(r"t=([0-9]{1,12})((?:,v[0-9]=[0-9A-Za-z]+)+)", re.ASCII)
_SCHEME = "v1="


class InvalidSignatureError(InvalidRequestError):
    """400: the signature does not match, or its timestamp is outside the tolerance."""

    code = "invalid_signature"
    message = "The signature does not match this body and the configured secret."


def verified_event(
    body: bytes, header: str | None, secrets: Sequence[str], *, now: float
) -> dict[str, Any]:
    """Return the event in a signed webhook body.

    Args:
        body: The raw body, byte for byte.
        header: The Stripe-Signature header.
        secrets: Signing secrets. One match suffices, so that a secret can be rotated.
        now: Seconds since 1970, UTC.

    Raises:
        InvalidSignatureError: No signature matches, or its timestamp is more than five minutes
            before or after now.
        InvalidRequestError: The signature is valid and the body is not a Stripe event.
    """
    if not _is_signed(body, header or "", secrets, now=now):
        raise InvalidSignatureError
    event = parse_json(body)
    if not _is_event(event):
        raise InvalidRequestError("This is not a Stripe event.", code="invalid_event")
    checked: dict[str, Any] = event
    return checked


def _is_signed(body: bytes, header: str, secrets: Sequence[str], *, now: float) -> bool:
    header = header.replace(" ", "")
    match = _HEADER.fullmatch(header) if len(header) <= MAX_HEADER_CHARS else None
    if match is None or abs(now - int(match[1])) > TOLERANCE_SECONDS:
        return False
    # The MAC covers the timestamp's own text, so that no other spelling of it is accepted.
    signed = match[1].encode() + b"." + body
    given = [part[len(_SCHEME) :] for part in match[2].split(",") if part.startswith(_SCHEME)]
    return any(
        hmac.compare_digest(expected, signature)
        for expected in (_signature(secret, signed) for secret in secrets if secret.strip())
        for signature in given
    )


def _signature(secret: str, signed: bytes) -> str:
    return hmac.digest(secret.encode(), signed, "sha256").hex()


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_event(event: Any) -> bool:
    """Whether this has the fields of a snapshot event that we rely on. A thin event lacks them."""
    if not isinstance(event, dict) or event.get("object") != "event":
        return False
    data = event.get("data")
    return (
        _matches(_ID, event.get("id"))
        and _matches(_TYPE, event.get("type"))
        and type(event.get("created")) is int
        and 0 <= event["created"] <= MAX_CREATED
        and type(event.get("livemode")) is bool
        and (event.get("account") is None or _matches(_ID, event["account"]))
        and isinstance(data, dict)
        and isinstance(data.get("object"), dict)
    )
