"""Who acts: the same connection, under the role and claims that Supabase's API would set."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg


@contextmanager
def as_user(database: psycopg.Connection[dict[str, Any]], user_id: str) -> Iterator[None]:
    """Act as a signed-in user, as PostgREST does; undone at the end."""
    with _as(database, "authenticated", {"sub": user_id, "role": "authenticated"}):
        yield


@contextmanager
def as_anon(database: psycopg.Connection[dict[str, Any]]) -> Iterator[None]:
    """Act as nobody in particular."""
    with _as(database, "anon", {"role": "anon"}):
        yield


@contextmanager
def as_service(database: psycopg.Connection[dict[str, Any]]) -> Iterator[None]:
    """Act as our server, with the secret key."""
    with _as(database, "service_role", {"role": "service_role"}):
        yield


@contextmanager
def _as(
    database: psycopg.Connection[dict[str, Any]], role: str, claims: dict[str, str]
) -> Iterator[None]:
    with database.transaction(force_rollback=True):
        database.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
        database.execute(f"set local role {role}")
        yield
