"""Endpoints for signed-in users refuse all other requests with 401."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt
import pytest

from tests import plain_http

if TYPE_CHECKING:
    import httpx

    from tests.support import RunningStack

ENDPOINTS = [
    ("GET", "/api/credits"),
    ("GET", "/api/offers"),
    ("POST", "/api/create-checkout-session"),
    ("POST", "/api/packages"),
]


def call(stack: RunningStack, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    return plain_http.request(
        method,
        f"{stack.site_url}{path}",
        headers=headers,
        json={"package_type": "starter"} if method == "POST" else None,
    )


def assert_refused(response: httpx.Response) -> None:
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "unauthorized"
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Basic dXNlcjpwdw==", "Bearer garbage", "Bearer " + "a" * 8000],
)
def test_no_token_or_garbage(
    stack: RunningStack, method: str, path: str, authorization: str
) -> None:
    assert_refused(call(stack, method, path, {"Authorization": authorization}))


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_no_header_at_all(stack: RunningStack, method: str, path: str) -> None:
    assert_refused(call(stack, method, path, {}))


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_the_projects_keys_are_no_users(stack: RunningStack, method: str, path: str) -> None:
    for key in (stack.secret_key, stack.publishable_key):
        assert_refused(call(stack, method, path, {"Authorization": f"Bearer {key}"}))


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_token_with_another_payload(stack: RunningStack, method: str, path: str) -> None:
    mine, theirs = stack.sign_up().access_token, stack.sign_up().access_token
    forged = ".".join([*theirs.split(".")[:2], mine.split(".")[2]])
    assert_refused(call(stack, method, path, {"Authorization": f"Bearer {forged}"}))


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_a_token_signed_by_somebody_else(stack: RunningStack, method: str, path: str) -> None:
    genuine = stack.sign_up().access_token
    claims = jwt.decode(genuine, options={"verify_signature": False})
    kid = jwt.get_unverified_header(genuine)["kid"]
    forged = jwt.encode(claims, "x" * 32, "HS256", headers={"kid": kid})
    assert_refused(call(stack, method, path, {"Authorization": f"Bearer {forged}"}))


def test_a_genuine_token_is_let_in(stack: RunningStack) -> None:
    response = call(stack, "GET", "/api/credits", stack.sign_up().auth)
    assert response.status_code == 200
