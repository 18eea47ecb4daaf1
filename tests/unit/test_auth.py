"""auth.py: every kind of wrong token is refused with 401."""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from api._lib.errors import UnauthorizedError, UnavailableError
from api._lib.settings import settings
from api._lib.web.auth import User, signed_in_user, verify_token
from api._lib.web.http import Request
from api._lib.web.jwks import Jwks

if TYPE_CHECKING:
    from collections.abc import Iterator

ISSUER = "https://abc.supabase.co/auth/v1"
USER_ID = str(uuid.uuid4())
EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
STRANGERS_KEY = ec.generate_private_key(ec.SECP256R1())
LEGACY_SECRET = "a-legacy-secret-of-at-least-32-bytes"


def jwk(key: Any, kid: str) -> dict[str, Any]:
    algorithm = (
        jwt.algorithms.ECAlgorithm
        if isinstance(key, ec.EllipticCurvePrivateKey)
        else jwt.algorithms.RSAAlgorithm
    )
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


JWKS = {"keys": [jwk(EC_KEY, "ec"), jwk(RSA_KEY, "rsa")]}


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    whole = {
        "iss": ISSUER,
        "aud": "authenticated",
        "sub": USER_ID,
        "role": "authenticated",
        "email": "user@example.com",
        "iat": now,
        "exp": now + 3600,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def token(
    key: Any = EC_KEY, algorithm: str = "ES256", kid: str | None = "ec", **changes: Any
) -> str:
    return jwt.encode(claims(**changes), key, algorithm, headers={"kid": kid} if kid else None)


def verify(text: str, *, legacy_secret: str | None = None) -> User:
    keys = Jwks(lambda: JWKS)
    return verify_token(text, issuer=ISSUER, find_key=keys.key, legacy_secret=legacy_secret)


def unsigned(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def public_pem(key: Any) -> bytes:
    pem: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem


def hs256_with_public_key(key: Any, kid: str) -> str:
    """Sign with the public key as HMAC secret: the algorithm confusion attack."""
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    body = unsigned({"alg": "HS256", "typ": "JWT", "kid": kid}, claims()).rpartition(".")[0]
    digest = hmac.new(public_pem(key), body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def test_a_token_says_who_is_a_guest_and_how_to_reach_the_others() -> None:
    guest = verify(token(email="", phone="", is_anonymous=True))
    assert (guest.is_anonymous, guest.address) == (True, None)
    assert verify(token(email="", phone="4712345678")).address == "4712345678"
    member = verify(token(phone="4712345678", is_anonymous=False))
    assert (member.is_anonymous, member.address) == (False, "user@example.com")


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(EC_KEY, "ES256", "ec"), (RSA_KEY, "RS256", "rsa")]
)
def test_a_token_of_the_project_is_its_user(key: Any, algorithm: str, kid: str) -> None:
    assert verify(token(key, algorithm, kid)) == User(USER_ID, "user@example.com")


def test_a_user_without_an_e_mail_is_a_user() -> None:
    assert verify(token(email=None)).email is None
    assert verify(token(email="")).email is None


def test_a_legacy_token_holds_where_a_legacy_secret_is_configured() -> None:
    text = token(LEGACY_SECRET, "HS256", kid=None)
    assert verify(text, legacy_secret=LEGACY_SECRET).id == USER_ID


ATTACKS = {
    "algorithm none": lambda: unsigned({"alg": "none", "typ": "JWT", "kid": "ec"}, claims()),
    "algorithm none without kid": lambda: unsigned({"alg": "none"}, claims()),
    "HS256 with the EC public key": lambda: hs256_with_public_key(EC_KEY, "ec"),
    "HS256 with the RSA public key": lambda: hs256_with_public_key(RSA_KEY, "rsa"),
    "RS256 token naming the EC key": lambda: token(RSA_KEY, "RS256", "ec"),
    "ES256 token naming the RSA key": lambda: token(EC_KEY, "ES256", "rsa"),
    "a stranger's key": lambda: token(STRANGERS_KEY),
    "unknown kid": lambda: token(kid="nobody"),
    "no kid": lambda: token(kid=None),
    "HS256 without a legacy secret": lambda: token(LEGACY_SECRET, "HS256"),
    "wrong audience": lambda: token(aud="anon"),
    "no audience": lambda: token(aud=None),
    "wrong issuer": lambda: token(iss="https://evil.example.com/auth/v1"),
    "no issuer": lambda: token(iss=None),
    "expired": lambda: token(exp=int(time.time()) - 60),
    "no expiry": lambda: token(exp=None),
    "expiry that is no number": lambda: token(exp="tomorrow"),
    "not yet valid": lambda: token(nbf=int(time.time()) + 600),
    "issued in the future": lambda: token(iat=int(time.time()) + 600),
    "no subject": lambda: token(sub=None),
    "subject that is no user id": lambda: token(sub="admin"),
    "anon": lambda: token(role="anon", sub=None),
    "anon with a subject": lambda: token(role="anon"),
    "service role": lambda: token(role="service_role"),
    "no role": lambda: token(role=None),
    "service key": lambda: "sb_secret_abcdefghijklmnopqrstuvwxyz",
    "empty": lambda: "",
    "garbage": lambda: "garbage",
    "two dots": lambda: "..",
    "not base64": lambda: "ä.ö.ü",
    "payload that is a list": lambda: jwt.api_jws.encode(
        b"[]", EC_KEY, "ES256", headers={"kid": "ec"}
    ),
    "payload that is no JSON": lambda: jwt.api_jws.encode(
        b"{", EC_KEY, "ES256", headers={"kid": "ec"}
    ),
    "kid that is no text": lambda: unsigned({"alg": "ES256", "kid": {"a": 1}}, claims(), b"x"),
    "header that is a list": lambda: unsigned([], claims(), b"x"),
    "signature cut off": lambda: token()[:-4],
    "payload exchanged": lambda: ".".join(
        [token().split(".")[0], token(sub=str(uuid.uuid4())).split(".")[1], token().split(".")[2]]
    ),
    "a second signature": lambda: f"{token()}.x",
}


@pytest.mark.parametrize("attack", sorted(ATTACKS))
@pytest.mark.parametrize("legacy_secret", [None, "another-legacy-secret-of-32-bytes!!"])
def test_an_attack_is_refused(attack: str, legacy_secret: str | None) -> None:
    with pytest.raises(UnauthorizedError):
        verify(ATTACKS[attack](), legacy_secret=legacy_secret)


class Endpoint:
    """A JWKS endpoint that counts requests and can fail, and a clock that the test sets."""

    def __init__(self) -> None:
        self.keys = {"keys": [jwk(EC_KEY, "ec")]}
        self.fetched = 0
        self.down = False
        self.now = 0.0

    def fetch(self) -> dict[str, Any]:
        self.fetched += 1
        if self.down:
            raise ValueError
        return self.keys

    def jwks(self) -> Jwks:
        return Jwks(self.fetch, clock=lambda: self.now)


def test_keys_are_fetched_once() -> None:
    endpoint = Endpoint()
    keys = endpoint.jwks()
    for _ in range(5):
        assert keys.key("ec") is not None
    assert endpoint.fetched == 1


def test_made_up_key_ids_do_not_make_us_fetch_each_time() -> None:
    endpoint = Endpoint()
    keys = endpoint.jwks()
    for number in range(50):
        assert keys.key(f"made-up-{number}") is None
    assert endpoint.fetched == 1


def test_a_rotated_key_is_found_after_the_pause() -> None:
    endpoint = Endpoint()
    keys = endpoint.jwks()
    keys.key("ec")
    endpoint.keys = JWKS
    assert keys.key("rsa") is None
    endpoint.now += 11
    assert keys.key("rsa") is not None


def test_known_keys_outlive_an_outage() -> None:
    endpoint = Endpoint()
    keys = endpoint.jwks()
    keys.key("ec")
    endpoint.down = True
    endpoint.now += 3600
    assert keys.key("ec") is not None


def test_without_any_keys_the_answer_is_try_later() -> None:
    endpoint = Endpoint()
    endpoint.down = True
    with pytest.raises(UnavailableError):
        endpoint.jwks().key("ec")


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "EC", "kid": "broken"},
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
        {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "AAAA"},
        {"kid": ["a"], "kty": "EC"},
        "no object",
        None,
    ],
)
def test_an_entry_we_cannot_use_costs_no_other_key(entry: Any) -> None:
    endpoint = Endpoint()
    endpoint.keys = {"keys": [entry, jwk(EC_KEY, "ec")]}
    keys = endpoint.jwks()
    assert keys.key("ec") is not None
    assert keys.key("broken") is None


@pytest.mark.parametrize("document", [{"keys": None}, {}, [], None, {"keys": 1}])
def test_a_document_that_is_no_key_set_is_a_failed_fetch(document: Any) -> None:
    endpoint = Endpoint()
    keys = endpoint.jwks()
    endpoint.keys = document
    with pytest.raises(UnavailableError):
        keys.key("ec")


def test_a_known_key_does_not_wait_for_the_fetch_of_an_unknown_one() -> None:
    endpoint = Endpoint()
    entered, answer = threading.Event(), threading.Event()
    keys = endpoint.jwks()
    keys.key("ec")
    endpoint.now += 11

    def slow() -> dict[str, Any]:
        entered.set()
        assert answer.wait(10)
        return JWKS

    keys._fetch = slow  # noqa: SLF001
    with ThreadPoolExecutor(1) as pool:
        unknown = pool.submit(keys.key, "made-up")
        assert entered.wait(10)
        assert keys.key("ec") is not None
        answer.set()
        assert unknown.result(10) is None


@pytest.fixture
def shared_secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A project that signs with a shared secret, and has a custom auth domain."""
    secret = "a shared secret of the test, long enough"
    for name, value in {
        "SITE_URL": "http://localhost:3000",
        "SUPABASE_URL": "https://project.supabase.co",
        "SUPABASE_SECRET_KEY": "sb_secret_x",
        "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
        "SUPABASE_JWT_SECRET": secret,
        "SUPABASE_AUTH_ISSUER": "https://auth.example.com/auth/v1",
        "PAYMENTS_ENABLED": "false",
    }.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield secret
    settings.cache_clear()


def long_token(secret: str, chars: int, issuer: str) -> str:
    """Return a token of about so many characters; its claims say in how many teams somebody is."""
    claims = {
        "sub": USER_ID,
        "aud": "authenticated",
        "role": "authenticated",
        "exp": int(time.time()) + 3600,
        "iss": issuer,
        "app_metadata": {"teams": "t" * (chars * 3 // 4 - 300)},
    }
    return jwt.encode(claims, secret, "HS256")


def signed_in_with(token: str) -> User:
    return signed_in_user(Request("GET", {}, {"HTTP_AUTHORIZATION": f"Bearer {token}"}, b""))


def test_a_token_may_have_sixteen_kilobytes_and_a_custom_domain(shared_secret: str) -> None:
    token = long_token(shared_secret, 16 * 1024, "https://auth.example.com/auth/v1")
    assert 15 * 1024 < len(token) <= 16 * 1024
    assert signed_in_with(token).id == USER_ID
    with pytest.raises(UnauthorizedError):
        signed_in_with(long_token(shared_secret, 18 * 1024, "https://auth.example.com/auth/v1"))


def test_with_a_custom_domain_the_projects_own_issuer_is_refused(shared_secret: str) -> None:
    with pytest.raises(UnauthorizedError):
        signed_in_with(long_token(shared_secret, 1024, "https://project.supabase.co/auth/v1"))
