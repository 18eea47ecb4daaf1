"""Users in `auth.users`, and their JSON as GoTrue returns it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg import errors, sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from local.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    import psycopg

EMAIL_CHARACTERS_AT_MOST = 255
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?")

_COLUMNS = sql.SQL("""
    id, aud, role, email, coalesce(encrypted_password, '') as encrypted_password,
    email_confirmed_at, last_sign_in_at, raw_app_meta_data as app_metadata,
    raw_user_meta_data as user_metadata, is_anonymous, created_at, updated_at
""")


@dataclass(frozen=True)
class User:
    """A row of `auth.users`."""

    id: uuid.UUID
    aud: str
    role: str
    email: str
    encrypted_password: str
    email_confirmed_at: datetime | None
    last_sign_in_at: datetime | None
    app_metadata: dict[str, Any]
    user_metadata: dict[str, Any]
    is_anonymous: bool
    created_at: datetime
    updated_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the user as in GoTrue's `/user`."""
        confirmed_at = _timestamp(self.email_confirmed_at)
        last_sign_in_at = _timestamp(self.last_sign_in_at)
        created_at, updated_at = _timestamp(self.created_at), _timestamp(self.updated_at)
        return {
            "id": str(self.id),
            "aud": self.aud,
            "role": self.role,
            "email": self.email,
            "email_confirmed_at": confirmed_at,
            "phone": "",
            "confirmed_at": confirmed_at,
            "last_sign_in_at": last_sign_in_at,
            "app_metadata": self.app_metadata,
            "user_metadata": self.user_metadata,
            "identities": [
                {
                    # GoTrue stores identities in a table. Our users always have exactly one.
                    "identity_id": str(uuid.uuid5(self.id, "email")),
                    "id": str(self.id),
                    "user_id": str(self.id),
                    "identity_data": self.user_metadata,
                    "provider": "email",
                    "last_sign_in_at": last_sign_in_at,
                    "created_at": created_at,
                    "updated_at": updated_at,
                    "email": self.email,
                }
            ],
            "created_at": created_at,
            "updated_at": updated_at,
            "is_anonymous": self.is_anonymous,
        }


def valid_email(email: str) -> str:
    """Return an e-mail address in lower case, as it is stored.

    Raises:
        AuthError: It is not an e-mail address.
    """
    if len(email) > EMAIL_CHARACTERS_AT_MOST:
        raise AuthError(400, "validation_failed", "An email address is too long")
    email = email.lower()
    if not _EMAIL.fullmatch(email):
        raise AuthError(
            400, "validation_failed", "Unable to validate email address: invalid format"
        )
    return email


def create_user(
    connection: psycopg.Connection,
    email: str,
    encrypted_password: str,
    data: dict[str, Any],
) -> User:
    """Create a user whose e-mail address counts as confirmed.

    Raises:
        AuthError: The address is already registered.
    """
    user_id = uuid.uuid4()
    facts = {
        "email": email,
        "email_verified": True,
        "phone_verified": False,
        "sub": str(user_id),
    }
    insert = sql.SQL("""
        insert into auth.users (
          id, email, encrypted_password, email_confirmed_at,
          raw_app_meta_data, raw_user_meta_data, created_at, updated_at
        )
        values (%s, %s, %s, now(), %s, %s, now(), now())
        returning {}
    """).format(_COLUMNS)
    values = [
        user_id,
        email,
        encrypted_password,
        Jsonb({"provider": "email", "providers": ["email"]}),
        Jsonb({**data, **facts}),
    ]
    try:
        with connection.cursor(row_factory=class_row(User)) as cursor:
            return _one(cursor.execute(insert, values).fetchone())
    except errors.UniqueViolation:
        raise AuthError(422, "user_already_exists", "User already registered") from None


def user_by_email(connection: psycopg.Connection, email: str) -> User | None:
    """Return the user with an e-mail address, ignoring case, or None."""
    query = sql.SQL("select {} from auth.users where email = %s::text").format(_COLUMNS)
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return cursor.execute(query, [email.lower()]).fetchone()


def user_by_id(connection: psycopg.Connection, user_id: uuid.UUID) -> User | None:
    """Return the user with an id, or None."""
    query = sql.SQL("select {} from auth.users where id = %s").format(_COLUMNS)
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return cursor.execute(query, [user_id]).fetchone()


def note_sign_in(connection: psycopg.Connection, user: User) -> User:
    """Set the time of the last sign-in to now; return the updated user."""
    update = sql.SQL("""
        update auth.users set last_sign_in_at = now(), updated_at = now()
        where id = %s
        returning {}
    """).format(_COLUMNS)
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return _one(cursor.execute(update, [user.id]).fetchone())


def _one(user: User | None) -> User:
    if user is None:
        raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
    return user


def _timestamp(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC, as Go formats it."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
