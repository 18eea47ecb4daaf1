"""Run the one statement that reads rows, counts them, and renders the body of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.supabase.rest.errors import RestError, unsupported
from local.supabase.rest.fragments import NOTHING, Fragment, compose
from local.supabase.rest.negotiation import CSV

if TYPE_CHECKING:
    from local.supabase.rest.negotiation import Shape
    from local.supabase.rest.transaction import Session

# Functions may set these to change the answer; PostgREST obeys.
_OVERRIDES = (
    "coalesce(nullif(current_setting('response.headers', true), ''),"
    " nullif(current_setting('response.status', true), ''))"
)
_CSV = (
    "(select coalesce(string_agg(h.k, ','), '') from ("
    "select json_object_keys(r)::text as k from ("
    "select row_to_json(s) as r from pgrst_source s limit 1) f) h) || E'\\n' || "
    "coalesce(string_agg(substring(pgrst_rows::text, 2, length(pgrst_rows::text) - 2), E'\\n'), '')"
)


@dataclass(frozen=True)
class Reading:
    """What a statement reads.

    Attributes:
        source: What the name pgrst_source stands for.
        rows: The statement that reads the answer's rows, perhaps from pgrst_source.
        count: The statement that has one row for each row that there is without a limit.
        value: The SQL of one row's JSON.
        number: The SQL of the number of rows.
        is_list: Whether the JSON is an array, unless one object was requested.
    """

    source: Fragment
    rows: Fragment
    count: Fragment
    value: str = "pgrst_rows"
    number: str = "count(pgrst_rows)"
    is_list: bool = True


@dataclass(frozen=True)
class Result:
    """The body of an answer (None for void), its number of rows, and the number of all rows."""

    body: str | None
    rows: int
    total: int | None


def run(session: Session, reading: Reading, shape: Shape) -> Result:
    """Run the statement with the role that the transaction has.

    Raises:
        RestError: PGRST116: one object was requested, and there is not exactly one row.
            501: a function changed the answer's headers or status.
        psycopg.Error: The database refused or failed.
    """
    statement = compose(
        "with pgrst_source as ({source}){counting}"
        " select {total}, {number}, {body}::text, {overrides} from ({rows}) pgrst_rows",
        source=reading.source,
        counting=_counting(reading, shape),
        total="(select count(*) from pgrst_count)" if shape.counts_rows else "null::bigint",
        number=reading.number,
        body=_body(reading, shape),
        overrides=_OVERRIDES,
        rows=reading.rows,
    )
    total, number, body, overrides = session.fetch_row(statement)
    if overrides is not None:
        raise unsupported("response.headers and response.status of a function")
    if shape.singular and number != 1:
        raise RestError(
            406,
            "PGRST116",
            "JSON object requested, multiple (or no) rows returned",
            details=f"The result contains {number} rows",
        )
    return Result(body, number, total)


def planned_rows(session: Session, count: Fragment) -> int:
    """Return how many rows the planner expects.

    Raises:
        psycopg.Error: The database refused or failed.
    """
    (document,) = session.fetch_row("explain (format json) " + count)
    rows: int = document[0]["Plan"]["Plan Rows"]
    return rows


def _counting(reading: Reading, shape: Shape) -> Fragment:
    if not shape.counts_rows:
        return NOTHING
    return compose(", pgrst_count as ({count})", count=reading.count)


def _body(reading: Reading, shape: Shape) -> str:
    if shape.headers_only:
        return "''"
    if shape.media_type == CSV:
        return _CSV
    as_list = reading.is_list and not shape.singular
    rows = f"json_agg({reading.value})" + ("" if as_list else "->0")
    if shape.strips_nulls:
        rows = f"json_strip_nulls({rows})"
    return f"coalesce({rows}, '{'[]' if as_list else 'null'}')"
