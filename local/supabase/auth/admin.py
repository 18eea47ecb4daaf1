"""/auth/v1/admin/users/:id, for the secret key alone: read a user, delete a user."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import jwt
from flask import Response, g, jsonify, request

from local.supabase.access import SERVICE_ROLE
from local.supabase.auth.errors import AuthError
from local.supabase.auth.users import user_by_id
from local.supabase.keys import ALGORITHM
from local.supabase.rest.tokens import bearer_token

if TYPE_CHECKING:
    from flask import Blueprint

    from local.supabase.keys import SigningKey
    from local.supabase.pool import Pool


def add_admin(blueprint: Blueprint, pool: Pool, key: SigningKey) -> None:
    """Add the endpoints to the blueprint of `/auth/v1`."""

    @blueprint.get("/admin/users/<user_id>")
    def read_user(user_id: str) -> Response:
        _require_admin(key)
        with pool.connection() as connection:
            user = user_by_id(connection, _uuid(user_id))
        if user is None:
            raise _not_found()
        return jsonify(user.as_json())

    @blueprint.delete("/admin/users/<user_id>")
    def delete_user(user_id: str) -> Response:
        _require_admin(key)
        identifier = _uuid(user_id)
        _refuse_soft_deletion(request.get_data())
        with pool.connection() as connection, connection.transaction():
            # Sessions and refresh tokens go with it: their foreign keys cascade.
            deleted = connection.execute("delete from auth.users where id = %s", [identifier])
        if not deleted.rowcount:
            raise _not_found()
        return jsonify({})


def _require_admin(key: SigningKey) -> None:
    """Check that the token, or without one the API key, is of the service role.

    Raises:
        AuthError: It is not, or the token is not valid.
    """
    token = bearer_token(request.headers.get("Authorization", ""))
    role = g.api_role
    # Supabase replaces an API key by a token of its role.
    if token and not token.startswith("sb_"):
        try:
            claims = jwt.decode(
                token, key.public, algorithms=[ALGORITHM], options={"verify_aud": False}
            )
        except jwt.InvalidTokenError as error:
            raise AuthError(
                403,
                "bad_jwt",
                f"invalid JWT: unable to parse or verify signature, {error}",
            ) from None
        role = claims.get("role")
    if role != SERVICE_ROLE:
        raise AuthError(403, "not_admin", "User not allowed")


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise AuthError(404, "validation_failed", "user_id must be an UUID") from None


def _refuse_soft_deletion(body: bytes) -> None:
    """Read the parameters of a deletion.

    Raises:
        AuthError: They are not a JSON object, or ask for what is missing here.
    """
    if not body:
        return
    try:
        params = json.loads(body)
    except (ValueError, RecursionError):
        params = None
    if not isinstance(params, dict) or not isinstance(
        params.get("should_soft_delete", False), bool
    ):
        raise AuthError(400, "bad_json", "Could not read params: not an object of known members")
    if params.get("should_soft_delete"):
        raise AuthError(501, "not_implemented", "The local stack has no soft deletion of users")


def _not_found() -> AuthError:
    return AuthError(404, "user_not_found", "User not found")
