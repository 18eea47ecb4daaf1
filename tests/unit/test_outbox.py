"""The outbox's pure parts: signatures, addresses, settings."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from api._lib.errors import NotConfiguredError
from api._lib.outbox.addresses import is_public
from api._lib.outbox.sending import body_of
from api._lib.outbox.signing import signed_headers
from api._lib.settings import load
from tests.unit.functions import CORE_SETTINGS

KEY, OLD_KEY = b"k" * 32, b"o" * 24
SECRET, OLD_SECRET = (f"whsec_{base64.b64encode(key).decode()}" for key in (KEY, OLD_KEY))
EVENTS = {"EVENTS_URL": "https://app.example.com/hooks?from=purse", "EVENTS_SECRET": SECRET}


@given(st.text(max_size=50), st.integers(-(2**60), 2**60), st.sampled_from([SECRET, OLD_SECRET]))
def test_the_standard_s_own_library_accepts_what_is_sent(
    name: str, balance: int, secret: str
) -> None:
    now = int(datetime.now(UTC).timestamp())
    delivery = {
        "type": "credits.low",
        "timestamp": "2026-11-28T20:00:00.000Z",
        "data": {"name": name, "balance": balance},
    }
    body = body_of(delivery)
    headers = signed_headers("evt_1", now, body, (KEY, OLD_KEY))
    assert standardwebhooks.Webhook(secret).verify(body, headers) == delivery


def test_another_body_key_or_id_is_not_accepted() -> None:
    now = int(datetime.now(UTC).timestamp())
    headers = signed_headers("evt_1", now, b'{"a":1}', (KEY,))
    for secret, body, changed in (
        (SECRET, b'{"a":2}', {}),
        (OLD_SECRET, b'{"a":1}', {}),
        (SECRET, b'{"a":1}', {"webhook-id": "evt_2"}),
        (SECRET, b'{"a":1}', {"webhook-timestamp": str(now - 1)}),
    ):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(secret).verify(body, {**headers, **changed})


def test_the_body_is_json_in_utf_8_without_spaces() -> None:
    delivery = {"type": "t", "timestamp": "z", "data": {"name": "Ä"}, "user_id": "not sent"}
    assert body_of(delivery) == '{"type":"t","timestamp":"z","data":{"name":"Ä"}}'.encode()
    assert json.loads(body_of(delivery)).keys() == {"type", "timestamp", "data"}


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"]
)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
        *("64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1", "not an address", ""),
    ],
)
def test_any_other_address_is_not(address: str) -> None:
    assert not is_public(address)


def test_endpoints_are_read_with_their_secrets() -> None:
    assert load(CORE_SETTINGS).events == ()
    second = {"EVENTS_URL_2": "https://b.example.com", "EVENTS_SECRET_2": f"{SECRET}, {OLD_SECRET}"}
    first, other = load({**CORE_SETTINGS, **EVENTS, **second}).events
    assert (first.name, first.url, first.secrets) == ("app", EVENTS["EVENTS_URL"], (KEY,))
    assert (other.name, other.secrets) == ("app_2", (KEY, OLD_KEY))
    assert SECRET not in repr(first)


def test_this_machine_may_receive_only_with_test_keys() -> None:
    local = {**EVENTS, "EVENTS_URL": "http://127.0.0.1:4001/"}
    assert load({**CORE_SETTINGS, **local}).events
    live = {
        **CORE_SETTINGS,
        **local,
        "STRIPE_SECRET_KEY": "sk_live_x",
        "STRIPE_WEBHOOK_SECRET": "whsec_x",
    }
    with pytest.raises(NotConfiguredError) as refused:
        load(live)
    assert any("EVENTS_URL must not be on this machine" in p for p in refused.value.problems)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({**EVENTS, "EVENTS_URL": "http://app.example.com/"}, "EVENTS_URL must look like"),
        ({**EVENTS, "EVENTS_URL": "https://user:word@app.example.com/"}, "EVENTS_URL must look"),
        ({**EVENTS, "EVENTS_URL": "https://app.example.com/#part"}, "EVENTS_URL must look like"),
        ({**EVENTS, "EVENTS_URL": "https://[app"}, "EVENTS_URL must look like"),
        ({**EVENTS, "EVENTS_URL": ""}, "EVENTS_URL is missing"),
        ({**EVENTS, "EVENTS_SECRET": ""}, "EVENTS_SECRET is missing"),
        ({**EVENTS, "EVENTS_SECRET": "plain words"}, "EVENTS_SECRET must be whsec_"),
        ({**EVENTS, "EVENTS_SECRET": "whsec_c2hvcnQ="}, "EVENTS_SECRET must be whsec_"),
        ({"EVENTS_SECRET_3": SECRET}, "EVENTS_URL_3 is missing"),
    ],
)
def test_what_is_wrong_is_named(environ: dict[str, str], problem: str) -> None:
    with pytest.raises(NotConfiguredError) as refused:
        load({**CORE_SETTINGS, **environ})
    assert [p for p in refused.value.problems if problem in p]
    assert not any(SECRET in p for p in refused.value.problems)
