"""Who calls: a Supabase access token, verified here.

Supabase signs with ES256 or RS256 and publishes the public keys as a JWKS; older projects sign with
HS256 and a shared secret (https://supabase.com/docs/guides/auth/jwts). The algorithm is taken from
the key, never from the token alone, so that a public key can never serve as an HMAC secret.
"""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import jwt

from api._lib.errors import UnauthorizedError, UnavailableError
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api._lib.web.http import Request

MAX_TOKEN_CHARS = 8 * 1024
CLOCK_SKEW_SECONDS = 10
JWKS_LIFETIME_SECONDS = 600
JWKS_PAUSE_SECONDS = 10
JWKS_TIMEOUT_SECONDS = 5

_ALGORITHM_OF_KEY_TYPE = {"EC": "ES256", "RSA": "RS256"}
_REQUIRED_CLAIMS = ["exp", "iss", "aud", "sub"]


@dataclass(frozen=True)
class User:
    """The signed-in user: their id in Supabase Auth and, where they have one, their e-mail."""

    id: str
    email: str | None


class Jwks:
    """The project's public signing keys by key id, fetched when needed.

    A key id we have not seen makes us look again, since keys rotate, but at most once in
    JWKS_PAUSE_SECONDS: anybody can send tokens with made-up key ids.

    Args:
        fetch: Returns the JWKS document.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, fetch: Callable[[], dict[str, Any]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._fetching = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """Return the key, or None if the project has no such key.

        Raises:
            UnavailableError: The keys are not known yet and cannot be fetched.
        """
        if self._fetched_at is None:
            # At the start everybody waits for the one fetch rather than being refused.
            with self._fetching:
                self._refresh_if_due(key_id)
        else:
            # Not under a lock: who brings a known key does not wait for another's unknown one.
            self._refresh_if_due(key_id)
        with self._lock:
            if self._fetched_at is None:
                raise UnavailableError(
                    "Sign-in cannot be checked right now. Please try again shortly.",
                    code="auth_unavailable",
                )
            return self._keys.get(key_id)

    def _refresh_if_due(self, key_id: str) -> None:
        with self._lock:
            now = self._clock()
            stale = self._fetched_at is None or now - self._fetched_at > JWKS_LIFETIME_SECONDS
            rested = self._tried_at is None or now - self._tried_at > JWKS_PAUSE_SECONDS
            if not rested or not (stale or key_id not in self._keys):
                return
            self._tried_at = now
        self._refresh()

    def _refresh(self) -> None:
        """Replace the keys; keep the old ones if the new ones cannot be had."""
        try:
            entries = self._fetch()["keys"]
            keys = dict(_usable_keys(list(entries)))
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return
        with self._lock:
            self._keys = keys
            self._fetched_at = self._clock()


def _usable_keys(entries: list[Any]) -> Iterator[tuple[str, jwt.PyJWK]]:
    """Yield the keys we can verify with; a kind we do not know must not cost the others."""
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
            continue
        algorithm = _ALGORITHM_OF_KEY_TYPE.get(str(entry.get("kty")))
        if algorithm is None:
            continue
        with suppress(jwt.PyJWTError, ValueError, TypeError):
            yield entry["kid"], jwt.PyJWK(entry, algorithm=algorithm)


@cache
def _project_jwks() -> Jwks:
    url = f"{settings().supabase_url}/auth/v1/.well-known/jwks.json"

    def fetch() -> dict[str, Any]:
        response = httpx.get(url, timeout=JWKS_TIMEOUT_SECONDS)
        response.raise_for_status()
        document: dict[str, Any] = response.json()
        return document

    return Jwks(fetch)


def signed_in_user(request: Request) -> User:
    """Return the user whose access token the request carries.

    Raises:
        UnauthorizedError: There is none, or it does not hold: 401, whatever is wrong with it.
        UnavailableError: The project's public keys cannot be had.
    """
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise UnauthorizedError
    if len(token) > MAX_TOKEN_CHARS:
        raise UnauthorizedError("This sign-in is not valid. Please sign in again.")
    config = settings()
    return verify_token(
        token,
        issuer=f"{config.supabase_url}/auth/v1",
        find_key=lambda key_id: _project_jwks().key(key_id),
        legacy_secret=config.supabase_jwt_secret,
    )


def verify_token(
    token: str,
    *,
    issuer: str,
    find_key: Callable[[str], jwt.PyJWK | None],
    legacy_secret: str | None = None,
) -> User:
    """Verify an access token: signature, expiry, issuer, audience, subject and role.

    Args:
        token: The JWT.
        issuer: The project's `iss`.
        find_key: The project's public key for a key id.
        legacy_secret: The shared HS256 secret, for projects that still sign with one.

    Raises:
        UnauthorizedError: Whatever is wrong with the token.
    """
    try:
        header = jwt.get_unverified_header(token)
        key, algorithm = _key_for(header, find_key, legacy_secret)
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience="authenticated",
            issuer=issuer,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": _REQUIRED_CLAIMS},
        )
        user_id = str(uuid.UUID(claims["sub"]))
    except jwt.ExpiredSignatureError:
        raise UnauthorizedError("Your sign-in has expired. Please sign in again.") from None
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError):
        raise UnauthorizedError("This sign-in is not valid. Please sign in again.") from None
    if claims.get("role") != "authenticated":
        raise UnauthorizedError("This sign-in is not valid. Please sign in again.")
    email = claims.get("email")
    return User(id=user_id, email=email if isinstance(email, str) and email else None)


def _key_for(
    header: dict[str, Any],
    find_key: Callable[[str], jwt.PyJWK | None],
    legacy_secret: str | None,
) -> tuple[Any, str]:
    if legacy_secret and header.get("alg") == "HS256":
        return legacy_secret, "HS256"
    key_id = header.get("kid")
    key = find_key(key_id) if isinstance(key_id, str) else None
    if key is None:
        raise jwt.InvalidKeyError
    return key, key.algorithm_name
