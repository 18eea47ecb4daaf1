"""Changes of a user that take several steps.

These are a confirmed or new address, a new password, and a soft deletion.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg import errors

from local.supabase.auth import one_time_tokens, passwords, sessions, users
from local.supabase.auth.errors import AuthError
from local.supabase.auth.flow_state import PREFIX

if TYPE_CHECKING:
    import uuid

    import psycopg

    from local.supabase.auth.config import AuthConfig
    from local.supabase.auth.users import User


def confirm(connection: psycopg.Connection, user: User) -> User:
    """Note that the user's address is theirs; every code that was sent becomes invalid."""
    one_time_tokens.clear(connection, user.id)
    return users.update_user(
        connection,
        user.id,
        confirmation_token="",
        email_confirmed_at=datetime.now(UTC),
        raw_user_meta_data={**user.raw_user_meta_data, "email_verified": True},
    )


def sign_up_verified(connection: psycopg.Connection, user: User) -> User:
    """Confirm the address of a new or an invited user."""
    if not user.encrypted_password and user.invited_at is not None:
        # Nobody knows this password. The site asks for one of the user's own.
        encrypted = passwords.encrypt(passwords.random_password())
        user = set_password(connection, user, encrypted, session_id=None)
    return confirm(connection, user)


def recovery_verified(connection: psycopg.Connection, user: User) -> User:
    """Use up the code of a recovery or a magic link, which also confirms the address."""
    one_time_tokens.clear(connection, user.id)
    user = users.update_user(connection, user.id, recovery_token="")
    return user if user.is_confirmed else confirm(connection, user)


def email_change_verified(
    connection: psycopg.Connection, user: User, token_hash: str, config: AuthConfig
) -> User | None:
    """Change the address; return None if the other address has to confirm it first.

    Raises:
        AuthError: The new address was taken in the meantime.
    """
    first_of_two = (
        not config.autoconfirm
        and config.secure_email_change
        and user.email_change_confirm_status == 0
        and bool(user.email)
    )
    if first_of_two:
        _confirm_one_address(connection, user, token_hash)
        return None
    return change_email(connection, user)


def change_email(connection: psycopg.Connection, user: User) -> User:
    """Give the user the address that they asked for; an anonymous user becomes a permanent one.

    Raises:
        AuthError: The address was taken in the meantime.
    """
    one_time_tokens.clear(connection, user.id)
    try:
        user = users.update_user(
            connection,
            user.id,
            email=user.email_change,
            email_change="",
            email_change_token_current="",
            email_change_token_new="",
            email_change_confirm_status=0,
            is_anonymous=False,
        )
    except errors.UniqueViolation:
        raise AuthError(500, "unexpected_failure", "Error confirm email") from None
    return user if user.is_confirmed else confirm(connection, user)


def set_password(
    connection: psycopg.Connection,
    user: User,
    encrypted: str | None,
    *,
    session_id: uuid.UUID | None,
) -> User:
    """Set the password, cancel every code that was sent, and end the other sessions.

    Args:
        connection: In a transaction.
        user: Whose password it is.
        encrypted: The hash of the new password.
        session_id: The session that stays; None ends all of them.
    """
    one_time_tokens.clear(connection, user.id)
    user = users.update_user(
        connection,
        user.id,
        encrypted_password=encrypted,
        confirmation_token="",
        confirmation_sent_at=None,
        recovery_token="",
        recovery_sent_at=None,
        email_change_token_current="",
        email_change_token_new="",
        email_change_sent_at=None,
        reauthentication_token="",
        reauthentication_sent_at=None,
    )
    if session_id is None:
        sessions.end_all_sessions(connection, user.id)
    else:
        sessions.end_other_sessions(connection, user.id, session_id)
    return user


def _confirm_one_address(connection: psycopg.Connection, user: User, token_hash: str) -> None:
    # A code that is typed in has no prefix. GoTrue then forgets to use it up; we do not.
    kinds: tuple[one_time_tokens.Kind, ...] = (
        "email_change_token_current",
        "email_change_token_new",
    )
    found = one_time_tokens.find(connection, token_hash, *kinds) or one_time_tokens.find(
        connection, PREFIX + token_hash, *kinds
    )
    changes: dict[str, object] = {"email_change_confirm_status": 1}
    if found is not None:
        _, kind = found
        one_time_tokens.clear(connection, user.id, kind)
        changes[kind] = ""
    users.update_user(connection, user.id, **changes)


def forget(connection: psycopg.Connection, user: User) -> None:
    """Delete a user softly: the id stays, and nothing that names the person does."""
    one_time_tokens.clear(connection, user.id)
    users.update_user(
        connection,
        user.id,
        email=_obfuscated(user, user.email),
        email_change=_obfuscated(user, user.email_change),
        encrypted_password=None,
        confirmation_token="",
        recovery_token="",
        email_change_token_current="",
        email_change_token_new="",
        raw_user_meta_data={},
        raw_app_meta_data={},
        deleted_at=datetime.now(UTC),
    )
    sessions.end_all_sessions(connection, user.id)


def _obfuscated(user: User, text: str) -> str:
    digest = hashlib.sha256(f"{user.id}{text}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
