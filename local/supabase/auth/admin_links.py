"""POST /admin/generate_link and /invite, for the service role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify
from psycopg import errors

from local.supabase.auth import mails, one_time_tokens, passwords, redirects, sent_codes, users
from local.supabase.auth.addresses import valid_email
from local.supabase.auth.admin_access import require_admin
from local.supabase.auth.body import Body
from local.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    import psycopg

    from local.supabase.auth.one_time_tokens import Kind
    from local.supabase.auth.service import Service
    from local.supabase.auth.users import User

_NEEDS_USER = {"recovery", "email_change_current", "email_change_new"}
_CREATES = {"signup", "invite"}


@dataclass(frozen=True)
class _Asked:
    """What a link is for: its type, its user if there is one, and the code in it."""

    purpose: str
    email: str
    user: User | None
    code: str
    token_hash: str


class AdminLinks:
    """Makes links that the caller mails, and invites users by mail."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, blueprint: Blueprint) -> None:
        """Add the endpoints."""
        blueprint.post("/admin/generate_link")(self.generate)
        blueprint.post("/invite")(self.invite)

    def invite(self) -> Response:
        """Mail a link to a new user, or again to one who has not used it."""
        require_admin(self._service)
        body = Body.of_request()
        email = valid_email(body.text("email"))
        with self._service.transaction() as connection:
            user = users.user_by_email(connection, email)
            if user is None:
                user = users.create_user(connection, email, "", body.object("data"))
            elif user.is_confirmed:
                raise users.EMAIL_TAKEN
            user = sent_codes.send_invitation(self._service, connection, user)
            return jsonify(user.as_json())

    def generate(self) -> Response:
        """Return a link and its code; nothing is mailed."""
        require_admin(self._service)
        body, config = Body.of_request(), self._service.config
        asked = self._asked(body)
        wanted = body.text("redirect_to")
        target = wanted if redirects.is_allowed(config, wanted) else redirects.referrer(config)
        password = body.text("password")
        if asked.user is None and asked.purpose == "signup":
            if body.text("type") == "magiclink":
                password = passwords.random_password()
            elif not password:
                raise AuthError(400, "validation_failed", "Signup requires a valid password")
            passwords.check_strength(password, config)
        encrypted = passwords.encrypt(password) if password else ""
        try:
            with self._service.transaction() as connection:
                user, link_hash = self._store(connection, asked, body, encrypted)
        except errors.UniqueViolation:
            raise AuthError(500, "unexpected_failure", "Database error saving new user") from None
        link_type = "email_change" if "email_change" in asked.purpose else asked.purpose
        link = mails.action_link(self._service.settings.issuer, link_hash, link_type, target)
        return jsonify(
            {
                **user.as_json(),
                "action_link": link,
                "email_otp": asked.code,
                "hashed_token": asked.token_hash,
                "verification_type": asked.purpose,
                "redirect_to": target,
            }
        )

    def _asked(self, body: Body) -> _Asked:
        purpose, email = body.text("type"), valid_email(body.text("email"))
        with self._service.transaction() as connection:
            user = users.user_by_email(connection, email)
        if user is None and purpose in _NEEDS_USER:
            raise AuthError(404, "user_not_found", "User with this email not found")
        if user is None and purpose == "magiclink":
            purpose = "signup"
        if purpose not in {*_NEEDS_USER, *_CREATES, "magiclink"}:
            raise AuthError(
                400,
                "validation_failed",
                f"Invalid email action link type requested: {purpose}",
            )
        code = one_time_tokens.new_code(self._service.config.otp_length)
        return _Asked(purpose, email, user, code, one_time_tokens.hash_of(email, code))

    def _store(
        self, connection: psycopg.Connection, asked: _Asked, body: Body, encrypted: str
    ) -> tuple[User, str]:
        """Store the token; return the user, and the hash for the link."""
        user, now = asked.user, datetime.now(UTC)
        if user is None:
            user = users.create_user(connection, asked.email, encrypted, body.object("data"))
        elif asked.purpose in _CREATES and user.is_confirmed:
            raise users.EMAIL_TAKEN
        elif asked.purpose == "signup":
            metadata = users.merged(user.raw_user_meta_data, body.object("data"))
            user = users.update_user(connection, user.id, raw_user_meta_data=metadata)
        if asked.purpose in _CREATES:
            kind: Kind = "confirmation_token"
            changes: dict[str, object] = {kind: asked.token_hash, "confirmation_sent_at": now}
            if asked.purpose == "invite":
                changes["invited_at"] = now
        elif asked.purpose in {"magiclink", "recovery"}:
            kind = "recovery_token"
            changes = {kind: asked.token_hash, "recovery_sent_at": now}
        else:
            return self._store_email_change(connection, asked, user, body.text("new_email"))
        one_time_tokens.store(connection, user.id, kind, user.email, asked.token_hash)
        return users.update_user(connection, user.id, **changes), asked.token_hash

    def _store_email_change(
        self, connection: psycopg.Connection, asked: _Asked, user: User, new_email: str
    ) -> tuple[User, str]:
        current = asked.purpose == "email_change_current"
        if current and not self._service.config.secure_email_change:
            raise AuthError(
                400,
                "validation_failed",
                "Enable secure email change to generate link for current email",
            )
        new_email = valid_email(new_email)
        other = users.user_by_email(connection, new_email)
        if other is not None and other.id != user.id:
            raise users.EMAIL_TAKEN
        kind: Kind = "email_change_token_current" if current else "email_change_token_new"
        relates_to = user.email if current else new_email
        token_hash = one_time_tokens.hash_of(relates_to, asked.code)
        one_time_tokens.store(connection, user.id, kind, relates_to, token_hash)
        user = users.update_user(
            connection,
            user.id,
            email_change=new_email,
            email_change_sent_at=datetime.now(UTC),
            email_change_confirm_status=0,
            **{kind: token_hash},
        )
        return user, token_hash
