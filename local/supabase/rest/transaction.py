"""The caller's role, claims and request, set for one transaction as PostgREST sets them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from local.supabase.rest.routines import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from local.supabase.rest.fragments import Fragment
    from local.supabase.rest.tokens import Caller

# Supabase's setting for PostgREST. The schema `extensions` may be missing.
_SEARCH_PATH = f'"{SCHEMA}", "public", "extensions"'

# As in PostgREST, a role's own settings, such as statement_timeout, apply to its requests.
_ROLE_SETTINGS = """
    select set_config(split_part(setting, '=', 1), substring(setting from '=(.*)$'), true)
    from pg_catalog.pg_roles r
    cross join unnest(r.rolconfig) setting
    where r.rolname = %s::text and setting not like 'default_transaction_isolation=%%'
"""


@dataclass(frozen=True)
class RequestFacts:
    """The request as a database function can read it."""

    method: str
    path: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]


@dataclass(frozen=True)
class Session:
    """A connection with an open transaction, and for whom it is."""

    connection: psycopg.Connection
    caller: Caller
    facts: RequestFacts

    def become_caller(self, *, read_only: bool, statement_timeout: str | None = None) -> None:
        """Give the transaction the caller's role, claims and settings.

        Raises:
            psycopg.Error: There is no such role, or it may not be taken.
        """
        self.connection.execute(_ROLE_SETTINGS, [self.caller.role])
        settings = {
            "search_path": _SEARCH_PATH,
            "role": self.caller.role,
            "request.jwt.claims": json.dumps(self.caller.claims),
            "request.method": self.facts.method,
            "request.path": self.facts.path,
            "request.headers": json.dumps(dict(self.facts.headers)),
            "request.cookies": json.dumps(dict(self.facts.cookies)),
        }
        if statement_timeout is not None:
            settings["statement_timeout"] = statement_timeout
        if read_only:
            settings["transaction_read_only"] = "on"
        calls = sql.SQL(", ").join(sql.SQL("set_config(%s, %s, true)") for _ in settings)
        flat = [text for pair in settings.items() for text in pair]
        self.connection.execute(sql.SQL("select {}").format(calls), flat)

    def fetch_row(self, statement: Fragment) -> tuple[Any, ...]:
        """Run a statement that returns one row.

        Raises:
            psycopg.Error: The database refused or failed.
        """
        row = self.connection.execute(statement.text.encode(), statement.values).fetchone()
        if row is None:
            raise RuntimeError("the statement returned no row")
        return row
