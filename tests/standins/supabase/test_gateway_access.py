"""API keys, CORS, limits and paths of the gateway."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.standins.supabase.services import PUBLISHABLE_KEY, SECRET_KEY

if TYPE_CHECKING:
    from tests.standins.supabase.services import Gateway

PATHS = [
    ("POST", "/rest/v1/rpc/give_integer"),
    ("GET", "/rest/v1/anything"),
    ("POST", "/auth/v1/signup"),
    ("GET", "/auth/v1/settings"),
    ("GET", "/auth/v1/health"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "No API key found in request"),
        ("sb_publishable_other", "Invalid API key"),
        ("sb_secret_other", "Invalid API key"),
        ("ü", "Invalid API key"),
    ],
)
def test_a_request_needs_a_key_of_the_project(
    gateway: Gateway, method: str, path: str, key: str, message: str
) -> None:
    headers = {b"apikey": key.encode()} if key else {}
    response = gateway.http.request(method, path, headers=headers)
    assert response.status_code == 401
    assert response.json()["message"] == message
    assert response.json()["hint"]


def test_a_token_does_not_stand_in_for_the_key(gateway: Gateway) -> None:
    token = gateway.token(role="service_role")
    response = gateway.http.post(
        "/rest/v1/rpc/for_service", headers={"Authorization": f"Bearer {token}"}
    )
    assert response.status_code == 401


def test_the_secret_key_is_refused_in_a_browser(gateway: Gateway) -> None:
    response = gateway.http.post(
        "/rest/v1/rpc/give_integer",
        headers={"apikey": SECRET_KEY, "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"},
    )
    assert response.status_code == 401
    assert response.json()["message"] == "Forbidden use of secret API key in browser"


@pytest.mark.parametrize(("key", "role"), [(PUBLISHABLE_KEY, "anon"), (SECRET_KEY, "service_role")])
@pytest.mark.parametrize("authorization", ["", PUBLISHABLE_KEY, SECRET_KEY, "sb_other"])
def test_a_key_as_bearer_counts_for_nothing_beside_the_api_key(
    gateway: Gateway, key: str, role: str, authorization: str
) -> None:
    headers = {"apikey": key, "Content-Type": "application/json"}
    if authorization:
        headers["Authorization"] = f"Bearer {authorization}"
    response = gateway.http.post("/rest/v1/rpc/request_facts", headers=headers)
    assert response.json()["role"] == role
    assert response.json()["claims"] == {"role": role}


def test_a_users_token_decides_whichever_key_comes_with_it(gateway: Gateway) -> None:
    token = gateway.token(role="authenticated")
    response = gateway.http.post(
        "/rest/v1/rpc/request_facts",
        headers={"apikey": SECRET_KEY, "Authorization": f"Bearer {token}"},
    )
    assert response.json()["role"] == "authenticated"


def test_the_public_keys_are_open_to_everybody(gateway: Gateway) -> None:
    response = gateway.http.get("/auth/v1/.well-known/jwks.json")
    (key,) = response.json()["keys"]
    assert response.status_code == 200
    assert key["kid"] == gateway.key.kid
    assert key["alg"] == "ES256"
    assert "d" not in key


@pytest.mark.parametrize("path", ["/rest/v1/rpc/give_integer", "/auth/v1/token", "/auth/v1/user"])
def test_a_browser_may_call_from_another_origin(gateway: Gateway, path: str) -> None:
    wanted = "apikey, authorization, content-type, prefer, x-client-info, x-supabase-api-version"
    preflight = gateway.http.options(
        path,
        headers={
            "Origin": "http://127.0.0.1:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": wanted,
        },
    )
    allowed = preflight.headers["access-control-allow-headers"].lower().split(", ")
    assert preflight.is_success
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert set(wanted.split(", ")) <= set(allowed)


def test_answers_can_be_read_from_another_origin_errors_too(gateway: Gateway) -> None:
    good = gateway.http.post("/rest/v1/rpc/give_integer", headers={"apikey": PUBLISHABLE_KEY})
    bad = gateway.http.post("/rest/v1/rpc/give_integer")
    lost = gateway.http.get("/nowhere")
    assert (good.status_code, bad.status_code, lost.status_code) == (200, 401, 404)
    for response in (good, bad, lost):
        assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/rest/v1/", 501),
        ("POST", "/rest/v1/", 404),
        ("GET", "/rest/v1/user_credits", 404),
        ("POST", "/rest/v1/user_credits", 400),
        ("GET", "/rest/v1/user_credits/1", 404),
        ("DELETE", "/rest/v1/rpc/give_integer", 405),
        ("POST", "/rest/v1/rpc/give_integer?select=x", 400),
        ("GET", "/auth/v1/nowhere", 404),
        ("GET", "/auth/v1/signup", 405),
        ("GET", "/storage/v1/object", 404),
        ("GET", "/", 404),
    ],
)
def test_what_is_not_served_is_refused_in_json(
    gateway: Gateway, method: str, path: str, status: int
) -> None:
    response = gateway.http.request(method, path, headers={"apikey": PUBLISHABLE_KEY})
    assert response.status_code == status
    assert isinstance(response.json(), dict)


@pytest.mark.parametrize("path", ["/rest/v1/rpc/take_text", "/auth/v1/signup"])
def test_a_body_over_a_megabyte_is_refused(gateway: Gateway, path: str) -> None:
    response = gateway.http.post(
        path,
        content=b'{"p_value": "' + b"x" * 1024 * 1024 + b'"}',
        headers={"apikey": PUBLISHABLE_KEY, "Content-Type": "application/json"},
    )
    assert response.status_code == 413


def test_more_callers_than_connections_are_all_served(gateway: Gateway) -> None:
    def call(number: int) -> int:
        response = gateway.http.post(
            "/rest/v1/rpc/take_integer",
            json={"p_value": number},
            headers={"apikey": PUBLISHABLE_KEY},
        )
        answer: int = response.json()
        return answer

    with ThreadPoolExecutor(64) as threads:
        answers = list(threads.map(call, range(256)))
    assert answers == list(range(256))
