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
    where = renderer.where(plan.conditions)
    every = compose("select 1 from {table}{where}", table=table, where=where)
    # One more than an answer can have tells that there are more.
    limit = f" limit {ROWS_AT_MOST + 1}" if shape.estimates_count else ""
    rows = Fragment("select * from pgrst_source")
    result = run(session, Reading(renderer.rows(table, plan), rows, every + limit), shape)
    counted = result.total or 0
    if shape.plans_count or (shape.estimates_count and counted > ROWS_AT_MOST):
        return Result(result.body, result.rows, max(counted, planned_rows(session, every)))
    return result
