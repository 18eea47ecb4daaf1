"""Read rows of a table or view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.supabase.rest.fragments import Fragment, compose, identifier
from local.supabase.rest.plan import ROWS_AT_MOST
from local.supabase.rest.relations import relation_named
from local.supabase.rest.rendering import Renderer
from local.supabase.rest.routines import SCHEMA
from local.supabase.rest.statements import Reading, Result, planned_rows, run

if TYPE_CHECKING:
    from local.supabase.rest.negotiation import Shape
    from local.supabase.rest.plan import Plan
    from local.supabase.rest.transaction import Session


def read_table(session: Session, name: str, plan: Plan, shape: Shape) -> Result:
    """Read rows with the caller's rights.

    Raises:
        RestError: One object was requested, and there is not exactly one row.
        psycopg.Error: The database refused or failed.
    """
    known: frozenset[str] = frozenset()
    if plan.uses_json_paths:
        known = relation_named(session.connection, name).json_columns
    session.become_caller(read_only=True)
    table = identifier(SCHEMA, name)
    renderer = Renderer(table, known)
    reading = Reading(
        source=renderer.rows(table, plan),
        rows=Fragment("select * from pgrst_source"),
        count=compose(
            "select 1 from {table}{where}", table=table, where=renderer.where(plan.conditions)
        ),
    )
    result = run(session, reading, shape)
    passed_limit = shape.limits_count and (result.total or 0) > ROWS_AT_MOST
    if shape.plans_count or passed_limit:
        total = max(result.total or 0, planned_rows(session, reading.count))
        return Result(result.body, result.rows, total)
    return result
