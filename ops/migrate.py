"""Apply sql/ to a database: `make migrate DATABASE_URL=…`.

Each file is one transaction. It is recorded in supabase_migrations.schema_migrations, the table
that Supabase's own CLI uses, so `supabase db push` and this command can both be used on one
database. A database that is not a Supabase project first gets a project's roles and auth schema
(ops/bare_postgres.sql); only a superuser may do that.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from ops.reassert import reassert_access

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "sql"
BARE_POSTGRES_SQL = ROOT / "ops" / "bare_postgres.sql"
CONNECT_TIMEOUT_SECONDS = 10

_FILE_NAME = re.compile(r"([0-9]{14})_([a-z0-9_]+)\.sql")
# Concurrent runs take turns file by file. A transaction-level lock works through any pooler.
LOCK_KEY = 0x5075727365


class MigrationError(Exception):
    """The database cannot be migrated; the message is a sentence for the person who runs it."""


def migrate(
    database_url: str, *, folder: Path = MIGRATIONS, report: Callable[[str], None] = print
) -> list[str]:
    """Apply the files that are not applied yet, in order, and return their names.

    Afterwards put grants, row level security and trigger modes back as ops/access.py says.

    Raises:
        MigrationError: The database cannot be reached, a file failed (its transaction is rolled
            back), or a file was changed after it was applied.
    """
    with connect(database_url) as connection:
        paths = _files(folder)
        _refuse_older_files(connection, paths)
        _provide_supabase(connection, report=report)
        _prepare_record(connection)
        applied = [path.name for path in paths if _apply(connection, path, report=report)]
        if folder == MIGRATIONS:
            _reassert(connection, report=report)
        return applied


def _reassert(connection: psycopg.Connection, *, report: Callable[[str], None]) -> None:
    try:
        with connection.transaction():
            _take_turn(connection)
            corrected = reassert_access(connection)
    except psycopg.Error as error:
        raise MigrationError(
            f"Grants and triggers could not be put back: {error.diag.message_primary}. Run this as"
            " the owner of the tables."
        ) from None
    for name in corrected:
        report(f"put back the access of {name}")


def connect(database_url: str) -> psycopg.Connection:
    """Connect in autocommit mode.

    Raises:
        MigrationError: With the driver's reason, and never the URL, which contains a password.
    """
    try:
        return psycopg.connect(
            database_url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            prepare_threshold=None,  # transaction poolers do not support them
            application_name="purse migrate",
        )
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise MigrationError(f"Cannot connect to DATABASE_URL: {reason}") from None


def _provide_supabase(connection: psycopg.Connection, *, report: Callable[[str], None]) -> None:
    if _is_supabase(connection):
        return
    with connection.transaction():
        _take_turn(connection)
        # Another run may have done it while this one waited for the lock.
        if not _is_supabase(connection):
            report("not a Supabase project: adding the roles and the auth schema of one")
            _run(connection, BARE_POSTGRES_SQL)


def _is_supabase(connection: psycopg.Connection) -> bool:
    row = connection.execute(
        """
        select to_regprocedure('auth.uid()') is not null
            and (
                select count(*) = 3
                from pg_roles
                where rolname in ('anon', 'authenticated', 'service_role')
            )
        """
    ).fetchone()
    return bool(row and row[0])


def _prepare_record(connection: psycopg.Connection) -> None:
    with connection.transaction():
        _take_turn(connection)
        connection.execute("create schema if not exists supabase_migrations")
        connection.execute(
            """
            create table if not exists supabase_migrations.schema_migrations (
                version    text not null primary key,
                statements text[],
                name       text
            )
            """
        )


def _files(folder: Path) -> list[Path]:
    paths = sorted(folder.glob("*.sql"))
    for path in paths:
        if not _FILE_NAME.fullmatch(path.name):
            raise MigrationError(
                f"{path.name} is not named like the others, such as 20261128000002_catalogue.sql."
            )
    return paths


def _refuse_older_files(connection: psycopg.Connection, paths: list[Path]) -> None:
    """Refuse a database whose tables come from other files than those in the folder.

    Before the first release, files of sql/ were renamed. Applying the new ones on top would fail
    at a table that exists already.
    """
    row = connection.execute(
        """
        select to_regclass('public.credit_transactions') is not null,
            to_regclass('supabase_migrations.schema_migrations') is not null
        """
    ).fetchone()
    has_tables, has_record = row or (False, False)
    recorded: set[str] = set()
    if has_record:
        rows = connection.execute("select version from supabase_migrations.schema_migrations")
        recorded = {version for (version,) in rows}
    if has_tables and recorded.isdisjoint(path.stem.partition("_")[0] for path in paths):
        raise MigrationError(
            "This database has Purse's tables, but none of the files in sql/ is recorded in it: "
            "they come from an earlier version of sql/. Use a new database. On the local stack, "
            "start over: make run RESET=1"
        )


def _apply(connection: psycopg.Connection, path: Path, *, report: Callable[[str], None]) -> bool:
    version, _, name = path.stem.partition("_")
    text = path.read_text("utf-8")
    with connection.transaction():
        _take_turn(connection)
        recorded = connection.execute(
            "select statements from supabase_migrations.schema_migrations where version = %s",
            [version],
        ).fetchone()
        if recorded:
            _refuse_if_changed(path, text, recorded[0])
            return False
        _run(connection, path)
        connection.execute(
            """
            insert into supabase_migrations.schema_migrations (version, statements, name)
            values (%s, array[%s], %s)
            """,
            [version, text, name],
        )
    report(f"applied {path.name}")
    return True


def _take_turn(connection: psycopg.Connection) -> None:
    connection.execute("select pg_advisory_xact_lock(%s)", [LOCK_KEY])
    # Postgres learns what others committed when it locks a relation, and not from the line above.
    # Without this, `create schema if not exists` may fail on a schema that it has not heard of.
    connection.execute("select from pg_catalog.pg_namespace limit 1")


def _refuse_if_changed(path: Path, text: str, statements: list[str] | None) -> None:
    """Compare a file with its record; Supabase's CLI records trimmed single statements."""
    if statements is None or _without_spaces(text) == _without_spaces("".join(statements)):
        return
    raise MigrationError(
        f"{path.name} was changed after it was applied to this database. Restore the file and put "
        "the change into a new one. On the local stack you can start over: make run RESET=1"
    )


def _without_spaces(text: str) -> str:
    return re.sub(r"[\s;]+", "", text)


def _run(connection: psycopg.Connection, path: Path) -> None:
    try:
        with connection.transaction():
            connection.execute(sql.SQL(path.read_text("utf-8")))
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = path.read_text("utf-8")[: int(position)].count("\n") + 1 if position else "?"
        raise MigrationError(f"{path.name}, line {line}: {error.diag.message_primary}") from None


def main() -> None:
    """Migrate the database that DATABASE_URL names; exit with 1 and a sentence if that fails."""
    database_url = os.environ.get("DATABASE_URL")
    if not database_url:
        sys.exit("DATABASE_URL is not set. Run: make migrate DATABASE_URL=postgresql://…")
    try:
        applied = migrate(database_url)
    except MigrationError as error:
        sys.exit(str(error))
    files = "1 file" if len(applied) == 1 else f"{len(applied)} files"
    print(f"Applied {files}. The database is up to date.")


if __name__ == "__main__":
    main()
