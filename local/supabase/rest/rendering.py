"""Render what a request asks for as the SQL that PostgREST would send."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from local.supabase.rest.fragments import NOTHING, Fragment, compose, identifier, joined, value
from local.supabase.rest.query import (
    Comparison,
    Filter,
    Is,
    IsDistinct,
    Membership,
    TextSearch,
)
from local.supabase.rest.ranges import EVERY_ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.supabase.rest.plan import Plan
    from local.supabase.rest.query import Condition, Field, Operation, OrderTerm, SelectedField
    from local.supabase.rest.ranges import Range

_OPERATORS = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "like",
    "ilike": "ilike",
    "match": "~",
    "imatch": "~*",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "sl": "<<",
    "sr": ">>",
    "nxr": "&<",
    "nxl": "&>",
    "adj": "-|-",
}
_SEARCHES = {
    "fts": "to_tsquery",
    "plfts": "plainto_tsquery",
    "phfts": "phraseto_tsquery",
    "wfts": "websearch_to_tsquery",
}
_NULLS = {"nullsfirst": "nulls first", "nullslast": "nulls last"}
# The grammar lets nothing else through. A cast is not quoted, because names such as
# `double precision` and `int` are no identifiers.
_TYPE_NAME = re.compile(r"[\w $]+")


class Renderer:
    """Renders conditions and columns of one table.

    Args:
        table: The table, or its alias, before each column.
        json_columns: The columns that need no conversion before a JSON path.
    """

    def __init__(self, table: Fragment, json_columns: frozenset[str]) -> None:
        self._table = table
        self._json_columns = json_columns

    def rows(self, source: Fragment, plan: Plan) -> Fragment:
        """Return the statement that reads a plan's rows."""
        selected = joined(", ", map(self._selected, plan.select))
        return compose(
            "select {columns} from {source}{where}{order}{limit}",
            columns=selected if plan.select else self._table + ".*",
            source=source,
            where=self.where(plan.conditions),
            order=self._order_by(plan.order),
            limit=_limit(plan.rows),
        )

    def where(self, conditions: Sequence[Condition]) -> Fragment:
        """Return the WHERE clause."""
        if not conditions:
            return NOTHING
        return " where " + joined(" and ", map(self._condition, conditions))

    def _column(self, field: Field) -> Fragment:
        name = Fragment("*") if field.name == "*" else identifier(field.name)
        column = self._table + "." + name
        if not field.path:
            return column
        if field.name not in self._json_columns:
            column = "to_jsonb(" + column + ")"
        for step in field.path:
            column = column + ("->>" if step.as_text else "->") + value(step.operand)
            column = column + ("::int" if step.is_index else "")
        return column

    def _selected(self, selected: SelectedField) -> Fragment:
        column = self._column(selected.field)
        if selected.cast is not None:
            if not _TYPE_NAME.fullmatch(selected.cast):
                raise ValueError(selected.cast)
            column = "cast(" + column + f" as {selected.cast})"
        alias = selected.alias or _alias(selected.field)
        return column if alias is None else column + " as " + identifier(alias)

    def _condition(self, condition: Condition) -> Fragment:
        negation = "not " if condition.negated else ""
        if isinstance(condition, Filter):
            return negation + self._column(condition.field) + " " + _operation(condition.operation)
        parts = joined(f" {condition.operator} ", map(self._condition, condition.conditions))
        return f"{negation}(" + parts + ")"

    def _order_by(self, order: Sequence[OrderTerm]) -> Fragment:
        if not order:
            return NOTHING
        return " order by " + joined(", ", map(self._sorted, order))

    def _sorted(self, term: OrderTerm) -> Fragment:
        return (
            self._column(term.field) + f" {term.direction or ''} {_NULLS.get(term.nulls or '', '')}"
        )


def _alias(field: Field) -> str | None:
    """Return the name that PostgREST gives to a value from a JSON path: its last key."""
    if not field.path:
        return None
    keys = [step.operand for step in field.path if not step.is_index]
    return keys[-1] if keys else field.name


def _operation(operation: Operation) -> Fragment:
    match operation:
        case Comparison(operator, text, quantifier):
            if operator in ("like", "ilike"):
                text = text.replace("*", "%")
            right = value(text)
            if quantifier is not None:
                right = f"{quantifier}(" + right + ")"
            return f"{_OPERATORS[operator]} " + right
        case Membership(("",)):
            return Fragment("= any('{}')")
        case Membership(values):
            return "= any(" + value(_array(values)) + ")"
        case Is(word):
            return Fragment(f"is {word}")
        case IsDistinct(text):
            return "is distinct from " + value(text)
        case TextSearch(operator, language, text):
            configuration = NOTHING if language is None else value(language) + ", "
            return f"@@ {_SEARCHES[operator]}(" + configuration + value(text) + ")"


def _array(values: Sequence[str]) -> str:
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in values)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"


def _limit(rows: Range) -> Fragment:
    if rows == EVERY_ROW:
        return NOTHING
    limit = Fragment("all") if rows.limit is None else value(str(rows.limit))
    return " limit " + limit + " offset " + value(str(rows.lower))
