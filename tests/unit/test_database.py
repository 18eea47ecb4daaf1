"""What an answer of the REST gateway means, and how calls use the connection."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from api._lib import book_calls, database
from api._lib.errors import BusyError, DatabaseReadOnlyError, DatabaseUnavailableError
from api._lib.http_client import supabase_http
from api._lib.outbox.jobs import failing_checks
from api._lib.settings import settings
from tests.unit.scripted_server import scripted_server

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.unit.scripted_server import Exchange, ScriptedServer

KEY = "sb_secret_of_the_test"
PT402 = {"code": "PT402", "message": "m", "details": "17", "hint": None}


def ok(_: Exchange) -> tuple[int, bytes]:
    return 200, b'{"ok":true}'


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A gateway that answers as the test says, and our settings for it."""
    with scripted_server(ok) as server:
        monkeypatch.setenv("SUPABASE_URL", server.url)
        monkeypatch.setenv("SUPABASE_SECRET_KEY", KEY)
        monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_of_the_test")
        monkeypatch.setenv("SITE_URL", "http://localhost:3000")
        monkeypatch.setenv("PAYMENTS_ENABLED", "false")
        settings.cache_clear()
        supabase_http.cache_clear()
        yield server
        supabase_http().close()
        supabase_http.cache_clear()
        settings.cache_clear()


def answer_with(gateway: ScriptedServer, status: int, body: Any) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    gateway.script = lambda _: (status, content)


def test_a_call_is_a_post_with_the_key_the_schema_and_the_arguments(
    gateway: ScriptedServer,
) -> None:
    seen: list[Any] = []

    def note(exchange: Exchange) -> tuple[int, bytes]:
        seen.append((exchange.command, exchange.path, exchange.request_version))
        seen.append(dict(exchange.headers.items()))
        seen.append(json.loads(exchange.body))
        return 200, b"7"

    gateway.script = note
    assert database.call("add", p_a=1, p_text="Zoë") == 7
    request, headers, arguments = seen
    assert request == ("POST", "/rest/v1/rpc/add", "HTTP/1.1")
    assert arguments == {"p_a": 1, "p_text": "Zoë"}
    assert headers["apikey"] == KEY
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Profile"] == "public"


@pytest.mark.parametrize("value", [None, True, 0, "x", [], [1], {}, {"a": {"b": None}}])
def test_an_answer_is_its_json(gateway: ScriptedServer, value: Any) -> None:
    answer_with(gateway, 200, value)
    assert database.call("f") == value


def test_a_function_that_returns_void_answers_none(gateway: ScriptedServer) -> None:
    answer_with(gateway, 204, b"")
    assert database.call("f") is None


@pytest.mark.parametrize(
    ("status", "error", "code", "detail"),
    [
        (402, PT402, "PT402", "17"),
        (404, {"code": "PT404", "message": "m", "details": None}, "PT404", None),
        (404, {"code": "PGRST202", "message": "m"}, "PGRST202", None),
        (403, {"code": "42501", "message": "m", "details": {"a": 1}}, "42501", None),
        (400, {"code": "P0001", "message": "m"}, "P0001", None),
        (500, {"code": "XX000", "message": "m"}, "XX000", None),
        (401, {"message": "Invalid API key"}, database.KEY_REFUSED, None),
        (401, {"code": "42501", "message": "m"}, database.KEY_REFUSED, None),
        (401, b"", database.KEY_REFUSED, None),
    ],
)
def test_a_refusal_carries_code_and_detail(
    gateway: ScriptedServer, status: int, error: Any, code: str, detail: str | None
) -> None:
    answer_with(gateway, status, error)
    with pytest.raises(database.DatabaseError) as refused:
        database.call("f")
    assert (refused.value.code, refused.value.detail) == (code, detail)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *[
            (503, {"code": code, "message": "m"})
            for code in ("PGRST000", "PGRST001", "PGRST002", "PGRST003", "08006", "53300")
        ],
        *[(500, {"code": code, "message": "m"}) for code in ("57014", "40P01", "40001")],
        (503, {"code": "503", "message": "upstream"}),
        (429, {"code": 429, "message": "too many"}),
        (500, {"code": "", "message": "m"}),
        (500, {"code": None}),
        (500, {"message": "no code"}),
        (502, b"<html>Bad gateway</html>"),
        (502, b""),
        (500, []),
        (500, "text"),
        (307, b""),
        (404, b"not found"),
        (200, b""),
        (200, b"<html>captive portal</html>"),
        (200, b'{"cut": '),
        (200, b"\xff"),
    ],
)
def test_an_answer_that_is_not_the_databases_is_unavailable(
    gateway: ScriptedServer, status: int, body: Any
) -> None:
    answer_with(gateway, status, body)
    with pytest.raises(DatabaseUnavailableError):
        database.call("f")


@pytest.mark.parametrize(
    ("asked", "seconds"), [({}, 6), ({"timeout_seconds": database.SCAN_TIMEOUT_SECONDS}, 65)]
)
def test_a_call_waits_for_its_answer_as_long_as_its_function_may_take(
    gateway: ScriptedServer, asked: dict[str, Any], seconds: float
) -> None:
    limits: list[Any] = []
    supabase_http().event_hooks["request"] = [
        lambda request: limits.append(request.extensions["timeout"])
    ]
    assert database.call("f", **asked) == {"ok": True}
    assert gateway.requests == 1
    assert [(each["connect"], each["read"]) for each in limits] == [(1.5, seconds)]


@pytest.mark.parametrize(("left", "limit"), [(200, 65), (20, 20), (-1, 6)])
def test_the_daily_checks_take_what_time_is_left(
    gateway: ScriptedServer, left: float, limit: float
) -> None:
    gateway.script = lambda _: (200, b'["events_parked"]')
    limits: list[float] = []
    supabase_http().event_hooks["request"] = [
        lambda request: limits.append(request.extensions["timeout"]["read"])
    ]
    assert failing_checks(seconds=left) == ["events_parked"]
    assert limits == [limit]


def test_a_call_that_was_sent_is_never_repeated(gateway: ScriptedServer) -> None:
    """The connection breaks after the request: it may have been committed."""
    gateway.script = lambda _: None
    with pytest.raises(DatabaseUnavailableError):
        database.call("f")
    assert gateway.requests == 1


def test_the_books_are_asked_again_while_they_are_busy(
    gateway: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_calls, "PAUSE_SECONDS", 0)
    busy = json.dumps({"code": "55P03", "message": "m"}).encode()
    gateway.script = lambda _: (500, busy) if gateway.requests < 3 else (200, b"7")
    assert book_calls.call_books("seal_month") == 7
    assert gateway.requests == 3


def test_the_books_are_not_asked_for_ever(
    gateway: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_calls, "PAUSE_SECONDS", 0)
    answer_with(gateway, 500, {"code": "55P03", "message": "m"})
    with pytest.raises(BusyError):
        book_calls.call_books("seal_month")
    assert gateway.requests == book_calls.TRIES


def test_connecting_is_tried_twice(
    gateway: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []

    def refuse(address: Any, *_: Any, **__: Any) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.create_connection", refuse)
    with pytest.raises(DatabaseUnavailableError):
        database.call("f")
    assert len(tried) == 2
    assert gateway.requests == 0


def test_threads_one_after_another_share_one_connection(gateway: ScriptedServer) -> None:
    for _ in range(5):
        with ThreadPoolExecutor(1) as thread:
            assert thread.submit(database.call, "f").result() == {"ok": True}
    assert (gateway.connections, gateway.requests) == (1, 5)


@pytest.mark.parametrize(
    ("code", "error", "name"),
    [("55P03", BusyError, "busy"), ("25006", DatabaseReadOnlyError, "database_read_only")],
)
def test_what_ends_by_itself_is_503_with_its_own_code(
    gateway: ScriptedServer, code: str, error: type[DatabaseUnavailableError], name: str
) -> None:
    answer_with(gateway, 500, {"code": code, "message": "m", "details": None, "hint": None})
    with pytest.raises(error) as raised:
        database.call("f")
    assert (raised.value.status, raised.value.code) == (503, name)
    assert int(raised.value.headers["Retry-After"]) > 0
