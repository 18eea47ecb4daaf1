"""The webhook's signature, and everything malformed that may come with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api._lib.errors import InvalidRequestError
from api._lib.payments.webhook_signature import InvalidSignatureError, verified_event
from tests.support import event, sign

SECRET = "whsec_right"
NOW = 1_700_000_000
EVENT = event("customer.created", {})
BODY = json.dumps(EVENT).encode()


@pytest.fixture(autouse=True)
def stripes_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe's SDK reads the clock itself."""
    monkeypatch.setattr("stripe._webhook.time.time", lambda: NOW)


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
