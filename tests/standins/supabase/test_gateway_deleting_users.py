"""/auth/v1/admin/users/:id, through Supabase's own client and without it."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

import httpx
import pytest
from supabase_auth import SyncGoTrueAdminAPI
from supabase_auth.errors import AuthApiError

from tests.standins.supabase.services import PUBLISHABLE_KEY, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.standins.supabase.services import Gateway


@pytest.fixture
def admin(gateway: Gateway) -> Iterator[SyncGoTrueAdminAPI]:
    """Supabase's client with the secret key."""
    with SyncGoTrueAdminAPI(
        url=f"{gateway.url}/auth/v1",
        headers={"apikey": SECRET_KEY, "Authorization": f"Bearer {SECRET_KEY}"},
    ) as client:
        yield client


def sign_up(gateway: Gateway) -> dict[str, str]:
    """Sign somebody up; return id, address and tokens."""
    email = f"{secrets.token_hex(8)}@example.com"
    answer = httpx.post(
        f"{gateway.url}/auth/v1/signup",
        headers={"apikey": PUBLISHABLE_KEY},
        json={"email": email, "password": "correct horse"},
    ).raise_for_status()
    session = answer.json()
    return {"id": session["user"]["id"], "email": email, "token": session["access_token"]}


def ask(gateway: Gateway, method: str, user_id: str, **headers: str) -> httpx.Response:
    return httpx.request(method, f"{gateway.url}/auth/v1/admin/users/{user_id}", headers=headers)


def test_a_user_is_read_and_deleted_with_the_sessions(
    gateway: Gateway, admin: SyncGoTrueAdminAPI
) -> None:
    user = sign_up(gateway)
    assert admin.get_user_by_id(user["id"]).user.email == user["email"]
    admin.delete_user(user["id"])
    for again in (admin.get_user_by_id, admin.delete_user):
        with pytest.raises(AuthApiError) as refused:
            again(user["id"])
        assert (refused.value.status, refused.value.code) == (404, "user_not_found")
    signed_in = httpx.get(
        f"{gateway.url}/auth/v1/user",
        headers={"apikey": PUBLISHABLE_KEY, "Authorization": f"Bearer {user['token']}"},
    )
    assert signed_in.status_code == 403


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_only_the_secret_key_may(gateway: Gateway, method: str) -> None:
    user = sign_up(gateway)
    for headers, status, code in (
        ({"apikey": PUBLISHABLE_KEY}, 403, "not_admin"),
        ({"apikey": PUBLISHABLE_KEY, "Authorization": f"Bearer {user['token']}"}, 403, "not_admin"),
        # A user's token is never more than the user, whatever the API key is.
        ({"apikey": SECRET_KEY, "Authorization": f"Bearer {user['token']}"}, 403, "not_admin"),
        ({"apikey": SECRET_KEY, "Authorization": "Bearer x.y.z"}, 403, "bad_jwt"),
    ):
        refused = ask(gateway, method, user["id"], **headers)
        assert (refused.status_code, refused.json()["error_code"]) == (status, code)
    assert ask(gateway, method, user["id"]).status_code == 401
    assert ask(gateway, "GET", user["id"], apikey=SECRET_KEY).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_id_is_a_uuid(gateway: Gateway, method: str) -> None:
    refused = ask(gateway, method, "ada", apikey=SECRET_KEY)
    assert (refused.status_code, refused.json()["error_code"]) == (404, "validation_failed")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_json"),
        (b"[]", 400, "bad_json"),
        (b'{"should_soft_delete": 1}', 400, "bad_json"),
        (b'{"should_soft_delete": true}', 501, "not_implemented"),
        (b"", 404, "user_not_found"),
        (b'{"should_soft_delete": false}', 404, "user_not_found"),
    ],
)
def test_what_a_deletion_may_ask_for(gateway: Gateway, body: bytes, status: int, code: str) -> None:
    answer = httpx.request(
        "DELETE",
        f"{gateway.url}/auth/v1/admin/users/{uuid.uuid4()}",
        headers={"apikey": SECRET_KEY},
        content=body,
    )
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
