"""The webhook's signature, judged by Stripe's SDK, and malformed input of every kind."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
import stripe
from hypothesis import example, given
from hypothesis import strategies as st

from api._lib.errors import InvalidRequestError
from api._lib.payments.webhook_signature import InvalidSignatureError, verified_event
from tests.stripe_events import event, sign

SECRET = "whsec_right"
NOW = 1_700_000_000
EVENT = event("customer.created", {})
BODY = json.dumps(EVENT).encode()


def verify(body: bytes, header: str | None, *secrets: str) -> dict[str, Any]:
    return verified_event(body, header, secrets or (SECRET,), now=NOW)


def test_a_signed_event_is_returned() -> None:
    assert verify(BODY, sign(BODY, SECRET, timestamp=NOW)) == EVENT


def test_any_of_several_secrets_may_have_signed() -> None:
    assert verify(BODY, sign(BODY, SECRET, timestamp=NOW), "whsec_old", SECRET) == EVENT


def test_one_of_several_signatures_suffices() -> None:
    right = sign(BODY, SECRET, timestamp=NOW).split("v1=")[1]
    assert verify(BODY, f"t={NOW},v1={'0' * 64},v1={right},v0={'0' * 64}") == EVENT


@pytest.mark.parametrize("seconds", [-299, 0, 299])
def test_five_minutes_either_way_are_allowed(seconds: int) -> None:
    assert verify(BODY, sign(BODY, SECRET, timestamp=NOW + seconds)) == EVENT


@pytest.mark.parametrize("seconds", [-301, 301, 10**9])
def test_more_than_that_is_refused(seconds: int) -> None:
    with pytest.raises(InvalidSignatureError):
        verify(BODY, sign(BODY, SECRET, timestamp=NOW + seconds))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"t={NOW}",
        f"t={NOW},v1=",
        f"t={NOW},v1={'0' * 64}",
        f"t={NOW},v1=ä",
        f"t=,v1={'0' * 64}",
        f"t=x,v1={'0' * 64}",
        f"t=-1,v1={'0' * 64}",
        f"t={'9' * 5000},v1={'0' * 64}",
        f"v1={'0' * 64}",
        "t=1" + ",v1=0" * 10_000,
    ],
)
def test_a_header_that_does_not_hold_is_refused(header: str | None) -> None:
    with pytest.raises(InvalidSignatureError):
        verify(BODY, header)


def test_a_genuine_signature_of_another_scheme_is_refused() -> None:
    """Stripe sends `v0` only in test mode: it must not stand in for `v1`."""
    genuine = sign(BODY, SECRET, timestamp=NOW)
    with pytest.raises(InvalidSignatureError):
        verify(BODY, genuine.replace("v1=", "v0="))


def test_another_secret_is_refused() -> None:
    with pytest.raises(InvalidSignatureError):
        verify(BODY, sign(BODY, "whsec_wrong", timestamp=NOW))


def test_no_secret_accepts_nothing() -> None:
    with pytest.raises(InvalidSignatureError):
        verified_event(BODY, sign(BODY, "", timestamp=NOW), (), now=NOW)


def test_a_body_changed_by_one_byte_is_refused() -> None:
    header = sign(BODY, SECRET, timestamp=NOW)
    with pytest.raises(InvalidSignatureError):
        verify(BODY + b" ", header)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"null",
        b"42",
        b'"event"',
        b"[" * 100_000,
        b"{}",
        b'{"object": "v2.core.event", "id": "evt_1", "type": "x"}',
        json.dumps({**EVENT, "object": "charge"}).encode(),
        json.dumps({**EVENT, "data": None}).encode(),
        json.dumps({**EVENT, "data": {"object": []}}).encode(),
        json.dumps({**EVENT, "created": "yesterday"}).encode(),
        json.dumps({**EVENT, "created": True}).encode(),
        json.dumps({**EVENT, "livemode": "false"}).encode(),
        json.dumps({**EVENT, "id": None}).encode(),
        json.dumps({**EVENT, "id": "evt_\0"}).encode(),
        json.dumps({**EVENT, "type": "\ud800"}).encode(),
        json.dumps({**EVENT, "created": 10**30}).encode(),
        json.dumps({**EVENT, "created": -1}).encode(),
        b'{"created": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_signed_but_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        verify(body, sign(body, SECRET, timestamp=NOW))


def test_a_signature_that_the_sdk_made_is_accepted() -> None:
    header = stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, timestamp=NOW)
    assert verify(BODY, header) == EVENT


RIGHT = sign(BODY, SECRET, timestamp=NOW).split("v1=")[1]
PARTS = st.sampled_from(
    [
        *(f"v{version}={RIGHT}" for version in range(3)),
        *(f"v1={RIGHT.upper()}", f"v1={RIGHT[:-1]}", f"v1={RIGHT}0", f"v1={'0' * 64}"),
        *("v1=", "v1", "t=1", "", "V1=x", f" v1={RIGHT}", f"v1 ={RIGHT}"),
    ]
)


@given(
    offset=st.sampled_from([0, 0, 0, 1, -1, -300, -301, 300]),
    parts=st.lists(PARTS, max_size=6),
    signer=st.sampled_from([SECRET, SECRET, "whsec_wrong"]),
    secrets=st.lists(st.sampled_from([SECRET, "whsec_old", "", " "]), max_size=3),
)
@example(offset=0, parts=[f"v1={RIGHT}"], signer=SECRET, secrets=["whsec_old", SECRET])
@example(offset=0, parts=["v1=0", f"v1={RIGHT}"], signer=SECRET, secrets=[SECRET])
def test_what_we_accept_the_sdk_accepts_and_a_well_formed_header_the_other_way_round(
    offset: int, parts: list[str], signer: str, secrets: list[str]
) -> None:
    at = NOW + offset
    genuine = sign(BODY, signer, timestamp=at).split("v1=")[1]
    header = ",".join([f"t={at}", *(part.replace(RIGHT, genuine) for part in parts)])
    by_sdk = any(_sdk_accepts(header, secret) for secret in secrets)
    by_us = _we_accept(header, secrets)
    assert by_sdk or not by_us
    # Stripe never sends a part that is empty, a second timestamp or another version's spelling.
    if all(part.startswith("v") and part.partition("=")[2] for part in parts):
        assert by_us == by_sdk


def _we_accept(header: str, secrets: list[str]) -> bool:
    try:
        verified_event(BODY, header, secrets, now=NOW)
    except InvalidSignatureError:
        return False
    return True


def _sdk_accepts(header: str, secret: str) -> bool:
    """Whether the SDK accepts it at NOW: it reads the clock itself, and spaces are none of it."""
    with patch("stripe._webhook.time.time", return_value=NOW):
        try:
            stripe.WebhookSignature.verify_header(
                BODY.decode(), header.replace(" ", ""), secret, 300
            )
        except stripe.SignatureVerificationError:
            return False
    return True
