"""Mail a code to a user, and remember it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from local.supabase.auth import mails, one_time_tokens, users
from local.supabase.auth.flow_state import Challenge
from local.supabase.auth.redirects import referrer

if TYPE_CHECKING:
    import psycopg

    from local.supabase.auth.service import Service
    from local.supabase.auth.users import User

NO_CHALLENGE = Challenge("", "")


def send_confirmation(
    service: Service, connection: psycopg.Connection, user: User, challenge: Challenge
) -> User:
    """Mail the link that confirms a new user's address.

    Raises:
        AuthError: The last such mail is too recent, or it could not be sent.
    """
    one_time_tokens.check_frequency(user.confirmation_sent_at, service.config.max_frequency_seconds)
    token_hash = _send(service, user, "signup", challenge, "Error sending confirmation email")
    return _store_confirmation(connection, user, token_hash)


def send_invitation(service: Service, connection: psycopg.Connection, user: User) -> User:
    """Mail the link with which an invited user signs in for the first time.

    Raises:
        AuthError: It could not be sent.
    """
    token_hash = _send(service, user, "invite", NO_CHALLENGE, "Error sending invite email")
    user = _store_confirmation(connection, user, token_hash)
    return users.update_user(connection, user.id, invited_at=datetime.now(UTC))


def send_magic_link(
    service: Service, connection: psycopg.Connection, user: User, challenge: Challenge
) -> None:
    """Mail the link that signs a user in.

    Raises:
        AuthError: The last mail of this kind or for a recovery is too recent, or it failed.
    """
    one_time_tokens.check_frequency(user.recovery_sent_at, service.config.max_frequency_seconds)
    token_hash = _send(service, user, "magiclink", challenge, "Error sending magic link email")
    _store_recovery(connection, user, token_hash)


def send_recovery(
    service: Service, connection: psycopg.Connection, user: User, challenge: Challenge
) -> None:
    """Mail the link that signs a user in to choose a new password.

    Raises:
        AuthError: The last mail of this kind or magic link is too recent, or it failed.
    """
    one_time_tokens.check_frequency(user.recovery_sent_at, service.config.max_frequency_seconds)
    token_hash = _send(service, user, "recovery", challenge, "Error sending recovery email")
    _store_recovery(connection, user, token_hash)


def send_reauthentication(service: Service, connection: psycopg.Connection, user: User) -> None:
    """Mail the code that allows a new password in an old session.

    Raises:
        AuthError: The last such mail is too recent, or it could not be sent.
    """
    one_time_tokens.check_frequency(
        user.reauthentication_sent_at, service.config.max_frequency_seconds
    )
    code = one_time_tokens.new_code(service.config.otp_length)
    token_hash = one_time_tokens.hash_of(user.email, code)
    mail = mails.compose("reauthentication", user.email, code)
    service.mailer.send([mail], "Error sending reauthentication email")
    users.update_user(
        connection,
        user.id,
        reauthentication_token=token_hash,
        reauthentication_sent_at=datetime.now(UTC),
    )
    one_time_tokens.store(connection, user.id, "reauthentication_token", user.email, token_hash)


def send_email_change(
    service: Service,
    connection: psycopg.Connection,
    user: User,
    new_email: str,
    challenge: Challenge,
) -> User:
    """Mail the links that change an address, to the new one and, if secure, to the old one.

    Raises:
        AuthError: The last such mails are too recent, or they could not be sent.
    """
    config = service.config
    one_time_tokens.check_frequency(user.email_change_sent_at, config.max_frequency_seconds)
    recipients = [new_email]
    if config.secure_email_change and user.email:
        recipients.append(user.email)
    composed, hashes = [], []
    for to in recipients:
        code = one_time_tokens.new_code(config.otp_length)
        token_hash = challenge.prefix + one_time_tokens.hash_of(to, code)
        link = mails.action_link(
            service.settings.issuer, token_hash, "email_change", referrer(config)
        )
        composed.append(mails.compose("email_change", to, code, link, (user.email, new_email)))
        hashes.append(token_hash)
    service.mailer.send(composed, "Error sending email change email")
    current = hashes[1] if len(hashes) > 1 else user.email_change_token_current
    user = users.update_user(
        connection,
        user.id,
        email_change=new_email,
        email_change_token_new=hashes[0],
        email_change_token_current=current,
        email_change_sent_at=datetime.now(UTC),
        email_change_confirm_status=0,
    )
    one_time_tokens.store(connection, user.id, "email_change_token_new", new_email, hashes[0])
    if current:
        one_time_tokens.store(
            connection, user.id, "email_change_token_current", user.email, current
        )
    return user


def _send(
    service: Service, user: User, purpose: mails.Purpose, challenge: Challenge, failure: str
) -> str:
    """Mail a new code and its link to the user's address; return the hash."""
    code = one_time_tokens.new_code(service.config.otp_length)
    token_hash = challenge.prefix + one_time_tokens.hash_of(user.email, code)
    link = mails.action_link(service.settings.issuer, token_hash, purpose, referrer(service.config))
    service.mailer.send([mails.compose(purpose, user.email, code, link)], failure)
    return token_hash


def _store_confirmation(connection: psycopg.Connection, user: User, token_hash: str) -> User:
    user = users.update_user(
        connection,
        user.id,
        confirmation_token=token_hash,
        confirmation_sent_at=datetime.now(UTC),
    )
    one_time_tokens.store(connection, user.id, "confirmation_token", user.email, token_hash)
    return user


def _store_recovery(connection: psycopg.Connection, user: User, token_hash: str) -> None:
    users.update_user(
        connection, user.id, recovery_token=token_hash, recovery_sent_at=datetime.now(UTC)
    )
    one_time_tokens.store(connection, user.id, "recovery_token", user.email, token_hash)
