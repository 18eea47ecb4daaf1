"""GET and PUT /user, POST /logout: the signed-in user's own account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from local.supabase.auth import (
    flow_state,
    one_time_tokens,
    passwords,
    sent_codes,
    sessions,
    user_changes,
    users,
)
from local.supabase.auth.addresses import valid_email
from local.supabase.auth.body import Body
from local.supabase.auth.errors import AuthError
from local.supabase.auth.flow_state import Challenge

if TYPE_CHECKING:
    import psycopg

    from local.supabase.auth.bearer import Bearer
    from local.supabase.auth.service import Service
    from local.supabase.auth.users import User

REAUTHENTICATE_AFTER_SECONDS = 24 * 3600
_RECOVERY_METHODS = {"otp", "magiclink", "recovery"}
_INVALID_NONCE = AuthError(422, "reauthentication_not_valid", "Nonce has expired or is invalid")


class Account:
    """Shows and changes a user, and ends sessions."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, blueprint: Blueprint) -> None:
        """Add the endpoints."""
        blueprint.get("/user")(self.user)
        blueprint.put("/user")(self.update)
        blueprint.post("/logout")(self.log_out)

    def user(self) -> Response:
        """Return the user of the access token."""
        with self._service.transaction() as connection:
            return jsonify(self._service.bearer(connection).user.as_json())

    def log_out(self) -> Response:
        """End this session, the other ones, or all, as `scope` says."""
        scope = request.args.get("scope", "") or "global"
        with self._service.transaction() as connection:
            bearer = self._service.bearer(connection)
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

    def update(self) -> Response:
        """Change metadata, password and address; an address only after its confirmation."""
        with self._service.transaction() as connection:
            bearer = self._service.bearer(connection)
        body = Body.of_request()
        email, password = body.text("email"), body.optional_text("password")
        if email:
            email = valid_email(email)
        if password is not None:
            passwords.check_strength(password, self._service.config)
        self._check_rules(bearer.user, body, email, password)
        if password is not None:
            self._check_password(bearer, body, password)
        # Hashing is slow, so it does not hold a connection.
        encrypted = passwords.encrypt(password) if password else None
        with self._service.transaction() as connection:
            user = users.locked(connection, bearer.user.id)
            if password is not None:
                user = user_changes.set_password(
                    connection, user, encrypted, session_id=bearer.session_id
                )
            data = body.optional_object("data")
            if data is not None:
                metadata = users.merged(user.raw_user_meta_data, data)
                user = users.update_user(connection, user.id, raw_user_meta_data=metadata)
            if email and email != user.email:
                user = self._change_email(connection, user, email, body)
            return jsonify(user.as_json())

    def _check_rules(self, user: User, body: Body, email: str, password: str | None) -> None:
        if body.optional_object("app_metadata") is not None:
            raise AuthError(403, "not_admin", "Updating app_metadata requires admin privileges")
        if user.is_anonymous and password and not email and not body.text("phone"):
            raise AuthError(
                422,
                "validation_failed",
                "Updating password of an anonymous user without an email or phone is not allowed",
            )
        if body.text("phone"):
            raise AuthError(500, "unexpected_failure", "Unable to get SMS provider")
        if email and email != user.email:
            with self._service.transaction() as connection:
                if users.user_by_email(connection, email) is not None:
                    raise users.EMAIL_TAKEN

    def _check_password(self, bearer: Bearer, body: Body, password: str) -> None:
        config, user = self._service.config, bearer.user
        if config.reauthentication:
            self._check_nonce(bearer, body.text("nonce"))
        if not password or not user.encrypted_password:
            return
        if config.current_password and not self._is_recovering(bearer):
            current = body.text("current_password")
            refusal = "Current password required when setting new password."
            if not current:
                raise AuthError(400, "current_password_required", refusal)
            if not passwords.matches(current, user.encrypted_password):
                raise AuthError(400, "current_password_invalid", refusal)
        if passwords.matches(password, user.encrypted_password):
            raise AuthError(
                422, "same_password", "New password should be different from the old password."
            )

    def _check_nonce(self, bearer: Bearer, nonce: str) -> None:
        with self._service.transaction() as connection:
            age_seconds = sessions.age_seconds(connection, bearer.session_id)
            if age_seconds <= REAUTHENTICATE_AFTER_SECONDS:
                return
            if not nonce:
                raise AuthError(
                    400, "reauthentication_needed", "Password update requires reauthentication"
                )
            user = users.locked(connection, bearer.user.id)
            valid = one_time_tokens.is_valid(
                one_time_tokens.hash_of(user.email, nonce),
                user.reauthentication_token,
                user.reauthentication_sent_at,
                self._service.config.otp_expiry_seconds,
            )
            if not valid:
                raise _INVALID_NONCE
            users.update_user(connection, user.id, reauthentication_token="")
            one_time_tokens.clear(connection, user.id)

    def _is_recovering(self, bearer: Bearer) -> bool:
        with self._service.transaction() as connection:
            methods = sessions.methods_of(connection, bearer.session_id)
        return any(method["method"] in _RECOVERY_METHODS for method in methods)

    def _change_email(
        self, connection: psycopg.Connection, user: User, email: str, body: Body
    ) -> User:
        if user.is_anonymous and self._service.config.autoconfirm:
            user = users.update_user(connection, user.id, email_change=email)
            return user_changes.change_email(connection, user)
        challenge = Challenge(
            body.text("code_challenge"), body.text("code_challenge_method").lower()
        )
        flow_state.remember(connection, challenge, user.id, "email_change", "email_change")
        return sent_codes.send_email_change(self._service, connection, user, email, challenge)
