"""GET /api/health says what is wrong with a deployment's setup."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from api._lib.http_client import supabase_http
from api._lib.settings import settings
from local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import RunningStack


@pytest.fixture
def report(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Ask health under changed settings."""

    def ask(**changes: str) -> tuple[int, str]:
        environ = {
            "SITE_URL": stack.site_url,
            "SUPABASE_URL": stack.supabase_url,
            "SUPABASE_SECRET_KEY": stack.secret_key,
            "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
            "STRIPE_SECRET_KEY": stack.stripe_secret_key,
            "STRIPE_WEBHOOK_SECRET": stack.stripe_webhook_secret,
            **changes,
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        supabase_http.cache_clear()
        spec = importlib.util.spec_from_file_location("api.health", ROOT / "api" / "health.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        answer = Client(module.app).get("/api/health")
        supabase_http().close()
        return answer.status_code, answer.get_json()["database"]

    yield ask
    settings.cache_clear()
    supabase_http.cache_clear()


def test_a_key_of_another_project(report: Any) -> None:
    assert report(SUPABASE_SECRET_KEY="sb_secret_wrong") == (503, "refuses SUPABASE_SECRET_KEY")


def test_a_project_that_is_not_there(report: Any) -> None:
    assert report(SUPABASE_URL="http://127.0.0.1:9") == (503, "unreachable")


def test_a_database_without_our_functions(report: Any, database: Any, stack: RunningStack) -> None:
    database.execute("alter function refresh_credits rename to refresh_credits_away")
    try:
        assert report() == (503, "not migrated")
    finally:
        database.execute("alter function refresh_credits_away rename to refresh_credits")
    assert stack.get("/api/health").status_code == 200
