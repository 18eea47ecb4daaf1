"""What the catalogue knows about a table or view of the exposed schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.supabase.rest.routines import SCHEMA

if TYPE_CHECKING:
    import psycopg

_COLUMNS = """
    select
      a.attname::text,
      pg_catalog.format_type(a.atttypid, a.atttypmod),
      coalesce(a.attnum = any(k.conkey), false),
      c.relkind in ('v', 'm')
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
    where c.relnamespace = %s::text::regnamespace
      and c.relkind in ('r', 'v', 'm', 'f', 'p')
      and c.relname = %s::text
    order by a.attnum
"""


@dataclass(frozen=True)
class Relation:
    """A table or view: the types of its columns, and its primary key."""

    name: str
    columns: dict[str, str]
    primary_key: tuple[str, ...]
    is_view: bool

    @property
    def exists(self) -> bool:
        """Whether there is such a table."""
        return bool(self.columns)

    @property
    def json_columns(self) -> frozenset[str]:
        """The columns of the types json and jsonb."""
        return frozenset(n for n, kind in self.columns.items() if kind in ("json", "jsonb"))


def relation_named(connection: psycopg.Connection, name: str) -> Relation:
    """Return a table or view; one without columns if there is none of that name."""
    rows = connection.execute(_COLUMNS, [SCHEMA, name]).fetchall()
    return Relation(
        name,
        {column: kind for column, kind, _, _ in rows},
        tuple(column for column, _, in_key, _ in rows if in_key),
        any(is_view for *_, is_view in rows),
    )
