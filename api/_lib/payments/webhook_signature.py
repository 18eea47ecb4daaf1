"""Is this webhook from Stripe? Verified before anything in it is believed.

Stripe's SDK checks the signature (https://docs.stripe.com/webhooks#verify-official-libraries);
around it stands what the SDK leaves open: a bound on the header, several secrets while one is
being rotated, timestamps from the future, and input that is not even text.
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

# The year 2286, the last that has ten digits.
MAX_CREATED = 9_999_999_999

_ID = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9_.]{1,255}", re.ASCII)
_HEADER = re.compile(r"t=([0-9]{1,12})(?:,v[0-9]=[0-9A-Za-z]+)+", re.ASCII)


class InvalidSignatureError(InvalidRequestError):
    """400: not signed by Stripe, or not in our window of time."""

    code = "invalid_signature"
    message = "The signature does not match this body and the configured secret."


def verified_event(
    body: bytes, header: str | None, secrets: Sequence[str], *, now: float
) -> dict[str, Any]:
    """Return the event in a signed webhook body.

    Args:
        body: The raw body, byte for byte.
        header: The Stripe-Signature header.
        secrets: Signing secrets, any of which may have signed.
        now: Seconds since 1970, UTC.

    Raises:
        InvalidSignatureError: No valid signature, or its time is more than five minutes off.
        InvalidRequestError: Signed, but no Stripe event.
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
    """Whether this has the fields of a snapshot event that we rely on; a thin event has not."""
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
