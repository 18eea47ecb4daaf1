"""Decide what a request's query means for one table, or which feature it needs that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.supabase.rest.errors import RestError, unsupported
from local.supabase.rest.query import Filter, SelectedRelation
from local.supabase.rest.ranges import EVERY_ROW, Range, requested

if TYPE_CHECKING:
    from local.supabase.rest.query import Condition, OrderTerm, Path, Query, SelectedField

# Supabase's setting for PostgREST (db-max-rows).
ROWS_AT_MOST = 1000
_ROOT: Path = ()


@dataclass(frozen=True)
class Plan:
    """What to read of one table. `asked` is the range that the request named."""

    select: tuple[SelectedField, ...]
    conditions: tuple[Condition, ...]
    order: tuple[OrderTerm, ...]
    asked: Range

    @property
    def rows(self) -> Range:
        """The rows to read: not more than ROWS_AT_MOST."""
        return self.asked.restricted(ROWS_AT_MOST)

    @property
    def columns(self) -> list[str]:
        """The columns that the answer needs, each once; `*` alone if it needs all."""
        names = {selected.field.name for selected in self.select}
        return ["*"] if "*" in names else sorted(names)

    @property
    def uses_json_paths(self) -> bool:
        """Whether a column's JSON is looked into."""
        fields = [selected.field for selected in self.select]
        fields += [term.field for term in self.order]
        return any(field.path for field in fields) or any(map(_has_path, self.conditions))


def make_plan(query: Query, asked: Range) -> Plan:
    """Return the plan of a query.

    Raises:
        RestError: It embeds tables (501), filters or sorts by a table that is not embedded
            (PGRST108), or uses aggregates (PGRST123), which Supabase has switched off too.
    """
    selected = []
    for item in query.select:
        if isinstance(item, SelectedRelation):
            raise unsupported(f"embedding ({item.name} in select)")
        selected.append(item)
    _require_root([path for path, _ in query.filters])
    _require_root([path for path, _ in query.order])
    _require_root([tuple(key.split(".")[:-1]) for key in query.ranges])
    _require_root([path for path, _ in query.logic])
    order = next((terms for _, terms in query.order), ())
    related = next((term.relation for term in order if term.relation is not None), None)
    if related is not None:
        raise _not_embedded(related)
    if any(item.aggregate is not None for item in selected):
        raise RestError(400, "PGRST123", "Use of aggregate functions is not allowed")
    conditions = (*(c for _, c in query.logic), *(f for _, f in query.filters))
    return Plan(tuple(selected), conditions, order, asked)


def asked_range(query: Query, header: str | None) -> Range:
    """Return the rows that the query and the Range header name.

    Raises:
        RestError: PGRST103: they name none.
    """
    return requested(header, query.ranges.get("limit", EVERY_ROW))


def _require_root(paths: list[Path]) -> None:
    """Refuse a path to an embedded table, of which there is none. PostgREST names the last."""
    outside = [path for path in paths if path != _ROOT]
    if outside:
        raise _not_embedded(outside[-1][0])


def _not_embedded(name: str) -> RestError:
    return RestError(
        400,
        "PGRST108",
        f"'{name}' is not an embedded resource in this request",
        hint=f"Verify that '{name}' is included in the 'select' query parameter.",
    )


def _has_path(condition: Condition) -> bool:
    if isinstance(condition, Filter):
        return bool(condition.field.path)
    return any(map(_has_path, condition.conditions))
