"""Put grants, row level security and trigger modes back as sql/ and ops/access.py say.

`make migrate` does this every time. A dump that is restored into a new project arrives with that
project's default privileges, and one made with `pg_dump --disable-triggers` arrives with triggers
in their ordinary mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from ops.access import FUNCTIONS, ROLES, SCHEMAS, TABLES, TRIGGERS, VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import psycopg

_EVERYBODY = sql.SQL(", ").join([sql.SQL("public"), *map(sql.Identifier, ROLES)])
_PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]


def reassert_access(connection: psycopg.Connection[Any]) -> list[str]:
    """Correct what differs, in the open transaction; return the names of what was corrected.

    Objects that are not listed, and listed ones that do not exist, are left alone.
    """
    corrected = []
    for name, statements in _corrections(connection):
        for statement in statements:
            connection.execute(statement)
        corrected.append(name)
    return corrected


def _corrections(
    connection: psycopg.Connection[Any],
) -> Iterator[tuple[str, list[sql.Composed]]]:
    yield from _schemas(connection)
    yield from _tables(connection)
    yield from _functions(connection)
    yield from _row_security(connection)
    yield from _triggers(connection)


def _schemas(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, list[sql.Composed]]]:
    rows = connection.execute(
        """
        select n.nspname,
            array(select r from unnest(%s::text[]) r where has_schema_privilege(r, n.oid, 'USAGE')),
            exists (
                select from unnest(%s::text[]) r where has_schema_privilege(r, n.oid, 'CREATE')
            )
        from pg_catalog.pg_namespace n
        where n.nspname = any (%s)
        """,
        [list(ROLES), list(ROLES), list(SCHEMAS)],
    ).fetchall()
    for name, users, may_create in rows:
        if set(users) != SCHEMAS[name] or may_create:
            yield name, _grant("schema", sql.Identifier(name), "usage", SCHEMAS[name])


def _tables(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, list[sql.Composed]]]:
    listed = TABLES | VIEWS
    rows = connection.execute(
        """
        select n.nspname, c.relname, array(
            select r || ' ' || p
            from unnest(%s::text[]) r, unnest(%s::text[]) p
            where has_table_privilege(r, c.oid, p)
        )
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname || '.' || c.relname = any (%s) and c.relkind in ('r', 'p', 'v', 'm')
        """,
        [list(ROLES), _PRIVILEGES, list(listed)],
    ).fetchall()
    for schema, table, granted in rows:
        readers = listed[f"{schema}.{table}"]
        if set(granted) != {f"{role} SELECT" for role in readers}:
            yield (
                f"{schema}.{table}",
                _grant("table", sql.Identifier(schema, table), "select", readers),
            )


def _functions(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, list[sql.Composed]]]:
    rows = connection.execute(
        """
        select n.nspname || '.' || p.proname, p.oid::regprocedure::text,
            array(
                select r from unnest(%s::text[]) r
                where has_function_privilege(r, p.oid, 'EXECUTE')
            )
        from pg_catalog.pg_proc p
        join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname || '.' || p.proname = any (%s)
        """,
        [list(ROLES), list(FUNCTIONS)],
    ).fetchall()
    for name, signature, callers in rows:
        if set(callers) != FUNCTIONS[name]:
            # Postgres has quoted the signature where it must be.
            yield name, _grant("function", sql.SQL(signature), "execute", FUNCTIONS[name])


def _row_security(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, list[sql.Composed]]]:
    rows = connection.execute(
        """
        select n.nspname, c.relname
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname || '.' || c.relname = any (%s) and not c.relrowsecurity
        """,
        [list(TABLES)],
    ).fetchall()
    for schema, table in rows:
        statement = sql.SQL("alter table {} enable row level security")
        yield f"{schema}.{table}", [statement.format(sql.Identifier(schema, table))]


def _triggers(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, list[sql.Composed]]]:
    rows = connection.execute(
        """
        select n.nspname, c.relname, t.tgname, t.tgenabled::text
        from pg_catalog.pg_trigger t
        join pg_catalog.pg_class c on c.oid = t.tgrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname || '.' || c.relname || '.' || t.tgname = any (%s)
        """,
        [list(TRIGGERS)],
    ).fetchall()
    for schema, table, trigger, mode in rows:
        if mode != TRIGGERS[f"{schema}.{table}.{trigger}"]:
            statement = sql.SQL("alter table {} enable always trigger {}")
            yield (
                f"{schema}.{table}.{trigger}",
                [statement.format(sql.Identifier(schema, table), sql.Identifier(trigger))],
            )


def _grant(
    kind: str, name: sql.Composable, privilege: str, roles: Iterable[str]
) -> list[sql.Composed]:
    """Return the statements that grant a privilege to exactly these roles."""
    revoke = sql.SQL("revoke all on {} {} from {}").format(sql.SQL(kind), name, _EVERYBODY)
    grants = [
        sql.SQL("grant {} on {} {} to {}").format(
            sql.SQL(privilege), sql.SQL(kind), name, sql.Identifier(role)
        )
        for role in sorted(roles)
    ]
    return [revoke, *grants]
