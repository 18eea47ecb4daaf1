"""Users in `auth.users`, and their JSON as GoTrue returns it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from local.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    import psycopg

EMAIL_TAKEN = AuthError(
    422, "email_exists", "A user with this email address has already been registered"
)
# What a user's JSON shows, in GoTrue's order. Times that are null are left out.
_SHOWN_TIMES = (
    "email_confirmed_at",
    "invited_at",
    "confirmation_sent_at",
    "recovery_sent_at",
    "email_change_sent_at",
    "reauthentication_sent_at",
    "last_sign_in_at",
    "created_at",
    "updated_at",
    "banned_until",
    "deleted_at",
)


@dataclass(frozen=True)
class User:
    """A row of `auth.users`. Texts that are null in the table are "" here."""

    id: uuid.UUID
    aud: str
    role: str
    email: str
    encrypted_password: str
    email_confirmed_at: datetime | None
    invited_at: datetime | None
    confirmation_token: str
    confirmation_sent_at: datetime | None
    recovery_token: str
    recovery_sent_at: datetime | None
    email_change: str
    email_change_token_new: str
    email_change_token_current: str
    email_change_sent_at: datetime | None
    email_change_confirm_status: int
    reauthentication_token: str
    reauthentication_sent_at: datetime | None
    last_sign_in_at: datetime | None
    raw_app_meta_data: dict[str, Any]
    raw_user_meta_data: dict[str, Any]
    is_anonymous: bool
    banned_until: datetime | None
    deleted_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def is_confirmed(self) -> bool:
        """Whether the user has shown that the address is theirs."""
        return self.email_confirmed_at is not None

    @property
    def is_banned(self) -> bool:
        """Whether the user may not sign in at present."""
        return self.banned_until is not None and datetime.now(UTC) < self.banned_until

    def as_json(self) -> dict[str, Any]:
        """Return the user as in GoTrue's `/user`."""
        times = {name: _timestamp(getattr(self, name)) for name in _SHOWN_TIMES}
        shown = {name: time for name, time in times.items() if time is not None}
        if self.email_confirmed_at is not None:
            shown["confirmed_at"] = shown["email_confirmed_at"]
        if self.email_change:
            shown["new_email"] = self.email_change
        return {
            "id": str(self.id),
            "aud": self.aud,
            "role": self.role,
            "email": self.email,
            "phone": "",
            "app_metadata": self.raw_app_meta_data,
            "user_metadata": self.raw_user_meta_data,
            "identities": self._identities(shown) if self.email else [],
            "is_anonymous": self.is_anonymous,
            **shown,
        }

    def _identities(self, times: dict[str, str]) -> list[dict[str, Any]]:
        """Return the identity of the address.

        GoTrue stores identities in a table. Here, everybody with an address has exactly one.
        """
        return [
            {
                "identity_id": str(uuid.uuid5(self.id, "email")),
                "id": str(self.id),
                "user_id": str(self.id),
                "identity_data": {
                    **self.raw_user_meta_data,
                    "email": self.email,
                    "email_verified": self.is_confirmed,
                    "phone_verified": False,
                    "sub": str(self.id),
                },
                "provider": "email",
                **{
                    name: times[name]
                    for name in ("last_sign_in_at", "created_at", "updated_at")
                    if name in times
                },
                "email": self.email,
            }
        ]


_TEXTS = {
    "email",
    "encrypted_password",
    "confirmation_token",
    "recovery_token",
    "email_change",
    "email_change_token_new",
    "email_change_token_current",
    "reauthentication_token",
}
_OBJECTS = {"raw_app_meta_data", "raw_user_meta_data"}


def _selected(name: str) -> sql.Composable:
    column = sql.Identifier(name)
    if name in _TEXTS:
        return sql.SQL("coalesce({0}, '') as {0}").format(column)
    if name in _OBJECTS:
        return sql.SQL("coalesce({0}, '{{}}') as {0}").format(column)
    return column


COLUMNS = sql.SQL(", ").join(_selected(field.name) for field in fields(User))


def create_user(
    connection: psycopg.Connection,
    email: str,
    encrypted_password: str,
    data: dict[str, Any],
    *,
    user_id: uuid.UUID | None = None,
) -> User:
    """Create a user whose address is not confirmed; without an address, an anonymous user.

    Raises:
        psycopg.errors.UniqueViolation: The address or the id is taken.
    """
    user_id = user_id or uuid.uuid4()
    facts = {"email": email, "email_verified": False, "phone_verified": False, "sub": str(user_id)}
    provider = {"provider": "email", "providers": ["email"]}
    insert = sql.SQL("""
        insert into auth.users (
          id, email, encrypted_password, raw_app_meta_data, raw_user_meta_data, is_anonymous,
          created_at, updated_at
        )
        values (%s, %s, %s, %s, %s, %s, now(), now())
        returning {}
    """).format(COLUMNS)
    values = [
        user_id,
        email or None,
        encrypted_password or None,
        Jsonb(provider if email else {}),
        Jsonb({**data, **facts} if email else data),
        not email,
    ]
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return _one(cursor.execute(insert, values).fetchone())


def user_by_email(connection: psycopg.Connection, email: str) -> User | None:
    """Return the user with an e-mail address, ignoring case, or None."""
    query = sql.SQL("select {} from auth.users where email = %s::text").format(COLUMNS)
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return cursor.execute(query, [email.lower()]).fetchone()


def user_by_id(connection: psycopg.Connection, user_id: uuid.UUID) -> User | None:
    """Return the user with an id, or None."""
    query = sql.SQL("select {} from auth.users where id = %s").format(COLUMNS)
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return cursor.execute(query, [user_id]).fetchone()


def locked(connection: psycopg.Connection, user_id: uuid.UUID) -> User:
    """Return a user and lock the row, so that nothing else uses up the same code.

    Raises:
        AuthError: The user is gone.
    """
    query = sql.SQL("select {} from auth.users where id = %s for update").format(COLUMNS)
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return _one(cursor.execute(query, [user_id]).fetchone())


def update_user(connection: psycopg.Connection, user_id: uuid.UUID, **changes: object) -> User:
    """Set columns of a user; return the updated user.

    Raises:
        AuthError: The user is gone.
        psycopg.errors.UniqueViolation: The new address is taken.
    """
    values = {
        name: Jsonb(value) if name in _OBJECTS else value
        for name, value in (changes | {"updated_at": datetime.now(UTC)}).items()
    }
    update = sql.SQL("update auth.users set {} where id = %s returning {}").format(
        sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values),
        COLUMNS,
    )
    with connection.cursor(row_factory=class_row(User)) as cursor:
        return _one(cursor.execute(update, [*values.values(), user_id]).fetchone())


def note_sign_in(connection: psycopg.Connection, user: User) -> User:
    """Set the time of the last sign-in to now; return the updated user."""
    return update_user(connection, user.id, last_sign_in_at=datetime.now(UTC))


def merged(present: dict[str, Any], updates: dict[str, Any]) -> dict[str, Any]:
    """Return metadata after an update, in which null removes a member."""
    return {name: value for name, value in {**present, **updates}.items() if value is not None}


def _one(user: User | None) -> User:
    if user is None:
        raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
    return user


def _timestamp(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC, as Go formats it."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
