"""Serve `/auth/v1` as GoTrue does: sign-up, sign-in by password, refresh, user, sign-out."""

from __future__ import annotations

import json
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import jwt
import psycopg
from flask import Blueprint, Response, jsonify, request

from local.supabase.access import require_api_key
from local.supabase.auth import passwords, sessions, users
from local.supabase.auth.admin import add_admin
from local.supabase.auth.bearer import Bearer, read_bearer
from local.supabase.auth.body import Body
from local.supabase.auth.errors import AuthError, respond, unavailable
from local.supabase.keys import ALGORITHM
from local.supabase.pool import DatabaseUnreachableError, PoolBusyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.supabase.keys import SigningKey
    from local.supabase.pool import Pool
    from local.supabase.settings import Settings

_logger = logging.getLogger(__name__)

_INVALID_LOGIN = AuthError(400, "invalid_credentials", "Invalid login credentials")
_JWKS_PATH = "/.well-known/jwks.json"


def create_auth(settings: Settings, pool: Pool, key: SigningKey) -> Blueprint:
    """Return the blueprint of `/auth/v1`."""
    blueprint = Blueprint("auth", __name__, url_prefix="/auth/v1")
    service = _Service(settings, pool, key)

    @blueprint.before_request
    def require_key() -> Response | None:
        return None if request.path.endswith(_JWKS_PATH) else require_api_key(settings)

    blueprint.errorhandler(AuthError)(respond)

    @blueprint.errorhandler(DatabaseUnreachableError)
    @blueprint.errorhandler(PoolBusyError)
    @blueprint.errorhandler(psycopg.Error)
    def database_failed(error: Exception) -> Response:
        # The text of a database error can contain an e-mail address, so only its code is logged.
        _logger.error(
            "%r failed: %s", request.path, getattr(error, "sqlstate", None) or "no database"
        )
        return respond(unavailable())

    blueprint.post("/signup")(service.sign_up)
    blueprint.post("/token")(service.token)
    blueprint.get("/user")(service.user)
    blueprint.post("/logout")(service.log_out)
    add_admin(blueprint, pool, key)

    @blueprint.get(_JWKS_PATH)
    def jwks() -> Response:
        response = jsonify(key.jwks())
        response.headers["Cache-Control"] = "public, max-age=600"
        return response

    @blueprint.get("/settings")
    def show_settings() -> Response:
        return jsonify(
            {
                "external": {"anonymous_users": False, "email": True, "phone": False},
                "disable_signup": False,
                "mailer_autoconfirm": True,
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
                "passkeys_enabled": False,
            }
        )

    @blueprint.get("/health")
    def health() -> Response:
        return jsonify(
            {
                "version": "local",
                "name": "GoTrue",
                "description": "GoTrue is a user registration and authentication API",
            }
        )

    return blueprint


class _Service:
    """The endpoints that need the database and the signing key."""

    def __init__(self, settings: Settings, pool: Pool, key: SigningKey) -> None:
        self._settings = settings
        self._pool = pool
        self._key = key

    def sign_up(self) -> Response:
        """POST /signup: create a user and sign in at once, without a confirmation e-mail."""
        body = Body.of_request()
        email, password = body.text("email"), body.text("password")
        if not email and not body.text("phone"):
            raise AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        if not password:
            raise AuthError(400, "validation_failed", "Signup requires a valid password")
        passwords.check_strength(password)
        if email and body.text("phone"):
            raise AuthError(
                400,
                "validation_failed",
                "Only an email address or phone number should be provided on signup.",
            )
        if not email:
            raise AuthError(400, "phone_provider_disabled", "Phone signups are disabled")
        email = users.valid_email(email)
        encrypted = passwords.encrypt(password)
        with self._transaction() as connection:
            user = users.create_user(connection, email, encrypted, body.object("data"))
            return self._signed_in(connection, user)

    def token(self) -> Response:
        """POST /token: start or continue a session, by password or refresh token."""
        grants = {"password": self._grant_by_password, "refresh_token": self._grant_by_refresh}
        grant = grants.get(request.args.get("grant_type", ""))
        if grant is None:
            raise AuthError(400, "invalid_credentials", "unsupported_grant_type")
        return grant(Body.of_request())

    def user(self) -> Response:
        """GET /user: return the user of the access token."""
        with self._transaction() as connection:
            return jsonify(self._bearer(connection).user.as_json())

    def log_out(self) -> Response:
        """POST /logout: end this session, the other ones, or all, as `scope` says."""
        scope = request.args.get("scope", "") or "global"
        with self._transaction() as connection:
            bearer = self._bearer(connection)
            if scope == "local":
                sessions.end_session(connection, bearer.session_id)
            elif scope == "others":
                sessions.end_other_sessions(connection, bearer.user.id, bearer.session_id)
            elif scope == "global":
                sessions.end_all_sessions(connection, bearer.user.id)
            else:
                raise AuthError(
                    400, "validation_failed", f"Unsupported logout scope {json.dumps(scope)}"
                )
        return Response(status=204)

    def _grant_by_password(self, body: Body) -> Response:
        email = body.text("email")
        if email and body.text("phone"):
            raise AuthError(
                400,
                "validation_failed",
                "Only an email address or phone number should be provided on login.",
            )
        if not email and body.text("phone"):
            raise AuthError(422, "phone_provider_disabled", "Phone logins are disabled")
        if not email:
            raise AuthError(400, "validation_failed", "missing email or phone")
        with self._transaction() as connection:
            user = users.user_by_email(connection, email)
        # Hashing is slow, so it does not hold a connection.
        if user is None or not passwords.matches(body.text("password"), user.encrypted_password):
            raise _INVALID_LOGIN
        with self._transaction() as connection:
            return self._signed_in(connection, user)

    def _grant_by_refresh(self, body: Body) -> Response:
        with self._transaction() as connection:
            grant = sessions.continue_session(connection, body.text("refresh_token"))
            if grant is not None:
                user = users.user_by_id(connection, grant.user_id)
                if user is not None:
                    return self._session(user, grant)
        # Raised after the transaction is committed, because it ended the session.
        raise AuthError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")

    def _signed_in(self, connection: psycopg.Connection, user: users.User) -> Response:
        user = users.note_sign_in(connection, user)
        agent = request.headers.get("User-Agent", "")
        return self._session(user, sessions.start_session(connection, user.id, agent))

    def _session(self, user: users.User, grant: sessions.Grant) -> Response:
        issued_at = int(time.time())
        expires_at = issued_at + self._settings.jwt_expiry_seconds
        claims = {
            "iss": self._settings.issuer,
            "sub": str(user.id),
            "aud": user.aud,
            "exp": expires_at,
            "iat": issued_at,
            "email": user.email,
            "phone": "",
            "app_metadata": user.app_metadata,
            "user_metadata": user.user_metadata,
            "role": user.role,
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": grant.signed_in_at}],
            "session_id": str(grant.session_id),
            "is_anonymous": user.is_anonymous,
        }
        return jsonify(
            {
                "access_token": jwt.encode(
                    claims, self._key.private, ALGORITHM, headers={"kid": self._key.kid}
                ),
                "token_type": "bearer",
                "expires_in": self._settings.jwt_expiry_seconds,
                "expires_at": expires_at,
                "refresh_token": grant.refresh_token,
                "user": user.as_json(),
            }
        )

    def _bearer(self, connection: psycopg.Connection) -> Bearer:
        return read_bearer(connection, request.headers.get("Authorization", ""), self._key)

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection]:
        with self._pool.connection() as connection, connection.transaction():
            yield connection
