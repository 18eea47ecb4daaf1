"""Stripe's client opens as few connections as there are requests at one time."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from api._lib.errors import StripeFailedError, StripeRefusedError
from api._lib.payments import stripe_client as module
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from api._lib.settings import settings
from tests.unit.scripted_server import scripted_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.scripted_server import Exchange, ScriptedServer

CUSTOMER = b'{"id":"cus_1","object":"customer"}'
AT_ONCE = 20


def customer(_: Exchange) -> tuple[int, bytes]:
    return 200, CUSTOMER


@pytest.fixture
def stripe_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server in Stripe's place, and our settings for it."""
    with scripted_server(customer) as server:
        monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_of_the_test")
        monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_of_the_test")
        monkeypatch.setenv("SITE_URL", "http://localhost:3000")
        monkeypatch.setenv("STRIPE_API_BASE", server.url)
        monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_1")
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_1")
        caches = (settings, stripe_client, module._session)  # noqa: SLF001
        for cached in caches:
            cached.cache_clear()
        yield server
        module._session().close()  # noqa: SLF001
        for cached in caches:
            cached.cache_clear()


def retrieve(_: object = None) -> str:
    return stripe_client().v1.customers.retrieve("cus_1").id


def test_threads_one_after_another_share_one_connection(stripe_server: ScriptedServer) -> None:
    for _ in range(5):
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(retrieve).result() == "cus_1"
    assert (stripe_server.connections, stripe_server.requests) == (1, 5)


def test_clients_with_other_limits_share_the_connection(stripe_server: ScriptedServer) -> None:
    assert retrieve() == "cus_1"
    other = stripe_client(read_timeout_seconds=1, max_network_retries=0)
    assert other.v1.customers.retrieve("cus_1").id == "cus_1"
    assert stripe_server.connections == 1


def test_connections_of_a_burst_are_kept_for_the_next(stripe_server: ScriptedServer) -> None:
    together = threading.Barrier(AT_ONCE)

    def answer_all_at_once(_: Exchange) -> tuple[int, bytes]:
        together.wait(30)
        return 200, CUSTOMER

    stripe_server.script = answer_all_at_once
    for _ in range(2):
        with ThreadPoolExecutor(AT_ONCE) as threads:
            assert list(threads.map(retrieve, range(AT_ONCE))) == ["cus_1"] * AT_ONCE
    assert (stripe_server.connections, stripe_server.requests) == (AT_ONCE, 2 * AT_ONCE)


def test_a_cookie_is_not_kept(stripe_server: ScriptedServer) -> None:
    """The jar is shared between threads."""
    sent: list[str | None] = []

    def set_cookie(exchange: Exchange) -> tuple[int, bytes]:
        sent.append(exchange.headers.get("Cookie"))
        exchange.extra_headers = {"Set-Cookie": "a=b; Path=/"}
        return 200, CUSTOMER

    stripe_server.script = set_cookie
    retrieve()
    retrieve()
    assert sent == [None, None]


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "invalid_request_error", "stripe_refused"),
        (401, "authentication_error", "stripe_refused"),
        (403, "permission_error", "stripe_refused"),
        (404, "invalid_request_error", "stripe_refused"),
        (429, "rate_limit_error", "stripe_failed"),
        (500, "api_error", "stripe_failed"),
    ],
)
def test_a_refusal_is_told_from_a_failure_and_logged_with_what_it_was_about(
    stripe_server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    status: int,
    kind: str,
    code: str,
) -> None:
    error = {"type": kind, "code": "some_code", "param": "email", "message": "not p@com"}

    def refuse(exchange: Exchange) -> tuple[int, bytes]:
        exchange.extra_headers = {"Request-Id": "req_1"}
        return status, json.dumps({"error": error}).encode()

    stripe_server.script = refuse
    with pytest.raises(StripeFailedError) as failure, stripe_failures():
        stripe_client(max_network_retries=0).v1.customers.retrieve("cus_1")
    assert failure.value.code == code
    assert (failure.value.status, failure.value.code == "stripe_refused") == (
        502,
        isinstance(failure.value, StripeRefusedError),
    )
    assert f"status={status} code=some_code param=email request=req_1" in caplog.text
    assert "p@com" not in caplog.text
