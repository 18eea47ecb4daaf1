"""Lets time pass in our own database, as if everything in it had happened earlier.

The database stamps its rows itself, and it has no clock that we could set. So we do the reverse:
what has happened is moved into the past. All times move by the same span in one transaction, so
every order and every distance between them stays. Only `make run` does this, at its first start
and as the superuser of its own Postgres, before anybody reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import LiteralString

    import psycopg

# The account itself must not be younger than its purchases. Sessions stay as they are.
_COLUMNS = """
    select n.nspname, c.relname, array_agg(a.attname::text order by a.attnum)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid
    where c.relkind = 'r'
        and a.atttypid = 'timestamptz'::regtype
        and not a.attisdropped
        and a.attgenerated = ''
        and (n.nspname in ('public', 'purse') or (n.nspname, c.relname) = ('auth', 'users'))
    group by n.nspname, c.relname
    order by n.nspname, c.relname
"""
# The triggers of the append-only tables.
_GUARDS = """
    select n.nspname, c.relname, t.tgname
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_proc p on p.oid = t.tgfoid
    where p.pronamespace = 'purse'::regnamespace
        and p.proname like 'forbid\\_%'
    order by n.nspname, c.relname, t.tgname
"""


class PassingTime:
    """Moves every time in the tables of Purse into the past.

    Args:
        superuser: A connection to the local Postgres, outside any transaction.
    """

    def __init__(self, superuser: psycopg.Connection) -> None:
        self._superuser = superuser
        self._tables = [
            (sql.Identifier(schema, table), [sql.Identifier(column) for column in columns])
            for schema, table, columns in superuser.execute(_COLUMNS)
        ]
        self._guards = [
            (sql.Identifier(schema, table), sql.Identifier(trigger))
            for schema, table, trigger in superuser.execute(_GUARDS)
        ]

    def pass_by(self, span: timedelta) -> None:
        """Let so much time pass, in one transaction.

        The guards of the append-only tables are off within that transaction alone.
        """
        moves = [
            sql.SQL("update {} set {}").format(
                table,
                sql.SQL(", ").join(
                    sql.SQL("{0} = {0} - {1}").format(column, sql.Literal(span))
                    for column in columns
                ),
            )
            for table, columns in self._tables
        ]
        script = sql.SQL(";\n").join(
            [
                sql.SQL("set local synchronous_commit = off"),
                *self._switch("disable"),
                *moves,
                *self._switch("enable always"),
            ]
        )
        with self._superuser.transaction():
            self._superuser.execute(script)

    def _switch(self, mode: LiteralString) -> list[sql.Composed]:
        return [
            sql.SQL(f"alter table {{}} {mode} trigger {{}}").format(table, guard)
            for table, guard in self._guards
        ]
