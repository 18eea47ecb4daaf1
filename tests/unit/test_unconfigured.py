"""A deployment without its settings names what is missing and refuses every request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from api._lib.http_client import supabase_http
from api._lib.settings import settings
from tests.unit.functions import CORE_SETTINGS, client

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = tuple(CORE_SETTINGS)


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty environment."""
    for name in (*NAMES, "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ANON_KEY"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_health_names_every_variable_that_is_missing() -> None:
    answer = client("health").get("/api/health")
    assert answer.status_code == 503
    report = answer.get_json()
    assert report["status"] == "degraded"
    for name in NAMES:
        assert any(name in problem for problem in report["configuration"])


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("cron?job=reconcile", "GET"),
        ("cron?job=cleanup", "GET"),
        ("webhook", "POST"),
        ("credits", "GET"),
        ("create-checkout-session", "POST"),
        ("packages", "GET"),
        ("config", "GET"),
    ],
)
def test_an_endpoint_without_its_settings_is_closed(name: str, method: str) -> None:
    headers = {"Authorization": "Bearer x.y.z"}
    answer = client(name.partition("?")[0]).open(f"/api/{name}", method=method, headers=headers)
    assert answer.status_code == 503
    assert answer.get_json()["error"]["code"] == "not_configured"


def configure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set all variables except Stripe's."""
    monkeypatch.setenv("PAYMENTS_ENABLED", "false")
    monkeypatch.setenv("SITE_URL", "https://shop.example.com")
    monkeypatch.setenv("SUPABASE_URL", "https://abc.supabase.co")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")
    monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_x")


def test_without_a_webhook_secret_nothing_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret may be missing while payments are off. The webhook must then refuse everything."""
    configure(monkeypatch)
    answer = client("webhook").post("/api/webhook", data=b"{}")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "not_configured")
    assert client("config").get("/api/config").get_json()["payments_enabled"] is False


def test_the_client_shared_by_threads_speaks_http_1_also_over_tls() -> None:
    """Its HTTP/2 connections break when threads share them, and only TLS would negotiate it."""
    transport = supabase_http()._transport  # noqa: SLF001
    assert isinstance(transport, httpx.HTTPTransport)
    assert transport._pool._http2 is False  # noqa: SLF001


@pytest.mark.parametrize("job", ["nothing", "", "Cleanup"])
def test_an_unknown_job_is_not_found(job: str) -> None:
    for query in (f"?job={job}", ""):
        answer = client("cron").get(f"/api/cron{query}")
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("job", ["reconcile", "cleanup"])
def test_without_a_cron_secret_the_jobs_are_closed_to_everybody(
    monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    for variable in NAMES:
        prefix = {"STRIPE_SECRET_KEY": "sk_test_", "STRIPE_WEBHOOK_SECRET": "whsec_"}.get(variable)
        value = "https://a.example" if variable.endswith("URL") else f"{prefix}x"
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("CRON_SECRET", raising=False)
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        answer = client("cron").get(f"/api/cron?job={job}", headers=headers)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "not_configured")
