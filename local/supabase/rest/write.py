"""Writes of tables: refused as Postgres refuses them.

Nobody may write a table of Purse. The gateway tries the statement that PostgREST would run, so the
refusal is Postgres's own. A write that Postgres allows is taken back and answered 501.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.supabase.rest.errors import NotFoundError, RestError, unsupported
from local.supabase.rest.fragments import Fragment, compose, identifier, joined, value
from local.supabase.rest.query import Comparison
from local.supabase.rest.relations import Relation, relation_named
from local.supabase.rest.rendering import Renderer
from local.supabase.rest.routines import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.supabase.rest.payload import Payload
    from local.supabase.rest.plan import Plan
    from local.supabase.rest.query import Query
    from local.supabase.rest.transaction import Session


def require_range_allowed(query: Query, method: str) -> None:
    """Check `limit` and `offset` of a write.

    Raises:
        RestError: PGRST109: rows are limited and not sorted. PGRST114: PUT has a limit.
    """
    if method in ("PATCH", "DELETE") and query.ranges and not query.order:
        raise RestError(
            400,
            "PGRST109",
            "A 'limit' was applied without an explicit 'order'",
            hint="Apply an 'order' using unique column(s)",
        )
    if method == "PUT" and query.ranges:
        raise RestError(
            400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT"
        )


@dataclass(frozen=True)
class Write:
    """A write of a table's rows. `payload` is None for DELETE."""

    table: str
    query: Query
    plan: Plan
    payload: Payload | None
    returns_rows: bool


def refuse(session: Session, write: Write) -> RestError:
    """Return the error of a write that Postgres allows: the gateway cannot (501).

    Raises:
        NotFoundError: There is no such table.
        RestError: The request is wrong (PGRST105, PGRST204).
        psycopg.Error: The database refused, as it refuses every write of Purse's tables.
    """
    relation = relation_named(session.connection, write.table)
    if session.facts.method == "PUT":
        _require_whole_key(write.query, relation)
    statement = _statement(session.facts.method, write, relation)
    session.become_caller(read_only=False)
    with session.connection.transaction(force_rollback=True):
        session.connection.execute(statement.text.encode(), statement.values)
    return unsupported("writing rows of a table")


def _statement(method: str, write: Write, relation: Relation) -> Fragment:
    table = identifier(SCHEMA, write.table)
    where = Renderer(table, relation.json_columns).where(write.plan.conditions)
    if write.payload is None:
        changed = compose("delete from {table}{where}", table=table, where=where)
    elif method == "PATCH":
        changed = _update(table, relation, write.payload) + where
    else:
        changed = _insert(table, relation, write.payload)
    if not write.returns_rows or not write.plan.columns:
        return changed
    names = (Fragment("*") if c == "*" else identifier(c) for c in write.plan.columns)
    return changed + " returning " + joined(", ", (table + "." + name for name in names))


def _require_whole_key(query: Query, relation: Relation) -> None:
    if relation.is_view:
        raise unsupported("PUT of a view")
    by_value = all(
        not f.negated and isinstance(f.operation, Comparison) and f.operation.operator == "eq"
        for _, f in query.filters
    )
    whole = query.filtered == set(relation.primary_key) and bool(relation.primary_key)
    if query.logic or not whole or not by_value:
        raise RestError(
            405,
            "PGRST105",
            "Filters must include all and only primary key columns with 'eq' operators",
        )


def _known_columns(relation: Relation, payload: Payload) -> list[str]:
    columns = sorted(payload.keys)
    if columns and not relation.exists:
        raise NotFoundError
    for column in columns:
        if column not in relation.columns:
            raise RestError(
                400,
                "PGRST204",
                f"Column '{column}' of relation '{relation.name}' does not exist",
            )
    return columns


def _insert(table: Fragment, relation: Relation, payload: Payload) -> Fragment:
    columns = _known_columns(relation, payload)
    listed = joined(", ", map(identifier, columns))
    return compose(
        "insert into {table}{columns} select {values} from {rows}",
        table=table,
        columns=" (" + listed + ")" if columns else "",
        values=listed,
        rows=_rows(columns, relation, payload),
    )


def _update(table: Fragment, relation: Relation, payload: Payload) -> Fragment:
    columns = _known_columns(relation, payload)
    if not columns:
        return compose("select 1 from {table} where false", table=table)
    changes = (identifier(c) + " = pgrst_body." + identifier(c) for c in columns)
    return compose(
        "update {table} set {changes} from {rows}",
        table=table,
        changes=joined(", ", changes),
        rows=_rows(columns, relation, payload),
    )


_ROWS = """
    (select {document}::json as document) pgrst_payload,
    lateral (
      select case json_typeof(document)
        when 'array' then document else json_build_array(document) end as rows
    ) pgrst_rows,
    lateral (select * from {elements}) pgrst_body
"""


def _rows(columns: Sequence[str], relation: Relation, payload: Payload) -> Fragment:
    elements = Fragment("json_array_elements(rows)")
    if columns:
        typed = (identifier(c) + f" {relation.columns[c]}" for c in columns)
        elements = compose("json_to_recordset(rows) as _ ({columns})", columns=joined(", ", typed))
    return compose(_ROWS, document=value(payload.text), elements=elements)
