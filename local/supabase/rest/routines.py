"""Find the database function that a call means, by PostgREST's rules.

PostgREST caches the catalogue and has to be told when it changed. The gateway looks a function up
in the transaction of each call, so it always sees the current one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from local.supabase.rest.errors import RestError

if TYPE_CHECKING:
    import psycopg

SCHEMA = "public"
_JSON_TYPES = frozenset({"json", "jsonb"})

# PostgREST leaves out trigger functions, procedures, and functions with unnamed parameters, except
# a single unnamed one of a type that can hold a whole body.
_ROUTINES_NAMED = """
    select
      p.proname::text as name,
      obj_description(p.oid, 'pg_proc') as description,
      p.provolatile <> 'v' as read_only,
      p.proretset as returns_set,
      result.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false)
        as returns_composite,
      result.oid = 'void'::regtype as returns_void,
      result.typname::text as returned_type,
      coalesce(parameter.names, '{}') as names,
      coalesce(parameter.types, '{}') as types,
      coalesce(parameter.required, '{}') as required,
      p.provariadic <> 0 as variadic,
      substring(timeout.setting from '=(.*)$') as statement_timeout
    from pg_catalog.pg_proc p
    join pg_catalog.pg_type declared on declared.oid = p.prorettype
    join pg_catalog.pg_type result
      on result.oid = coalesce(nullif(declared.typbasetype, 0), declared.oid)
    left join lateral (
      select
        array_agg(coalesce(a.name, '') order by a.position) as names,
        array_agg(a.type::regtype::text order by a.position) as types,
        array_agg(a.position <= p.pronargs - p.pronargdefaults order by a.position) as required,
        count(*) filter (where a.name is null) as unnamed,
        (array_agg(a.type::regtype::text order by a.position))[1]
          in ('bytea', 'json', 'jsonb', 'text', 'xml') as takes_body
      from unnest(p.proargnames, p.proargtypes::oid[]) with ordinality as a (name, type, position)
      where a.type is not null
    ) parameter on true
    left join lateral (
      select s as setting from unnest(p.proconfig) s where s like 'statement_timeout=%%'
    ) timeout on true
    where p.pronamespace = %(schema)s::regnamespace
      and p.prokind = 'f'
      and result.oid <> 'trigger'::regtype
      and (coalesce(parameter.unnamed, 0) = 0 or parameter.unnamed = 1 and parameter.takes_body)
      and p.proname = %(name)s::text
"""


@dataclass(frozen=True)
class Routine:
    """A function of the exposed schema."""

    name: str
    description: str | None
    read_only: bool
    returns_set: bool
    returns_composite: bool
    returns_void: bool
    returned_type: str
    names: list[str]
    types: list[str]
    required: list[bool]
    variadic: bool
    statement_timeout: str | None

    @property
    def takes_whole_body(self) -> bool:
        """Whether the only parameter is an unnamed json or jsonb."""
        return self.names == [""] and self.types[0] in _JSON_TYPES

    @property
    def signature(self) -> str:
        """The function as PostgREST writes it in PGRST203."""
        parameters = zip(self.names, self.types, strict=True)
        listed = ", ".join(f"{name} => {kind}" for name, kind in parameters)
        return f"{SCHEMA}.{self.name}({listed})"

    def accepts(self, keys: frozenset[str]) -> bool:
        """Return whether every required argument is given and none is unknown."""
        known = set(self.names)
        needed = {n for n, required in zip(self.names, self.required, strict=True) if required}
        return needed <= keys <= known


def routines_named(connection: psycopg.Connection, name: str) -> list[Routine]:
    """Return all overloads of a function, those with the fewest parameters first."""
    with connection.cursor(row_factory=class_row(Routine)) as cursor:
        found = cursor.execute(_ROUTINES_NAMED, {"schema": SCHEMA, "name": name}).fetchall()
    return sorted(found, key=lambda r: (len(r.names), r.description or "", r.names, r.types))


def choose(
    connection: psycopg.Connection,
    name: str,
    keys: frozenset[str],
    *,
    has_body: bool,
) -> Routine:
    """Return the function that a call with these argument names means.

    Only a call with a body can mean a function whose one parameter has no name.

    Raises:
        RestError: No function fits (PGRST202), or several do (PGRST203).
    """
    overloads = routines_named(connection, name)
    fitting = [r for r in overloads if not r.takes_whole_body and r.accepts(keys)]
    if has_body:
        fitting = fitting or [r for r in overloads if r.takes_whole_body]
    if not fitting:
        raise _unknown(name, sorted(keys), has_body=has_body)
    if len(fitting) > 1:
        listed = ", ".join(r.signature for r in fitting)
        raise RestError(
            300,
            "PGRST203",
            f"Could not choose the best candidate function between: {listed}",
            hint="Try renaming the parameters or the function itself in the database so "
            "function overloading can be resolved",
        )
    return fitting[0]


def _unknown(name: str, keys: list[str], *, has_body: bool) -> RestError:
    """Return PGRST202. PostgREST also suggests a similar name in `hint`; the gateway does not."""
    function = f"{SCHEMA}.{name}"
    listed = ", ".join(keys)
    called = f"({listed})" if keys else " without parameters"
    plural = "s" if len(keys) > 1 else ""
    searched = f" with parameter{plural} {listed}" if keys else " without parameters"
    if has_body:
        searched += " or with a single unnamed json/jsonb parameter"
    return RestError(
        404,
        "PGRST202",
        f"Could not find the function {function}{called} in the schema cache",
        details=f"Searched for the function {function}{searched}, but no matches were found in the "
        "schema cache.",
    )
