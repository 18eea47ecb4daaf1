"""Authentication: verifies the Supabase access token of a request.

Supabase signs with ES256 or RS256 and publishes its public keys as a JWKS. Older projects sign with
HS256 and a shared secret (https://supabase.com/docs/guides/auth/jwts). The key decides the
algorithm, never the token alone: a public key can then never be used as an HMAC secret.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from api._lib.errors import UnauthorizedError
from api._lib.request_log import note
from api._lib.settings import settings
from api._lib.web.jwks import project_jwks

if TYPE_CHECKING:
    from collections.abc import Callable

    from api._lib.web.http import Request

# Claims of the project's own, such as roles in many teams, can make a token this long. Vercel and
# server/gunicorn.conf.py accept headers that are a little longer.
MAX_TOKEN_CHARS = 16 * 1024
CLOCK_SKEW_SECONDS = 10

_REQUIRED_CLAIMS = ["exp", "iss", "aud", "sub"]
_NOT_VALID = "This sign-in is not valid. Please sign in again."


@dataclass(frozen=True)
class User:
    """The signed-in user.

    Attributes:
        id: The id in Supabase Auth.
        email: The e-mail address; None without one.
        phone: The phone number; None without one.
        is_anonymous: Whether the user is a guest: signed in without any address.
    """

    id: str
    email: str | None
    phone: str | None = None
    is_anonymous: bool = False

    @property
    def address(self) -> str | None:
        """The e-mail address, else the phone number."""
        return self.email or self.phone


def signed_in_user(request: Request) -> User:
    """Return the user whose access token the request carries.

    Raises:
        UnauthorizedError: There is no token, or it is not valid. All reasons are answered 401.
        UnavailableError: The project's public keys are not cached and cannot be fetched.
    """
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise UnauthorizedError
    if len(token) > MAX_TOKEN_CHARS:
        raise UnauthorizedError(_NOT_VALID)
    config = settings()
    user = verify_token(
        token,
        issuer=config.auth_issuer,
        find_key=lambda key_id: project_jwks().key(key_id),
        legacy_secret=config.supabase_jwt_secret,
    )
    note(user_id=user.id)
    return user


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
        find_key: Returns the project's public key for a key id, None if there is no such key.
        legacy_secret: The shared HS256 secret of a project that still signs with one.

    Raises:
        UnauthorizedError: The token is not valid, for any reason.
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
        raise UnauthorizedError(_NOT_VALID) from None
    if claims.get("role") != "authenticated":
        raise UnauthorizedError(_NOT_VALID)
    return User(
        id=user_id,
        email=_text(claims.get("email")),
        phone=_text(claims.get("phone")),
        is_anonymous=claims.get("is_anonymous") is True,
    )


def _text(claim: Any) -> str | None:
    return claim if isinstance(claim, str) and claim else None


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
