"""A deployment that is not configured says what is missing, and lets nothing through."""

from __future__ import annotations

import importlib.util
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from werkzeug.test import Client

from api._lib.http_client import supabase_http
from api._lib.settings import settings
from local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIApplication

NAMES = (
    "SITE_URL",
    "SUPABASE_URL",
    "SUPABASE_SECRET_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
)


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty environment."""
    for name in (*NAMES, "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ANON_KEY"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    yield
    settings.cache_clear()


def client(name: str) -> Client:
    spec = importlib.util.spec_from_file_location(f"api.{name}", ROOT / "api" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app: WSGIApplication = module.app
    return Client(app)


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
        ("reconcile", "GET"),
        ("webhook", "POST"),
        ("credits", "GET"),
        ("create-checkout-session", "POST"),
        ("packages", "GET"),
        ("config", "GET"),
        ("cleanup", "GET"),
        ("files/index", "GET"),
        ("files/index", "POST"),
        ("files/complete", "POST"),
        ("files/export", "POST"),
    ],
)
def test_an_endpoint_without_its_settings_is_closed(name: str, method: str) -> None:
    headers = {"Authorization": "Bearer x.y.z"}
    answer = client(name).open(f"/api/{name}", method=method, headers=headers)
    assert answer.status_code == 503
    assert answer.get_json()["error"]["code"] == "not_configured"


def configure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set all but Stripe's variables."""
    monkeypatch.setenv("PAYMENTS_ENABLED", "false")
    monkeypatch.setenv("SITE_URL", "https://shop.example.com")
    monkeypatch.setenv("SUPABASE_URL", "https://abc.supabase.co")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")
    monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_x")


def test_without_a_webhook_secret_nothing_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payments may be off and the secret missing; an unchecked webhook would credit anybody."""
    configure(monkeypatch)
    answer = client("webhook").post("/api/webhook", data=b"{}")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "not_configured")
    assert client("config").get("/api/config").get_json()["payments_enabled"] is False


def test_the_client_shared_by_threads_speaks_http_1_also_over_tls() -> None:
    """Its HTTP/2 connections break when threads share them, and only TLS would negotiate it."""
    transport = supabase_http()._transport  # noqa: SLF001
    assert isinstance(transport, httpx.HTTPTransport)
    assert transport._pool._http2 is False  # noqa: SLF001


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("index", None),
        ("index", {"feature": "txt_upload", "filename": "a.txt", "size": 1, "content_type": ""}),
        ("complete", {"file_id": str(uuid.UUID(int=1))}),
        ("export", {"file_ids": [str(uuid.UUID(int=1))]}),
    ],
)
def test_without_a_storage_only_the_file_endpoints_are_closed(
    monkeypatch: pytest.MonkeyPatch, name: str, body: dict[str, Any] | None
) -> None:
    configure(monkeypatch)
    secret = "s" * 32
    monkeypatch.setenv("SUPABASE_JWT_SECRET", secret)
    claims = {
        "iss": "https://abc.supabase.co/auth/v1",
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(uuid.UUID(int=2)),
        "exp": time.time() + 60,
    }
    answer = client(f"files/{name}").open(
        f"/api/files/{name}",
        method="POST" if body else "GET",
        json=body,
        headers={"Authorization": f"Bearer {jwt.encode(claims, secret)}"},
    )
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "not_configured")
    assert client("config").get("/api/config").get_json()["files_enabled"] is False


@pytest.mark.parametrize("name", ["reconcile", "cleanup"])
def test_without_a_cron_secret_what_is_the_schedulers_is_closed_to_all(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in NAMES:
        prefix = {"STRIPE_SECRET_KEY": "sk_test_", "STRIPE_WEBHOOK_SECRET": "whsec_"}.get(variable)
        value = "https://a.example" if variable.endswith("URL") else f"{prefix}x"
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("CRON_SECRET", raising=False)
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
        answer = client(name).get(f"/api/{name}", headers=headers)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "not_configured")
