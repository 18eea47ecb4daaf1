"""Verify that a webhook comes from Stripe, before using anything in it.

Stripe's SDK checks the signature (https://docs.stripe.com/webhooks#verify-official-libraries). This
module adds the checks that the SDK lacks: a limit on the header's length, several secrets during a
rotation, timestamps from the future, and bodies that are not UTF-8.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from stripe import SignatureVerificationError, WebhookSignature

from api._lib.errors import InvalidRequestError
from api._lib.web.http import parse_json

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLERANCE_SECONDS = 300
MAX_HEADER_CHARS = 2048

# In the year 2286, the last time in seconds with ten digits.
MAX_CREATED = 9_999_999_999

_ID = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9_.]{1,255}", re.ASCII)
_HEADER = re.compile(r"t=([0-9]{1,12})(?:,v[0-9]=[0-9A-Za-z]+)+", re.ASCII)


class InvalidSignatureError(InvalidRequestError):
    """400: not signed by Stripe, or signed too long ago or in the future."""

    code = "invalid_signature"
    message = "The signature does not match this body and the configured secret."


def verified_event(
    body: bytes, header: str | None, secrets: Sequence[str], *, now: float
) -> dict[str, Any]:
    """Return the event in a signed webhook body.

    Args:
        body: The raw body, byte for byte.
        header: The Stripe-Signature header.
        secrets: Signing secrets. One of them must have signed.
        now: Seconds since 1970 (UTC).

    Raises:
        InvalidSignatureError: The signature is missing or wrong, or its time is more than
            TOLERANCE_SECONDS off.
        InvalidRequestError: The body is signed but is not a Stripe event.
    """
    header = (header or "").replace(" ", "")
    match = _HEADER.fullmatch(header) if len(header) <= MAX_HEADER_CHARS else None
    if match is None or int(match[1]) > now + TOLERANCE_SECONDS:
        raise InvalidSignatureError
    try:
        payload = body.decode()
    except UnicodeDecodeError:
        raise InvalidSignatureError from None
    if not any(_signed_with(secret, payload, header) for secret in secrets):
        raise InvalidSignatureError

    event = parse_json(body)
    if not _is_event(event):
        raise InvalidRequestError("This is not a Stripe event.", code="invalid_event")
    checked: dict[str, Any] = event
    return checked


def _signed_with(secret: str, payload: str, header: str) -> bool:
    try:
        WebhookSignature.verify_header(payload, header, secret, TOLERANCE_SECONDS)
    except SignatureVerificationError:
        return False
    return True


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_event(event: Any) -> bool:
    """Whether this has the fields of a snapshot event that we use; a thin event has not."""
    if not isinstance(event, dict) or event.get("object") != "event":
        return False
    data = event.get("data")
    return (
        _matches(_ID, event.get("id"))
        and _matches(_TYPE, event.get("type"))
        and type(event.get("created")) is int
        and 0 <= event["created"] <= MAX_CREATED
        and type(event.get("livemode")) is bool
        and isinstance(data, dict)
        and isinstance(data.get("object"), dict)
    )
