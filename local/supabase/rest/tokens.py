"""Verify access tokens of `/rest/v1` as PostgREST does."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from jwt.api_jws import PyJWS

from local.supabase.keys import ALGORITHM
from local.supabase.rest.errors import RestError

if TYPE_CHECKING:
    from local.supabase.keys import SigningKey

ANONYMOUS_ROLE = "anon"
CLOCK_SKEW_SECONDS = 30
_PARTS = 3
_BEARER = re.compile(r"bearer\s+(.*)", re.IGNORECASE)
_JWS = PyJWS(algorithms=[ALGORITHM])


@dataclass(frozen=True)
class Caller:
    """The database role of a request, and the claims that functions can read."""

    role: str
    claims: dict[str, Any]

    @property
    def anonymous(self) -> bool:
        """Whether the caller is not signed in."""
        return self.role == ANONYMOUS_ROLE

    @classmethod
    def of_role(cls, role: str) -> Caller:
        """Return the caller of a request with an API key and no token."""
        return cls(role, {"role": role})


def bearer_token(authorization: str) -> str:
    """Return the token of an Authorization header; "" if the scheme is not Bearer."""
    found = _BEARER.fullmatch(authorization.strip())
    return found.group(1) if found else ""


def caller_of_token(token: str, key: SigningKey) -> Caller:
    """Return the caller whom an access token identifies.

    Raises:
        RestError: PGRST301: the token is forged, malformed, expired or not valid yet.
    """
    claims = _verified(token, key)
    now = time.time()
    expires_at, issued_at, not_before = (_date(claims, name) for name in ("exp", "iat", "nbf"))
    if expires_at is not None and now - CLOCK_SKEW_SECONDS >= expires_at:
        raise _refused("JWT expired")
    if issued_at is not None and issued_at > now + CLOCK_SKEW_SECONDS:
        raise _refused("JWTIssuedAtFuture")
    if not_before is not None and not_before > now + CLOCK_SKEW_SECONDS:
        raise _refused("JWTNotYetValid")
    role = claims.get("role", ANONYMOUS_ROLE)
    if not isinstance(role, str):
        role = json.dumps(role)
    return Caller(role, {**claims, "role": role})


def _verified(token: str, key: SigningKey) -> dict[str, Any]:
    parts = token.count(".") + 1
    if parts != _PARTS:
        raise _refused(
            "JWSError (CompactDecodeError Invalid number of parts: "
            f"Expected {_PARTS} parts; got {parts})"
        )
    try:
        if jwt.get_unverified_header(token).get("alg") == "none":
            raise _refused("JWSError JWSNoSignatures")
        payload = _JWS.decode(token, key.public, algorithms=[ALGORITHM])
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
        raise _refused("JWSError JWSInvalidSignature") from None
    except jwt.InvalidTokenError:
        raise _refused('JWSError (JSONDecodeError "Not valid base64url")') from None
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise _refused(
            'JWTClaimsSetDecodeError "Error in $: parsing JWT Claims Set failed, '
            f'expected Object, but encountered {_kind(claims)}"'
        )
    return claims


def _date(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(
            f'JWTClaimsSetDecodeError "Error in $.{name}: parsing NumericDate failed, '
            f'expected Number, but encountered {_kind(value)}"'
        )
    return value


def _kind(value: object) -> str:
    kinds = ((bool, "Boolean"), (int | float, "Number"), (str, "String"), (list, "Array"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "Null")


def _refused(message: str) -> RestError:
    description = json.dumps(message)
    return RestError(
        401,
        "PGRST301",
        message,
        headers={
            "WWW-Authenticate": f'Bearer error="invalid_token", error_description={description}'
        },
    )
