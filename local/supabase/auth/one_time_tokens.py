"""Codes and links that are mailed: made, stored, found again, and used up."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from local.supabase.auth.errors import AuthError
from local.supabase.auth.flow_state import PREFIX

if TYPE_CHECKING:
    import psycopg

Kind = Literal[
    "confirmation_token",
    "recovery_token",
    "email_change_token_new",
    "email_change_token_current",
    "reauthentication_token",
]


def new_code(length: int) -> str:
    """Return a random code of that many digits."""
    return f"{secrets.randbelow(10**length):0{length}}"


def hash_of(email: str, code: str) -> str:
    """Return the hash of a code, which is what links contain and the database stores."""
    return hashlib.sha224(f"{email}{code}".encode()).hexdigest()


def is_valid(token_hash: str, expected: str, sent_at: datetime | None, expiry_seconds: int) -> bool:
    """Return whether a hash is the one that was sent, and still valid.

    A code that is typed in has no prefix, also when its link is for the PKCE flow.
    """
    if not expected or sent_at is None or is_expired(sent_at, expiry_seconds):
        return False
    return expected in {token_hash, PREFIX + token_hash}


def is_expired(sent_at: datetime | None, expiry_seconds: int) -> bool:
    """Return whether a mail of that time is too old, or none was sent."""
    return sent_at is None or datetime.now(UTC) > sent_at + timedelta(seconds=expiry_seconds)


def check_frequency(sent_at: datetime | None, max_frequency_seconds: float) -> None:
    """Check that the last mail of this kind is old enough.

    Raises:
        AuthError: It is not.
    """
    if sent_at is None:
        return
    left = (sent_at - datetime.now(UTC)).total_seconds() + max_frequency_seconds
    if left > 0:
        raise AuthError(
            429,
            "over_email_send_rate_limit",
            f"For security purposes, you can only request this after {int(left)} seconds.",
        )


def store(
    connection: psycopg.Connection,
    user_id: uuid.UUID,
    kind: Kind,
    relates_to: str,
    token_hash: str,
) -> None:
    """Store a token; it replaces the user's other one of the same kind."""
    connection.execute(
        """
        insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to)
        values (%s, %s, %s, %s, %s)
        on conflict (user_id, token_type) do update set
          token_hash = excluded.token_hash,
          relates_to = excluded.relates_to,
          created_at = excluded.created_at,
          updated_at = excluded.updated_at
        """,
        [uuid.uuid4(), user_id, kind, token_hash, relates_to.lower()],
    )


def find(
    connection: psycopg.Connection, token_hash: str, *kinds: Kind
) -> tuple[uuid.UUID, Kind] | None:
    """Return the user of a token, and its kind; None if there is no such token."""
    row: tuple[uuid.UUID, Kind] | None = connection.execute(
        """
        select user_id, token_type::text
        from auth.one_time_tokens
        where token_hash = %s and token_type::text = any(%s)
        """,
        [token_hash, list(kinds)],
    ).fetchone()
    return row


def clear(connection: psycopg.Connection, user_id: uuid.UUID, *kinds: Kind) -> None:
    """Delete a user's tokens of these kinds; all of them if none is named."""
    connection.execute(
        """
        delete from auth.one_time_tokens
        where user_id = %s and (%s or token_type::text = any(%s))
        """,
        [user_id, not kinds, list(kinds)],
    )
