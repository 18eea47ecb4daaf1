"""Sign-up, sign-in and the user, through supabase-py and over plain HTTP."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from supabase.lib.client_options import SyncClientOptions
from supabase_auth.errors import AuthWeakPasswordError

from supabase import AuthApiError, Client, create_client
from tests.standins.supabase.services import PUBLISHABLE_KEY, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.postgres import Postgres
    from tests.standins.supabase.services import Gateway

KEY = {"apikey": PUBLISHABLE_KEY}
PASSWORD = "correct horse"


@pytest.fixture
def supabase(gateway: Gateway) -> Iterator[Client]:
    """The client library, with the publishable key."""
    with httpx.Client() as http:
        yield create_client(gateway.url, PUBLISHABLE_KEY, SyncClientOptions(httpx_client=http))


@pytest.fixture
def email() -> str:
    """An address nobody has used."""
    return f"{secrets.token_hex(6)}@example.com"


def post(gateway: Gateway, path: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """Send JSON; return status and JSON."""
    response = gateway.http.post(f"/auth/v1{path}", json=body, headers={**KEY, **headers})
    return response.status_code, response.json()


def test_signing_up_signs_in_at_once(supabase: Client, email: str) -> None:
    answer = supabase.auth.sign_up(
        {"email": email, "password": PASSWORD, "options": {"data": {"colour": "green"}}}
    )
    assert answer.session is not None
    assert answer.user is not None
    assert answer.session.expires_in == 3600
    assert answer.session.token_type == "bearer"
    assert answer.user.email == email
    assert answer.user.role == answer.user.aud == "authenticated"
    assert answer.user.email_confirmed_at is not None
    assert answer.user.app_metadata == {"provider": "email", "providers": ["email"]}
    assert answer.user.user_metadata["colour"] == "green"
    assert answer.user.user_metadata["sub"] == answer.user.id


def test_the_access_token_has_gotrues_claims(gateway: Gateway, email: str) -> None:
    _, session = post(gateway, "/signup", {"email": email, "password": PASSWORD})
    jwks = jwt.PyJWKClient(f"{gateway.url}/auth/v1/.well-known/jwks.json")
    key = jwks.get_signing_key_from_jwt(session["access_token"])
    claims = jwt.decode(
        session["access_token"],
        key,
        ["ES256"],
        audience="authenticated",
        issuer=f"{gateway.url}/auth/v1",
        options={"require": ["exp", "iat", "sub", "aud", "iss"]},
    )
    assert claims["sub"] == session["user"]["id"]
    assert claims["exp"] == session["expires_at"] == claims["iat"] + session["expires_in"]
    assert claims["email"] == email
    assert claims["role"] == "authenticated"
    assert claims["aal"] == "aal1"
    assert claims["amr"][0]["method"] == "password"
    assert claims["is_anonymous"] is False
    assert {"phone", "app_metadata", "user_metadata", "session_id"} <= claims.keys()


def test_the_client_library_verifies_the_token_by_the_jwks(supabase: Client, email: str) -> None:
    supabase.auth.sign_up({"email": email, "password": PASSWORD})
    verified = supabase.auth.get_claims()
    assert verified is not None
    assert dict(verified["claims"])["email"] == email


def test_an_address_is_the_same_in_capitals(supabase: Client, email: str) -> None:
    signed_up = supabase.auth.sign_up({"email": email.upper(), "password": PASSWORD})
    signed_in = supabase.auth.sign_in_with_password({"email": email.title(), "password": PASSWORD})
    assert signed_up.user is not None
    assert signed_in.user is not None
    assert signed_in.user.id == signed_up.user.id
    assert signed_in.user.email == email


def test_the_user_endpoint_shows_who_a_token_belongs_to(supabase: Client, email: str) -> None:
    supabase.auth.sign_up({"email": email, "password": PASSWORD})
    answer = supabase.auth.get_user()
    assert answer is not None
    assert answer.user.email == email
    assert [i.provider for i in answer.user.identities or []] == ["email"]


def test_times_are_rfc_3339_in_utc(gateway: Gateway, email: str) -> None:
    _, session = post(gateway, "/signup", {"email": email, "password": PASSWORD})
    for name in ("created_at", "updated_at", "last_sign_in_at", "email_confirmed_at"):
        assert session["user"][name].endswith("Z")
        assert "T" in session["user"][name]


def test_an_address_signs_up_once(supabase: Client, email: str) -> None:
    supabase.auth.sign_up({"email": email, "password": PASSWORD})
    with pytest.raises(AuthApiError) as refused:
        supabase.auth.sign_up({"email": email.upper(), "password": PASSWORD})
    assert refused.value.status == 422
    assert refused.value.code == "user_already_exists"


def test_an_address_signs_up_once_even_when_many_try_together(gateway: Gateway, email: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: post(gateway, "/signup", {"email": email, "password": PASSWORD}),
                range(8),
            )
        )
    assert sorted(status for status, _ in answers) == [200] + [422] * 7


@pytest.mark.parametrize("password", ["wrong", "", "correct horse "])
def test_a_wrong_password_is_refused(gateway: Gateway, email: str, password: str) -> None:
    post(gateway, "/signup", {"email": email, "password": PASSWORD})
    status, error = post(
        gateway, "/token?grant_type=password", {"email": email, "password": password}
    )
    assert (status, error) == (
        400,
        {
            "code": 400,
            "error_code": "invalid_credentials",
            "msg": "Invalid login credentials",
        },
    )


def test_an_unknown_address_is_refused_like_a_wrong_password(supabase: Client, email: str) -> None:
    with pytest.raises(AuthApiError) as refused:
        supabase.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    assert refused.value.status == 400
    assert refused.value.code == "invalid_credentials"


def test_a_short_password_is_weak(supabase: Client, email: str) -> None:
    with pytest.raises(AuthWeakPasswordError) as refused:
        supabase.auth.sign_up({"email": email, "password": "12345"})
    assert refused.value.status == 422
    assert refused.value.reasons == ["length"]


REFUSED_BODIES = [
    ("/signup", {"email": "", "password": "x" * 8}, 422, "anonymous_provider_disabled"),
    ("/signup", {}, 422, "anonymous_provider_disabled"),
    ("/signup", {"email": "a@b.c"}, 400, "validation_failed"),
    ("/signup", {"email": "a@b.c", "password": None}, 400, "validation_failed"),
    ("/signup", {"email": "a@b.c", "password": "x" * 73}, 400, "validation_failed"),
    ("/signup", {"email": "a@b.c", "password": "ü" * 37}, 400, "validation_failed"),
    ("/signup", {"email": "nonsense", "password": "x" * 8}, 400, "validation_failed"),
    ("/signup", {"email": "a@b@c", "password": "x" * 8}, 400, "validation_failed"),
    ("/signup", {"email": "a b@c.d", "password": "x" * 8}, 400, "validation_failed"),
    ("/signup", {"email": "a" * 256 + "@b.c", "password": "x" * 8}, 400, "validation_failed"),
    ("/signup", {"phone": "123", "password": "x" * 8}, 400, "phone_provider_disabled"),
    ("/signup", {"email": "a@b.c", "phone": "1", "password": "x" * 8}, 400, "validation_failed"),
    ("/signup", {"email": 5, "password": "x" * 8}, 400, "bad_json"),
    ("/signup", {"email": "a@b.c", "password": ["x"]}, 400, "bad_json"),
    ("/signup", {"email": "q@b.c", "password": "x" * 8, "data": 5}, 400, "bad_json"),
    ("/signup", [], 400, "bad_json"),
    ("/signup", "text", 400, "bad_json"),
    ("/token?grant_type=password", {"password": "x"}, 400, "validation_failed"),
    ("/token?grant_type=password", {"phone": "1", "password": "x"}, 422, "phone_provider_disabled"),
    ("/token?grant_type=password", {"email": "a@b.c", "phone": "1"}, 400, "validation_failed"),
    ("/token?grant_type=id_token", {}, 400, "invalid_credentials"),
    ("/token", {}, 400, "invalid_credentials"),
    ("/token?grant_type=refresh_token", {}, 400, "validation_failed"),
    ("/token?grant_type=refresh_token", {"refresh_token": "x"}, 400, "validation_failed"),
    ("/token?grant_type=refresh_token", {"refresh_token": "A" * 12}, 400, "validation_failed"),
    (
        "/token?grant_type=refresh_token",
        {"refresh_token": "a" * 12},
        400,
        "refresh_token_not_found",
    ),
]


@pytest.mark.parametrize(("path", "body", "status", "code"), REFUSED_BODIES)
def test_a_request_that_makes_no_sense_is_refused(
    gateway: Gateway, path: str, body: Any, status: int, code: str
) -> None:
    answered, error = post(gateway, path, body)
    assert (answered, error["code"], error["error_code"]) == (status, status, code)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(gateway: Gateway, body: bytes) -> None:
    response = gateway.http.post("/auth/v1/signup", content=body, headers=KEY)
    assert response.status_code == 400
    assert response.json()["error_code"] == "bad_json"


def test_errors_have_the_shape_that_the_api_version_asks_for(gateway: Gateway) -> None:
    body = {"email": "a@b.c", "password": "12345"}
    _, old = post(gateway, "/signup", body)
    _, new = post(gateway, "/signup", body, **{"X-Supabase-Api-Version": "2024-01-01"})
    sentence = "Password should be at least 6 characters."
    reasons = {"reasons": ["length"]}
    assert old == {
        "code": 422,
        "error_code": "weak_password",
        "msg": sentence,
        "weak_password": reasons,
    }
    assert new == {"code": "weak_password", "message": sentence, "weak_password": reasons}


def refused_tokens(gateway: Gateway) -> dict[str, tuple[str, int, str]]:
    """Authorization headers that show no user, and what they are refused with."""
    now = int(time.time())
    nobody = "99999999-9999-4999-8999-999999999999"
    good = {"sub": nobody, "session_id": nobody, "exp": now + 60, "role": "authenticated"}
    stranger = ec.generate_private_key(ec.SECP256R1())
    return {
        "no header": ("", 401, "no_authorization"),
        "another scheme": ("Basic abc", 401, "no_authorization"),
        "the publishable key": (f"Bearer {PUBLISHABLE_KEY}", 403, "bad_jwt"),
        "the secret key": (f"Bearer {SECRET_KEY}", 403, "bad_jwt"),
        "garbage": ("Bearer garbage", 403, "bad_jwt"),
        "a stranger's": (f"Bearer {jwt.encode(good, stranger, 'ES256')}", 403, "bad_jwt"),
        "unsigned": (f"Bearer {jwt.encode(good, '', 'none')}", 403, "bad_jwt"),
        "shared secret": (f"Bearer {jwt.encode(good, 's' * 64, 'HS256')}", 403, "bad_jwt"),
        "expired": (f"Bearer {gateway.token(**{**good, 'exp': now - 1})}", 403, "bad_jwt"),
        "no subject": (f"Bearer {gateway.token(role='authenticated')}", 403, "bad_jwt"),
        "odd subject": (f"Bearer {gateway.token(**{**good, 'sub': 'x'})}", 403, "bad_jwt"),
        "nobody's": (f"Bearer {gateway.token(**good)}", 403, "user_not_found"),
    }


@pytest.mark.parametrize(
    "kind",
    [
        *("no header", "another scheme", "the publishable key", "the secret key", "garbage"),
        *("a stranger's", "unsigned", "shared secret", "expired", "no subject", "odd subject"),
        "nobody's",
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/user"), ("POST", "/logout")])
def test_a_token_that_shows_no_user_is_refused(
    gateway: Gateway, kind: str, method: str, path: str
) -> None:
    authorization, status, code = refused_tokens(gateway)[kind]
    headers = {**KEY, "Authorization": authorization} if authorization else KEY
    response = gateway.http.request(method, f"/auth/v1{path}", headers=headers)
    assert (response.status_code, response.json()["error_code"]) == (status, code)


def test_a_users_calls_are_made_in_the_users_name(supabase: Client, email: str) -> None:
    user = supabase.auth.sign_up({"email": email, "password": PASSWORD}).user
    facts: Any = supabase.rpc("request_facts", {}).execute().data
    assert user is not None
    assert facts["role"] == "authenticated"
    assert facts["auth_uid"] == user.id
    assert facts["auth_email"] == email


def test_the_secret_key_calls_as_the_service(gateway: Gateway) -> None:
    with httpx.Client() as http:
        client = create_client(gateway.url, SECRET_KEY, SyncClientOptions(httpx_client=http))
        assert client.rpc("for_service", {}).execute().data == 1


def test_passwords_are_kept_as_salted_hashes(
    gateway: Gateway, database: Postgres, email: str
) -> None:
    post(gateway, "/signup", {"email": email, "password": PASSWORD})
    post(gateway, "/signup", {"email": f"b{email}", "password": PASSWORD})
    with psycopg.connect(database.url()) as connection:
        rows = connection.execute(
            "select encrypted_password from auth.users where email in (%s, %s)",
            [email, f"b{email}"],
        ).fetchall()
    first, second = (row[0] for row in rows)
    assert first.startswith("scrypt$")
    assert PASSWORD not in first
    assert first != second
