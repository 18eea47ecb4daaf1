"""Sessions and their refresh tokens.

A session has one active refresh token. Using it revokes it and creates its successor. A client may
lose the answer with the successor, so the parent of the active token always gets the active token
again. Older tokens get it for REUSE_INTERVAL_SECONDS, because several tabs may refresh at the same
time. After that an old token is taken as stolen, and the session ends.
"""

from __future__ import annotations

import re
import secrets
import string
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    import psycopg

REUSE_INTERVAL_SECONDS = 10
_TOKEN_CHARACTERS = string.ascii_lowercase + string.digits
_TOKEN_LENGTH = 12
_TOKEN = re.compile(r"[a-z0-9]{12}")


@dataclass(frozen=True)
class Grant:
    """A session and the refresh token that continues it."""

    session_id: uuid.UUID
    user_id: uuid.UUID
    refresh_token: str


def start_session(
    connection: psycopg.Connection, user_id: uuid.UUID, user_agent: str, method: str
) -> Grant:
    """Start a session for a user who has signed in by an authentication method."""
    session_id = uuid.uuid4()
    connection.execute(
        """
        insert into auth.sessions (id, user_id, user_agent, created_at, updated_at)
        values (%s, %s, %s, now(), now())
        """,
        [session_id, user_id, user_agent],
    )
    connection.execute(
        """
        insert into auth.mfa_amr_claims (
          id, session_id, authentication_method, created_at, updated_at
        )
        values (%s, %s, %s, now(), now())
        """,
        [uuid.uuid4(), session_id, method],
    )
    token = _add_token(connection, session_id, user_id, parent=None)
    return Grant(session_id, user_id, token)


def methods_of(connection: psycopg.Connection, session_id: uuid.UUID) -> list[dict[str, object]]:
    """Return how a session's user signed in: the claim `amr`, the latest method first."""
    rows = connection.execute(
        """
        select authentication_method, extract(epoch from updated_at)::bigint
        from auth.mfa_amr_claims where session_id = %s
        order by updated_at desc
        """,
        [session_id],
    ).fetchall()
    return [{"method": method, "timestamp": timestamp} for method, timestamp in rows]


def age_seconds(connection: psycopg.Connection, session_id: uuid.UUID) -> float:
    """Return how long ago a session began; infinity if it is gone."""
    row = connection.execute(
        "select extract(epoch from now() - created_at)::float8 from auth.sessions where id = %s",
        [session_id],
    ).fetchone()
    return row[0] if row else float("inf")


def continue_session(connection: psycopg.Connection, token: str) -> Grant | None:
    """Exchange a refresh token; return None if reuse of an old token ended the session.

    The session's row is locked, so concurrent refreshes run one after another.

    Raises:
        AuthError: The token does not exist.
    """
    if not _TOKEN.fullmatch(token):
        raise AuthError(400, "validation_failed", "Refresh token is not valid")
    session = connection.execute(
        """
        select s.id, s.user_id
        from auth.sessions s
        where s.id = (select t.session_id from auth.refresh_tokens t where t.token = %s)
        for update
        """,
        [token],
    ).fetchone()
    if session is None:
        raise AuthError(
            400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"
        )
    session_id, user_id = session
    successor = _successor(connection, session_id, user_id, token)
    if successor is None:
        end_session(connection, session_id)
        return None
    connection.execute(
        "update auth.sessions set refreshed_at = now(), updated_at = now() where id = %s",
        [session_id],
    )
    return Grant(session_id, user_id, successor)


def session_exists(connection: psycopg.Connection, session_id: uuid.UUID) -> bool:
    """Return whether a session still exists."""
    query = "select from auth.sessions where id = %s"
    return connection.execute(query, [session_id]).fetchone() is not None


def end_session(connection: psycopg.Connection, session_id: uuid.UUID) -> None:
    """Delete a session and its refresh tokens."""
    connection.execute("delete from auth.sessions where id = %s", [session_id])


def end_other_sessions(
    connection: psycopg.Connection, user_id: uuid.UUID, session_id: uuid.UUID
) -> None:
    """Delete all sessions of a user except one."""
    connection.execute(
        "delete from auth.sessions where user_id = %s and id <> %s", [user_id, session_id]
    )


def end_all_sessions(connection: psycopg.Connection, user_id: uuid.UUID) -> None:
    """Delete all sessions of a user."""
    connection.execute("delete from auth.sessions where user_id = %s", [user_id])


def _successor(
    connection: psycopg.Connection, session_id: uuid.UUID, user_id: uuid.UUID, token: str
) -> str | None:
    """Return the refresh token that replaces `token`; None if `token` is too old."""
    row = connection.execute(
        """
        select
          active.token,
          active.token = used.token,
          active.parent = used.token
            or used.updated_at > now() - make_interval(secs => %s)
        from auth.refresh_tokens used
        join auth.refresh_tokens active
          on active.session_id = used.session_id and not active.revoked
        where used.token = %s
        """,
        [REUSE_INTERVAL_SECONDS, token],
    ).fetchone()
    if row is None:
        return None
    active, unused, reusable = row
    if not unused:
        return active if reusable else None
    connection.execute(
        "update auth.refresh_tokens set revoked = true, updated_at = now() where token = %s",
        [token],
    )
    return _add_token(connection, session_id, user_id, parent=token)


def _add_token(
    connection: psycopg.Connection,
    session_id: uuid.UUID,
    user_id: uuid.UUID,
    *,
    parent: str | None,
) -> str:
    token = "".join(secrets.choice(_TOKEN_CHARACTERS) for _ in range(_TOKEN_LENGTH))
    connection.execute(
        """
        insert into auth.refresh_tokens (token, parent, session_id, user_id, created_at, updated_at)
        values (%s, %s, %s, %s, now(), now())
        """,
        [token, parent, session_id, user_id],
    )
    return token
