"""web/cors.py: which pages of other origins may call, and what a preflight is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from api._lib.errors import ConflictError
from api._lib.settings import settings
from api._lib.web.http import Request, Response, endpoint
from tests.unit.functions import CORE_SETTINGS, client

if TYPE_CHECKING:
    from collections.abc import Iterator

ORIGIN = "https://app.example.com"
OTHER = "http://localhost:5173"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}
# Endpoint -> methods and headers that a preflight is told.
USER_ENDPOINTS = {
    "config": ("GET, HEAD", None),
    "packages": ("GET, HEAD, POST", "Authorization"),
    "purchases?action=receipt": ("GET, HEAD", "Authorization"),
    "purchases?action=invoice": ("GET, HEAD", "Authorization"),
    "purchases?action=refund": (
        "GET, HEAD, POST",
        "Authorization, Content-Type, Idempotency-Key",
    ),
    "purchases?action=withdrawal": ("GET, HEAD, POST", "Authorization, Content-Type"),
    "credits": ("GET, HEAD, POST", "Authorization, Content-Type, Idempotency-Key"),
    "create-checkout-session": ("POST", "Authorization, Content-Type, Idempotency-Key"),
    "files": ("GET, HEAD, POST, DELETE", "Authorization, Content-Type, Idempotency-Key"),
}
NOT_FOR_PAGES = ("webhook", "health", "cron?job=reconcile", "cron?job=cleanup")


@pytest.fixture(autouse=True)
def allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A deployment that allows two origins."""
    for name, value in {**CORE_SETTINGS, "ALLOWED_ORIGINS": f"{ORIGIN}, {OTHER}"}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


def of_cors(answer: object) -> dict[str, str]:
    headers = dict(answer.headers)
    return {name: value for name, value in headers.items() if name.startswith("Access-Control")}


@pytest.mark.parametrize("name", USER_ENDPOINTS)
@pytest.mark.parametrize("origin", [ORIGIN, OTHER])
def test_a_preflight_of_an_allowed_origin_is_told_methods_and_headers(
    name: str, origin: str
) -> None:
    methods, headers = USER_ENDPOINTS[name]
    function, _, query = name.partition("?")
    answer = client(function).options(f"/?{query}", headers={**PREFLIGHT, "Origin": origin})
    assert answer.status_code == 204
    assert answer.get_data() == b""
    assert answer.headers["Vary"] == "Origin"
    assert of_cors(answer) == {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": methods,
        **({"Access-Control-Allow-Headers": headers} if headers else {}),
        "Access-Control-Max-Age": "7200",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test", **PREFLIGHT},
        {"Origin": "null", **PREFLIGHT},
        {"Origin": f"{ORIGIN}.evil.test", **PREFLIGHT},
        {"Origin": f"{ORIGIN}/", **PREFLIGHT},
        {"Origin": ORIGIN.upper(), **PREFLIGHT},
        {"Origin": f"{ORIGIN}:443", **PREFLIGHT},
        {"Origin": ORIGIN.replace("https", "http"), **PREFLIGHT},
        {"Origin": f"{ORIGIN}, {OTHER}", **PREFLIGHT},
        {"Origin": "", **PREFLIGHT},
        PREFLIGHT,
    ],
)
def test_any_other_origin_is_refused_and_named_nowhere(headers: dict[str, str]) -> None:
    answer = client("credits").options("/", headers=headers)
    assert answer.status_code == 405
    assert of_cors(answer) == {}
    assert answer.headers["Vary"] == "Origin"


def test_options_that_is_no_preflight_is_another_method() -> None:
    answer = client("credits").options("/", headers={"Origin": ORIGIN})
    assert answer.status_code == 405


@pytest.mark.parametrize("name", NOT_FOR_PAGES)
def test_webhook_health_and_cron_know_no_other_origin(name: str) -> None:
    function, _, query = name.partition("?")
    for method in ("OPTIONS", "PUT"):
        answer = client(function).open(
            f"/?{query}", method=method, headers={**PREFLIGHT, "Origin": ORIGIN}
        )
        assert answer.status_code == 405
        assert of_cors(answer) == {}
        assert "Vary" not in answer.headers


def refuse(_request: Request) -> Response:
    raise ConflictError


def crash(_request: Request) -> Response:
    raise ValueError


def succeed(_request: Request) -> Response:
    return Response({})


@pytest.mark.parametrize("handler", [succeed, refuse, crash])
def test_every_answer_can_be_read_by_the_origin_that_asked(handler: object) -> None:
    caller = Client(endpoint(get=handler, cross_origin=()))
    answer = caller.get("/", headers={"Origin": OTHER})
    assert of_cors(answer) == {
        "Access-Control-Allow-Origin": OTHER,
        "Access-Control-Expose-Headers": (
            "Content-Disposition, Idempotent-Replayed, Next-Cursor, Retry-After"
        ),
    }
    assert answer.headers["Vary"] == "Origin"
    stranger = caller.get("/", headers={"Origin": "https://evil.test"})
    assert of_cors(stranger) == {}
    assert stranger.headers["Vary"] == "Origin"


def test_no_answer_lets_a_page_send_cookies() -> None:
    for name in USER_ENDPOINTS:
        function, _, query = name.partition("?")
        for method in ("OPTIONS", "PUT"):
            answer = client(function).open(
                f"/?{query}", method=method, headers={**PREFLIGHT, "Origin": ORIGIN}
            )
            assert "Access-Control-Allow-Credentials" not in answer.headers


def test_without_allowed_origins_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOWED_ORIGINS")
    settings.cache_clear()
    answer = client("config").get("/", headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    assert of_cors(answer) == {}
    assert "Vary" not in answer.headers


def test_a_deployment_without_settings_still_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPABASE_URL")
    settings.cache_clear()
    answer = client("config").get("/", headers={"Origin": ORIGIN})
    assert answer.status_code == 503
    assert answer.get_json()["error"]["code"] == "not_configured"
