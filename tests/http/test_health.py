"""GET /api/health says what is wrong with a deployment's setup."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from api._lib import SCHEMA_VERSION
from api._lib.http_client import supabase_http
from api._lib.settings import settings
from local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import RunningStack


@pytest.fixture
def report(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Ask health under changed settings."""

    def ask(part: str = "database", **changes: str) -> tuple[int, str]:
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
        return answer.status_code, answer.get_json()[part]

    yield ask
    settings.cache_clear()
    supabase_http.cache_clear()


def test_a_key_of_another_project(report: Any) -> None:
    assert report(SUPABASE_SECRET_KEY="sb_secret_wrong") == (503, "refuses SUPABASE_SECRET_KEY")


def test_a_project_that_is_not_there(report: Any) -> None:
    assert report(SUPABASE_URL="http://127.0.0.1:9") == (503, "unreachable")


def test_a_database_without_our_functions(report: Any, database: Any, stack: RunningStack) -> None:
    database.execute("alter function is_writable rename to is_writable_away")
    try:
        assert report() == (503, "not migrated")
    finally:
        database.execute("alter function is_writable_away rename to is_writable")
    assert stack.get("/api/health").status_code == 200


def test_new_functions_on_a_database_without_their_sql(
    report: Any, database: Any, stack: RunningStack
) -> None:
    """The functions were deployed before make migrate."""
    change = "update supabase_migrations.schema_migrations set version = %s where version = %s"
    elsewhere = "19991231000000"
    database.execute(change, [elsewhere, SCHEMA_VERSION])
    try:
        assert report("schema") == (503, f"lacks {SCHEMA_VERSION}")
    finally:
        database.execute(change, [SCHEMA_VERSION, elsewhere])
    assert report("schema") == (200, SCHEMA_VERSION)
    assert stack.get("/api/health").json()["schema"] == SCHEMA_VERSION


def test_a_database_from_before_health_asked_for_its_schema(report: Any, database: Any) -> None:
    database.execute("alter function read_schema rename to read_schema_away")
    try:
        assert report("schema") == (503, f"lacks {SCHEMA_VERSION}")
    finally:
        database.execute("alter function read_schema_away rename to read_schema")


def test_old_functions_on_a_database_with_newer_sql(report: Any, database: Any) -> None:
    """The SQL was migrated first. An app's own migrations look the same."""
    newer = "29991231000000"
    database.execute(
        "insert into supabase_migrations.schema_migrations (version, name) values (%s, 'newer')",
        [newer],
    )
    try:
        assert report("schema") == (200, SCHEMA_VERSION)
    finally:
        database.execute(
            "delete from supabase_migrations.schema_migrations where version = %s", [newer]
        )


def test_the_version_is_that_of_the_newest_file() -> None:
    newest = max(path.name for path in (ROOT / "sql").glob("*.sql"))
    assert newest.partition("_")[0] == SCHEMA_VERSION
