"""GET and POST /verify: use up a link or a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, make_response, redirect, request

from local.supabase.auth import flow_state, one_time_tokens, redirects, user_changes, users
from local.supabase.auth.addresses import valid_email
from local.supabase.auth.body import Body
from local.supabase.auth.errors import AuthError, invalid

if TYPE_CHECKING:
    from datetime import datetime

    import psycopg

    from local.supabase.auth.config import AuthConfig
    from local.supabase.auth.one_time_tokens import Kind
    from local.supabase.auth.service import Service
    from local.supabase.auth.users import User

SEE_OTHER = 303
ONE_OF_TWO = "Confirmation link accepted. Please proceed to confirm link sent to the other email"
_LINK_KINDS: dict[str, tuple[Kind, ...]] = {
    "email": ("confirmation_token", "recovery_token"),
    "signup": ("confirmation_token",),
    "invite": ("confirmation_token",),
    "recovery": ("recovery_token",),
    "magiclink": ("recovery_token",),
    "email_change": ("email_change_token_current", "email_change_token_new"),
}
_SENT_AT: dict[Kind, str] = {
    "confirmation_token": "confirmation_sent_at",
    "recovery_token": "recovery_sent_at",
    "email_change_token_current": "email_change_sent_at",
    "email_change_token_new": "email_change_sent_at",
}
# The type of the links that the PKCE flow knows -> the authentication method of the session.
_METHODS = {
    "signup": "email/signup",
    "invite": "invite",
    "recovery": "recovery",
    "magiclink": "magiclink",
    "email_change": "email_change",
}


@dataclass(frozen=True)
class _Claim:
    """A token that was found valid: whose it is, and what it is for."""

    user: User
    purpose: str
    token_hash: str


class Verify:
    """Turns links and codes into sessions."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def register(self, blueprint: Blueprint) -> None:
        """Add the endpoints."""
        blueprint.post("/verify")(self.by_code)
        blueprint.get("/verify")(self.by_link)

    def by_code(self) -> Response:
        """POST: answer with a session."""
        body = Body.of_request()
        purpose, token, token_hash = body.text("type"), body.text("token"), body.text("token_hash")
        email, phone = body.text("email"), body.text("phone")
        if not purpose:
            raise invalid("Verify requires a verification type")
        if bool(token) == bool(token_hash):
            raise invalid("Verify requires either a token or a token hash")
        if token and bool(email) == bool(phone):
            raise invalid("Only an email address or phone number should be provided on verify")
        if token_hash and (email or phone or body.text("redirect_to")):
            raise invalid("Only the token_hash and type should be provided")
        with self._service.transaction() as connection:
            if token_hash:
                claim = self._by_hash(connection, purpose, token_hash)
            else:
                claim = self._by_email(connection, purpose, email, token)
            user = self._use(connection, claim)
            if user is None:
                return jsonify({"msg": ONE_OF_TWO, "code": "200"})
            return jsonify(self._service.sign_in(connection, user, "otp"))

    def by_link(self) -> Response:
        """GET: lead to the site, with a session, a code, or an error."""
        purpose, token = request.args.get("type", ""), request.args.get("token", "")
        target = redirects.referrer(self._service.config)
        if not purpose:
            raise invalid("Verify requires a verification type")
        if not token:
            raise invalid("Verify requires a token or a token hash")
        pkce = token.startswith(flow_state.PREFIX)
        if pkce and purpose not in _METHODS:
            raise AuthError(
                500,
                "unexpected_failure",
                "Unexpected failure, please check server logs for more information",
            )
        try:
            url = self._follow(purpose, token, target, pkce=pkce)
        except AuthError as error:
            url = redirects.with_error(target, error, pkce=pkce)
        return make_response(redirect(url, SEE_OTHER))

    def _follow(self, purpose: str, token: str, target: str, *, pkce: bool) -> str:
        with self._service.transaction() as connection:
            claim = self._by_hash(connection, purpose, token)
            user = self._use(connection, claim)
            if user is None:
                return redirects.with_message(target, ONE_OF_TWO, pkce=pkce)
            if pkce:
                code = flow_state.issue_code(connection, user.id, _METHODS[purpose])
                return redirects.with_code(target, code)
            session = self._service.sign_in(connection, user, "otp")
        members = {
            name: str(session[name])
            for name in (
                *("access_token", "token_type", "expires_in", "expires_at", "refresh_token"),
            )
        }
        return redirects.with_fragment(target, {**members, "type": claim.purpose})

    def _by_hash(self, connection: psycopg.Connection, purpose: str, token_hash: str) -> _Claim:
        kinds = _LINK_KINDS.get(purpose)
        if kinds is None:
            raise invalid("Invalid email verification type")
        expired = AuthError(403, "otp_expired", "Email link is invalid or has expired")
        found = one_time_tokens.find(connection, token_hash, *kinds)
        if found is None:
            raise expired
        user_id, kind = found
        user = users.locked(connection, user_id)
        # Another request may have used the token up before this one got the lock.
        if one_time_tokens.find(connection, token_hash, kind) is None:
            raise expired
        _refuse_banned(user)
        if one_time_tokens.is_expired(_sent_at(user, kind), self._config.otp_expiry_seconds):
            raise expired
        if purpose == "email":
            purpose = "signup" if kind == "confirmation_token" else "magiclink"
        return _Claim(user, purpose, token_hash)

    def _by_email(
        self, connection: psycopg.Connection, purpose: str, email: str, code: str
    ) -> _Claim:
        expired = AuthError(403, "otp_expired", "Token has expired or is invalid")
        if not email:
            raise expired
        try:
            email = valid_email(email)
        except AuthError:
            raise AuthError(422, "validation_failed", "Invalid email format") from None
        token_hash = one_time_tokens.hash_of(email, code)
        user = self._user_of_code(connection, purpose, email, token_hash)
        if user is None:
            raise expired
        _refuse_banned(user)
        kinds = _LINK_KINDS.get(purpose, ())
        valid = [kind for kind in kinds if self._is_valid(user, kind, token_hash)]
        if not valid:
            raise expired
        if purpose == "email":
            purpose = "signup" if valid[0] == "confirmation_token" else "magiclink"
        return _Claim(user, purpose, token_hash)

    def _user_of_code(
        self, connection: psycopg.Connection, purpose: str, email: str, token_hash: str
    ) -> User | None:
        if purpose != "email_change":
            user = users.user_by_email(connection, email)
            return user and users.locked(connection, user.id)
        kinds: list[Kind] = ["email_change_token_new"]
        if self._config.secure_email_change:
            kinds.append("email_change_token_current")
        for stored in (token_hash, flow_state.PREFIX + token_hash):
            found = one_time_tokens.find(connection, stored, *kinds)
            if found is not None:
                return users.locked(connection, found[0])
        return None

    def _use(self, connection: psycopg.Connection, claim: _Claim) -> User | None:
        """Carry out what a token is for; return None if another one has to follow."""
        user: User | None
        if claim.purpose in {"signup", "invite"}:
            user = user_changes.sign_up_verified(connection, claim.user)
        elif claim.purpose in {"recovery", "magiclink"}:
            user = user_changes.recovery_verified(connection, claim.user)
        else:
            user = user_changes.email_change_verified(
                connection, claim.user, claim.token_hash, self._config
            )
        if user is None:
            return None
        providers = {"provider": "email", "providers": ["email"]}
        return users.update_user(
            connection, user.id, raw_app_meta_data={**user.raw_app_meta_data, **providers}
        )

    def _is_valid(self, user: User, kind: Kind, token_hash: str) -> bool:
        return one_time_tokens.is_valid(
            token_hash, getattr(user, kind), _sent_at(user, kind), self._config.otp_expiry_seconds
        )

    @property
    def _config(self) -> AuthConfig:
        return self._service.config


def _sent_at(user: User, kind: Kind) -> datetime | None:
    moment: datetime | None = getattr(user, _SENT_AT[kind])
    return moment


def _refuse_banned(user: User) -> None:
    if user.is_banned:
        raise AuthError(403, "user_banned", "User is banned")
