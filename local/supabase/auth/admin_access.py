"""Who may use `/auth/v1/admin`: the service role alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jwt
from flask import g, request

from local.supabase.access import SERVICE_ROLE
from local.supabase.auth.errors import AuthError
from local.supabase.keys import ALGORITHM
from local.supabase.rest.tokens import bearer_token

if TYPE_CHECKING:
    from local.supabase.auth.service import Service


def require_admin(service: Service) -> None:
    """Check that the token, or without one the API key, is of the service role.

    Raises:
        AuthError: It is not, or the token is not valid, or its session is gone.
    """
    token = bearer_token(request.headers.get("Authorization", ""))
    role = g.api_role
    # Supabase replaces an API key by a token of its role.
    if token and not token.startswith("sb_"):
        claims = _claims(token, service)
        if claims.get("session_id"):
            with service.transaction() as connection:
                service.bearer(connection)
        role = claims.get("role")
    if role != SERVICE_ROLE:
        raise AuthError(403, "not_admin", "User not allowed")


def is_admin(service: Service) -> bool:
    """Return whether require_admin() accepts the request."""
    try:
        require_admin(service)
    except AuthError:
        return False
    return True


def _claims(token: str, service: Service) -> dict[str, object]:
    try:
        claims: dict[str, object] = jwt.decode(
            token, service.key.public, algorithms=[ALGORITHM], options={"verify_aud": False}
        )
    except jwt.InvalidTokenError as error:
        raise AuthError(
            403, "bad_jwt", f"invalid JWT: unable to parse or verify signature, {error}"
        ) from None
    return claims
