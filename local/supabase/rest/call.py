"""Call a database function with the SQL that PostgREST uses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from local.supabase.rest.errors import RestError
from local.supabase.rest.routines import SCHEMA, Routine

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from local.supabase.rest.payload import Payload
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

# In a column definition these types mean one character or bit; a parameter accepts any length.
_UNBOUNDED_TYPES = {
    "bit": "bit varying",
    "bit[]": "bit varying[]",
    "character": "character varying",
    "character[]": "character varying[]",
}


@dataclass(frozen=True)
class RequestFacts:
    """The request as a database function can read it."""

    method: str
    path: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """A function's result: JSON text (None for void), and the number of rows."""

    body: str | None
    rows: int


def invoke(  # noqa: PLR0913 -- each is another property of the request
    connection: psycopg.Connection,
    routine: Routine,
    payload: Payload,
    caller: Caller,
    facts: RequestFacts,
    *,
    singular: bool,
) -> Result:
    """Call a function with the caller's role, in the transaction that is open.

    Raises:
        RestError: `singular` is set and the result is not exactly one row.
        psycopg.Error: The database refused or failed.
    """
    connection.execute(_ROLE_SETTINGS, [caller.role])
    _set_locals(connection, routine, caller, facts)
    row = connection.execute(*_statement(routine, payload, singular=singular)).fetchone()
    if row is None:
        raise RuntimeError("an aggregate without GROUP BY returns a row")
    body, rows = row
    if singular and rows != 1:
        raise RestError(
            406,
            "PGRST116",
            "JSON object requested, multiple (or no) rows returned",
            details=f"The result contains {rows} rows",
        )
    return Result(None if routine.returns_void else body, rows)


def _set_locals(
    connection: psycopg.Connection,
    routine: Routine,
    caller: Caller,
    facts: RequestFacts,
) -> None:
    settings = {
        "search_path": _SEARCH_PATH,
        "role": caller.role,
        "request.jwt.claims": json.dumps(caller.claims),
        "request.method": facts.method,
        "request.path": facts.path,
        "request.headers": json.dumps(dict(facts.headers)),
        "request.cookies": json.dumps(dict(facts.cookies)),
    }
    if routine.statement_timeout is not None:
        settings["statement_timeout"] = routine.statement_timeout
    if routine.read_only:
        settings["transaction_read_only"] = "on"
    calls = sql.SQL(", ").join(sql.SQL("set_config(%s, %s, true)") for _ in settings)
    flat = [text for pair in settings.items() for text in pair]
    connection.execute(sql.SQL("select {}").format(calls), flat)


def _statement(
    routine: Routine,
    payload: Payload,
    *,
    singular: bool,
) -> tuple[sql.Composed, list[Any]]:
    function = sql.Identifier(SCHEMA, routine.name)
    named = [(n, t) for n, t in zip(routine.names, routine.types, strict=True) if n in payload.keys]
    source: sql.Composable
    if routine.takes_whole_body:
        source = sql.SQL("")
        arguments: sql.Composable = sql.SQL("%s::") + sql.SQL(routine.types[0])
        parameters: list[Any] = [payload.text]
    elif named:
        source = sql.SQL(_ARGUMENTS).format(
            columns=sql.SQL(", ").join(
                sql.Identifier(n) + sql.SQL(" " + _UNBOUNDED_TYPES.get(t, t)) for n, t in named
            )
        )
        arguments = sql.SQL(", ").join(_argument(routine, n) for n, _ in named)
        parameters = [payload.text]
    else:
        source, arguments, parameters = sql.SQL(""), sql.SQL(""), []
    called = sql.SQL("{}({})").format(function, arguments)
    if not routine.returns_composite:
        called = sql.SQL("(select {} as pgrst_scalar)").format(called)
    statement = sql.SQL(
        "select coalesce({body}, {nothing})::text, {rows}"
        " from (select pgrst_call.* from {source} lateral {called} pgrst_call) pgrst_rows"
    ).format(
        body=sql.SQL(_body(routine, singular=singular)),
        nothing=sql.Literal("[]" if routine.returns_set and not singular else "null"),
        rows=sql.SQL("count(pgrst_rows)" if routine.returns_set else "1"),
        source=source,
        called=called,
    )
    return statement, parameters


# With an array of objects, the function is called once, with the first object.
_ARGUMENTS = """
    (select %s::json as document) pgrst_payload,
    lateral (
      select *
      from json_to_recordset(
        case json_typeof(document) when 'array' then document else json_build_array(document) end
      ) as _ ({columns})
      limit 1
    ) pgrst_arguments,
"""


def _argument(routine: Routine, name: str) -> sql.Composed:
    variadic = routine.variadic and name == routine.names[-1]
    return sql.SQL("variadic " if variadic else "") + sql.SQL(
        "{name} := pgrst_arguments.{name}"
    ).format(name=sql.Identifier(name))


def _body(routine: Routine, *, singular: bool) -> str:
    scalar = not routine.returns_composite
    single = not routine.returns_set
    value = "pgrst_rows.pgrst_scalar" if scalar and (single or not singular) else "pgrst_rows"
    return f"json_agg({value})" + ("->0" if single or singular else "")
