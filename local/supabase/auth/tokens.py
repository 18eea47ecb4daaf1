"""POST /token: a session by password, refresh token, or the code of the PKCE flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from local.supabase.auth import flow_state, passwords, sessions, users
from local.supabase.auth.body import Body
from local.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    from local.supabase.auth.service import Service

_INVALID_LOGIN = AuthError(400, "invalid_credentials", "Invalid login credentials")


class Tokens:
    """Starts and continues sessions."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, blueprint: Blueprint) -> None:
        """Add the endpoint."""
        blueprint.post("/token")(self.token)

    def token(self) -> Response:
        """Start or continue a session, as `grant_type` says."""
        grants = {
            "password": self._by_password,
            "refresh_token": self._by_refresh,
            "pkce": self._by_code,
        }
        grant = grants.get(request.args.get("grant_type", ""))
        if grant is None:
            raise AuthError(400, "invalid_credentials", "unsupported_grant_type")
        return grant(Body.of_request())

    def _by_password(self, body: Body) -> Response:
        email, password = body.text("email"), body.text("password")
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
        with self._service.transaction() as connection:
            user = users.user_by_email(connection, email)
        if user is None or not user.encrypted_password:
            raise _INVALID_LOGIN
        if user.is_banned:
            raise AuthError(400, "user_banned", "User is banned")
        # Hashing is slow, so it does not hold a connection.
        if not passwords.matches(password, user.encrypted_password):
            raise _INVALID_LOGIN
        if not user.is_confirmed:
            raise AuthError(400, "email_not_confirmed", "Email not confirmed")
        with self._service.transaction() as connection:
            session = self._service.sign_in(connection, user, "password")
        weak = self._weakness(password)
        return jsonify(session | ({"weak_password": weak} if weak else {}))

    def _weakness(self, password: str) -> dict[str, object] | None:
        """Return why a password that is good for signing in would be refused as a new one."""
        try:
            passwords.check_strength(password, self._service.config)
        except AuthError as error:
            return {"message": error.message, "reasons": list(error.reasons)}
        return None

    def _by_refresh(self, body: Body) -> Response:
        with self._service.transaction() as connection:
            grant = sessions.continue_session(connection, body.text("refresh_token"))
            if grant is not None:
                user = users.user_by_id(connection, grant.user_id)
                if user is not None and user.is_banned:
                    raise AuthError(400, "user_banned", "Invalid Refresh Token: User Banned")
                if user is not None:
                    return jsonify(self._service.session(connection, user, grant))
        # Raised after the transaction is committed, because it ended the session.
        raise AuthError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")

    def _by_code(self, body: Body) -> Response:
        with self._service.transaction() as connection:
            flow = flow_state.check_code(connection, body)
            # Locks in the order of /verify: the user, then the flow.
            user = users.locked(connection, flow.user_id)
            flow_state.use_up(connection, flow)
            return jsonify(self._service.sign_in(connection, user, flow.method))
