"""The endpoints that mail a code: recover, otp, magiclink, resend and reauthenticate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify

from local.supabase.auth import flow_state, passwords, sent_codes, users
from local.supabase.auth.addresses import valid_email
from local.supabase.auth.body import Body
from local.supabase.auth.errors import AuthError, invalid
from local.supabase.auth.flow_state import Challenge

if TYPE_CHECKING:
    from local.supabase.auth.service import Service
    from local.supabase.auth.sign_up import SignUp

_RESENT = ("signup", "email_change", "sms", "phone_change")


class MailRequests:
    """Mails codes. The answer is {} whether or not an address is known."""

    def __init__(self, service: Service, sign_up: SignUp) -> None:
        self._service = service
        self._sign_up = sign_up

    def register(self, blueprint: Blueprint) -> None:
        """Add the endpoints."""
        blueprint.post("/recover")(self.recover)
        blueprint.post("/otp")(self.otp)
        blueprint.post("/magiclink")(self.magic_link)
        blueprint.post("/resend")(self.resend)
        blueprint.get("/reauthenticate")(self.reauthenticate)

    def recover(self) -> Response:
        """Mail a link to choose a new password."""
        body = Body.of_request()
        if not body.text("email"):
            raise invalid("Password recovery requires an email")
        email = valid_email(body.text("email"))
        challenge = Challenge.of(body)
        with self._service.transaction() as connection:
            user = users.user_by_email(connection, email)
            if user is not None:
                user = users.locked(connection, user.id)
                flow_state.remember(connection, challenge, user.id, "recovery", "recovery")
                sent_codes.send_recovery(self._service, connection, user, challenge)
        return jsonify({})

    def otp(self) -> Response:
        """Mail a link and a code that sign in."""
        body = Body.of_request()
        email, phone = body.text("email"), body.text("phone")
        if email and phone:
            raise invalid("Only an email address or phone number should be provided")
        if email and body.text("channel"):
            raise invalid("Channel should only be specified with Phone OTP")
        Challenge.of(body)
        if not body.flag("create_user", default=True) and not self._is_known(email, phone):
            raise AuthError(422, "otp_disabled", "Signups not allowed for otp")
        if email:
            return self._mail_magic_link(body)
        if phone:
            raise AuthError(400, "phone_provider_disabled", "Unsupported phone provider")
        raise invalid("One of email or phone must be set")

    def magic_link(self) -> Response:
        """Mail a link and a code that sign in; an unknown address is signed up."""
        return self._mail_magic_link(Body.of_request())

    def resend(self) -> Response:
        """Mail the confirmation of a new address again, if it is still missing."""
        body = Body.of_request()
        kind = body.text("type")
        if kind not in _RESENT:
            raise invalid("Missing one of these types: signup, email_change, sms, phone_change")
        challenge = Challenge.of(body) if kind in {"signup", "email_change"} else None
        email, phone = body.text("email"), body.text("phone")
        if not email and kind == "signup":
            raise invalid("Type provided requires an email address")
        if not phone and kind == "sms":
            raise invalid("Type provided requires a phone number")
        if email and phone:
            raise invalid("Only an email address or phone number should be provided.")
        if phone:
            raise AuthError(400, "phone_provider_disabled", "Phone logins are disabled")
        if not email:
            raise invalid("Missing email address or phone number")
        email = valid_email(email)
        if challenge is not None:
            self._resend(kind, email, challenge)
        return jsonify({})

    def reauthenticate(self) -> Response:
        """Mail the code that allows a new password in an old session."""
        with self._service.transaction() as connection:
            user = self._service.bearer(connection).user
            if not user.email:
                raise invalid(
                    "Reauthentication requires the user to have an email or a phone number"
                )
            if not user.is_confirmed:
                raise AuthError(422, "email_not_confirmed", "Please verify your email first.")
            user = users.locked(connection, user.id)
            sent_codes.send_reauthentication(self._service, connection, user)
        return jsonify({})

    def _resend(self, kind: str, email: str, challenge: Challenge) -> None:
        with self._service.transaction() as connection:
            user = users.user_by_email(connection, email)
            if user is None:
                return
            user = users.locked(connection, user.id)
            if kind == "signup" and not user.is_confirmed:
                method = "email/signup"
                flow_state.remember(connection, challenge, user.id, method, method)
                sent_codes.send_confirmation(self._service, connection, user, challenge)
            elif kind == "email_change" and user.email_change:
                flow_state.remember(connection, challenge, user.id, kind, kind)
                sent_codes.send_email_change(
                    self._service, connection, user, user.email_change, challenge
                )

    def _mail_magic_link(self, body: Body) -> Response:
        if not body.text("email"):
            raise AuthError(422, "validation_failed", "Password recovery requires an email")
        email = valid_email(body.text("email"))
        challenge = Challenge.of(body)
        with self._service.transaction() as connection:
            user = users.user_by_email(connection, email)
        if user is None or not user.is_confirmed:
            password = passwords.random_password()
            self._sign_up.with_password(email, password, body.object("data"), challenge)
            if not self._service.config.autoconfirm:
                # The mail that confirms the address signs in as well.
                return jsonify({})
        with self._service.transaction() as connection:
            user = users.user_by_email(connection, email)
            if user is not None:
                user = users.locked(connection, user.id)
                flow_state.remember(connection, challenge, user.id, "magiclink", "magiclink")
                sent_codes.send_magic_link(self._service, connection, user, challenge)
        return jsonify({})

    def _is_known(self, email: str, phone: str) -> bool:
        """Return whether there is such a user; like GoTrue, a malformed address is unknown."""
        if phone or not email:
            return not phone
        try:
            email = valid_email(email)
        except AuthError:
            return False
        with self._service.transaction() as connection:
            return users.user_by_email(connection, email) is not None
