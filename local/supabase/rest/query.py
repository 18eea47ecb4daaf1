"""What a request asks for, as the parsers return it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.supabase.rest.ranges import Range


@dataclass(frozen=True)
class JsonStep:
    """A step into a JSON value: `->` or, as text, `->>`, with a key or an index such as +2."""

    as_text: bool
    operand: str
    is_index: bool


@dataclass(frozen=True)
class Field:
    """A column, and the path into its JSON value. `*` means every column."""

    name: str
    path: tuple[JsonStep, ...] = ()


@dataclass(frozen=True)
class SelectedField:
    """A column of the answer. `cast` is the name of a type, as it is written."""

    field: Field
    alias: str | None = None
    cast: str | None = None
    aggregate: str | None = None


@dataclass(frozen=True)
class SelectedRelation:
    """Rows of another table, embedded in the answer."""

    name: str


@dataclass(frozen=True)
class Comparison:
    """A column compared with a value, by an operator such as `eq`; `quantifier` is any or all."""

    operator: str
    value: str
    quantifier: str | None = None


@dataclass(frozen=True)
class Membership:
    """A column that must have one of these values."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Is:
    """A column that must be null, true, false or unknown."""

    word: str


@dataclass(frozen=True)
class IsDistinct:
    """A column that must differ from a value, with null as a value of its own."""

    value: str


@dataclass(frozen=True)
class TextSearch:
    """A column that must match a full-text query; `operator` is fts, plfts, phfts or wfts."""

    operator: str
    language: str | None
    value: str


Operation = Comparison | Membership | Is | IsDistinct | TextSearch


@dataclass(frozen=True)
class Filter:
    """A condition on one column."""

    field: Field
    operation: Operation
    negated: bool = False


@dataclass(frozen=True)
class Logic:
    """Conditions joined by `and` or `or`."""

    operator: str
    conditions: tuple[Condition, ...]
    negated: bool = False


Condition = Filter | Logic


@dataclass(frozen=True)
class OrderTerm:
    """A column to sort by. `relation` is the embedded table that it belongs to."""

    field: Field
    direction: str | None = None
    nulls: str | None = None
    relation: str | None = None


# Names of embedded tables, from the outermost to the one that a parameter means.
Path = tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """The query string of a request.

    Attributes:
        select: The columns of the answer, in order.
        filters: The conditions `column=operator.value`.
        logic: The conditions `and=(…)` and `or=(…)`.
        order: The columns to sort by.
        ranges: The rows that `limit` and `offset` name; the key "limit" means the table itself.
        arguments: What a function gets when it is called by GET.
        columns: The columns that a write names by `columns=`; None without it.
        filtered: The names on the left of all filters, as they are written.
        canonical: The parameters in alphabetical order, percent-encoded.
    """

    select: tuple[SelectedField | SelectedRelation, ...]
    filters: tuple[tuple[Path, Filter], ...] = ()
    logic: tuple[tuple[Path, Condition], ...] = ()
    order: tuple[tuple[Path, tuple[OrderTerm, ...]], ...] = ()
    ranges: dict[str, Range] = field(default_factory=dict)
    arguments: tuple[tuple[str, str], ...] = ()
    columns: frozenset[str] | None = None
    filtered: frozenset[str] = frozenset()
    canonical: str = ""
