"""Call a database function with the SQL that PostgREST uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.supabase.rest.fragments import NOTHING, Fragment, compose, identifier, joined, value
from local.supabase.rest.relations import relation_named
from local.supabase.rest.rendering import Renderer
from local.supabase.rest.routines import SCHEMA
from local.supabase.rest.statements import Reading, Result, run

if TYPE_CHECKING:
    from local.supabase.rest.negotiation import Shape
    from local.supabase.rest.payload import Payload
    from local.supabase.rest.plan import Plan
    from local.supabase.rest.routines import Routine
    from local.supabase.rest.transaction import Session

# In a column definition these types mean one character or bit; a parameter accepts any length.
_UNBOUNDED_TYPES = {
    "bit": "bit varying",
    "bit[]": "bit varying[]",
    "character": "character varying",
    "character[]": "character varying[]",
}

# With an array of objects, the function is called once, with the first object.
_ARGUMENTS = """
    (select {document}::json as document) pgrst_payload,
    lateral (
      select *
      from json_to_recordset(
        case json_typeof(document) when 'array' then document else json_build_array(document) end
      ) as _ ({columns})
      limit 1
    ) pgrst_arguments,
"""


def invoke(
    session: Session, routine: Routine, payload: Payload, plan: Plan, shape: Shape
) -> Result:
    """Call a function with the caller's role.

    Raises:
        RestError: One object was requested, and the result is not exactly one row.
        psycopg.Error: The database refused or failed.
    """
    alias = routine.returned_type if routine.returns_composite else routine.name
    known: frozenset[str] = frozenset()
    if plan.uses_json_paths:
        known = relation_named(session.connection, alias).json_columns
    session.become_caller(
        read_only=routine.read_only or session.facts.method in ("GET", "HEAD"),
        statement_timeout=routine.statement_timeout,
    )
    table = identifier(alias)
    renderer = Renderer(table, known)
    returned = "pgrst_source as " + table
    reading = Reading(
        source=compose(
            "select {columns} from {called}",
            columns=_columns(routine, plan),
            called=_called(routine, payload),
        ),
        rows=renderer.rows(returned, plan),
        count=compose(
            "select 1 from {returned}{where}",
            returned=returned,
            where=renderer.where(plan.conditions),
        ),
        value=_value(routine, shape),
        number="count(pgrst_rows)" if routine.returns_set else "1",
        is_list=routine.returns_set,
    )
    result = run(session, reading, shape)
    return Result(None, result.rows, result.total) if routine.returns_void else result


def _columns(routine: Routine, plan: Plan) -> Fragment:
    if not routine.returns_composite:
        return Fragment("pgrst_call.pgrst_scalar")
    if plan.columns in ([], ["*"]):
        return Fragment("pgrst_call.*")
    return joined(", ", ("pgrst_call." + identifier(name) for name in plan.columns))


def _called(routine: Routine, payload: Payload) -> Fragment:
    named = [(n, t) for n, t in zip(routine.names, routine.types, strict=True) if n in payload.keys]
    source, arguments = NOTHING, NOTHING
    if routine.takes_whole_body:
        arguments = value(payload.text) + f"::{routine.types[0]}"
    elif named:
        typed = (identifier(n) + f" {_UNBOUNDED_TYPES.get(t, t)}" for n, t in named)
        source = compose(_ARGUMENTS, document=value(payload.text), columns=joined(", ", typed))
        arguments = joined(", ", (_argument(routine, n) for n, _ in named))
    called = identifier(SCHEMA, routine.name) + "(" + arguments + ")"
    if not routine.returns_composite:
        called = compose("(select {called} as pgrst_scalar)", called=called)
    return source + "lateral " + called + " pgrst_call"


def _argument(routine: Routine, name: str) -> Fragment:
    variadic = "variadic " if routine.variadic and name == routine.names[-1] else ""
    return variadic + identifier(name) + " := pgrst_arguments." + identifier(name)


def _value(routine: Routine, shape: Shape) -> str:
    scalar = not routine.returns_composite
    is_value = scalar and not (routine.returns_set and shape.singular)
    return "pgrst_rows.pgrst_scalar" if is_value else "pgrst_rows"
