"""Check the access token of a request to `/auth/v1`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jwt

from local.supabase.auth.errors import AuthError
from local.supabase.auth.sessions import session_exists
from local.supabase.auth.users import User, user_by_id
from local.supabase.keys import ALGORITHM
from local.supabase.rest.tokens import bearer_token

if TYPE_CHECKING:
    import psycopg

    from local.supabase.keys import SigningKey


@dataclass(frozen=True)
class Bearer:
    """The user and the session of an access token."""

    user: User
    session_id: uuid.UUID


def read_bearer(connection: psycopg.Connection, authorization: str, key: SigningKey) -> Bearer:
    """Return the user and session of an Authorization header.

    Raises:
        AuthError: The token is missing or invalid, its user or session is gone, or the user is
            banned.
    """
    token = bearer_token(authorization)
    if not token:
        raise AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
    if token.startswith("sb_"):
        # Supabase replaces an API key by a token of its role, which has no `sub`.
        raise _bad_jwt("invalid claim: missing sub claim")
    try:
        claims = jwt.decode(
            token,
            key.public,
            algorithms=[ALGORITHM],
            options={"verify_aud": False},
        )
    except jwt.InvalidTokenError as error:
        raise _bad_jwt(f"invalid JWT: unable to parse or verify signature, {error}") from None
    try:
        user_id = uuid.UUID(claims.get("sub", ""))
        session_id = uuid.UUID(claims.get("session_id", ""))
    except ValueError:
        raise _bad_jwt("invalid claim: sub claim must be a UUID") from None
    user = user_by_id(connection, user_id)
    if user is None:
        raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
    if not session_exists(connection, session_id):
        raise AuthError(
            403, "session_not_found", "Session from session_id claim in JWT does not exist"
        )
    if user.is_banned:
        raise AuthError(403, "user_banned", "User is banned")
    return Bearer(user, session_id)


def _bad_jwt(message: str) -> AuthError:
    return AuthError(403, "bad_jwt", message)
