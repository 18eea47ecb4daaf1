"""POST /signup: with an address and a password, or anonymously."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify
from psycopg import errors

from local.supabase.auth import flow_state, passwords, sent_codes, user_changes, users
from local.supabase.auth.addresses import valid_email
from local.supabase.auth.body import Body
from local.supabase.auth.errors import AuthError
from local.supabase.auth.flow_state import Challenge

if TYPE_CHECKING:
    from local.supabase.auth.service import Service
    from local.supabase.auth.users import User


class SignUp:
    """Creates users."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, blueprint: Blueprint) -> None:
        """Add the endpoint."""
        blueprint.post("/signup")(self.sign_up)

    def sign_up(self) -> Response:
        """Create a user, or answer as if: a confirmed address is not revealed."""
        body = Body.of_request()
        email, password = body.text("email"), body.text("password")
        if not email and not body.text("phone"):
            return self._anonymously(body)
        if self._service.config.disable_signup:
            raise _DISABLED
        challenge = self._checked(body)
        email = valid_email(email)
        data = body.object("data")
        return jsonify(self.with_password(email, password, data, challenge))

    def with_password(
        self, email: str, password: str, data: dict[str, Any], challenge: Challenge
    ) -> dict[str, Any]:
        """Create a user; return a session, or the user who has yet to confirm the address.

        Raises:
            AuthError: Sign-ups are disabled, the address is taken, or the mail could not be sent.
        """
        config = self._service.config
        if config.disable_signup:
            raise _DISABLED
        # Hashing is slow, so it does not hold a connection.
        encrypted = passwords.encrypt(password)
        try:
            with self._service.transaction() as connection:
                user = users.user_by_email(connection, email)
                if user is None:
                    user = users.create_user(connection, email, encrypted, data)
                elif user.is_confirmed:
                    return self._repeated(user, data)
                if config.autoconfirm:
                    user = user_changes.confirm(connection, user)
                    return self._service.sign_in(connection, user, "password")
                flow_state.remember(connection, challenge, user.id, "email", "email/signup")
                user = sent_codes.send_confirmation(self._service, connection, user, challenge)
        except errors.UniqueViolation:
            # Somebody else was faster.
            raise _TAKEN from None
        shown = user.as_json()
        if user.invited_at is not None:
            shown |= {"user_metadata": {}, "identities": []}
        return shown

    def _repeated(self, user: User, data: dict[str, Any]) -> dict[str, Any]:
        if self._service.config.autoconfirm:
            raise _TAKEN
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return {
            "id": str(uuid.uuid4()),
            "aud": user.aud,
            "role": "",
            "email": user.email,
            "phone": "",
            "confirmation_sent_at": now,
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": data,
            "identities": [],
            "created_at": now,
            "updated_at": now,
            "is_anonymous": False,
        }

    def _anonymously(self, body: Body) -> Response:
        config = self._service.config
        if not config.anonymous_users:
            raise AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        if config.disable_signup:
            raise _DISABLED
        with self._service.transaction() as connection:
            user = users.create_user(connection, "", "", body.object("data"))
            return jsonify(self._service.sign_in(connection, user, "anonymous"))

    def _checked(self, body: Body) -> Challenge:
        """Check what was sent, in GoTrue's order."""
        if not body.text("password"):
            raise AuthError(400, "validation_failed", "Signup requires a valid password")
        passwords.check_strength(body.text("password"), self._service.config)
        if body.text("email") and body.text("phone"):
            raise AuthError(
                400,
                "validation_failed",
                "Only an email address or phone number should be provided on signup.",
            )
        if body.text("phone") and body.text("code_challenge"):
            raise AuthError(400, "validation_failed", "PKCE not supported for phone signups")
        challenge = Challenge.of(body)
        if not body.text("email"):
            raise AuthError(400, "phone_provider_disabled", "Phone signups are disabled")
        return challenge


_DISABLED = AuthError(422, "signup_disabled", "Signups not allowed for this instance")
_TAKEN = AuthError(422, "user_already_exists", "User already registered")
