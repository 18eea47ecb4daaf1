"""Apply sql/ to a database: `make migrate DATABASE_URL=…`.

Each file is one transaction, recorded in the table that Supabase's own CLI keeps
(supabase_migrations.schema_migrations), so that `supabase db push` and this command know of each
other's work and either may be used. A database that is no Supabase project is first given the roles
and the auth schema of one (local/supabase.sql); that part takes a superuser.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
MIGRATIONS = ROOT / "sql"
SUPABASE_SQL = ROOT / "local" / "supabase.sql"
CONNECT_TIMEOUT_SECONDS = 10

_FILE_NAME = re.compile(r"([0-9]{14})_([a-z0-9_]+)\.sql")
# The versions of the first, unreleased layout of sql/, whose files were regrouped and renamed.
_OLD_VERSION = re.compile(r"2026112[35]0000[0-9]{2}")
# Two runs at once take turns, file by file; a lock of the transaction works through any pooler.
_LOCK_KEY = 0x5075727365


def migrate(
    database_url: str, *, folder: Path = MIGRATIONS, report: Callable[[str], None] = print
) -> list[str]:
    """Apply what is missing, in order, and return the names of the files applied.

    Raises:
        StackError: No connection, a file that failed (its transaction is undone), a file that
            was changed after it was applied, or a database from before sql/ was regrouped.
    """
    with connect(database_url) as connection:
        _refuse_old_layout(connection, folder)
        _provide_supabase(connection, report=report)
        _prepare_record(connection)
        return [path.name for path in _files(folder) if _apply(connection, path, report=report)]


def connect(database_url: str) -> psycopg.Connection:
    """Connect so that each statement or transaction block stands for itself.

    Raises:
        StackError: With the driver's reason, but never the URL, which holds a password.
    """
    try:
        return psycopg.connect(
            database_url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            prepare_threshold=None,  # prepared statements do not survive a transaction pooler
            application_name="purse migrate",
        )
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise StackError(f"Cannot connect to DATABASE_URL: {reason}") from None


def _refuse_old_layout(connection: psycopg.Connection, folder: Path) -> None:
    """Refuse a database whose record holds versions from before the regrouping."""
    record = connection.execute(
        "select to_regclass('supabase_migrations.schema_migrations') is not null"
    ).fetchone()
    if record != (True,):
        return
    rows = connection.execute("select version from supabase_migrations.schema_migrations")
    versions = {version for (version,) in rows} - {path.name[:14] for path in _files(folder)}
    if any(_OLD_VERSION.fullmatch(version) for version in versions):
        raise StackError(
            "This database was made before sql/ was regrouped and cannot be migrated: the local"
            " stack needs `make run RESET=1`, which begins with an empty database."
        )


def _provide_supabase(connection: psycopg.Connection, *, report: Callable[[str], None]) -> None:
    if _is_supabase(connection):
        return
    with connection.transaction():
        _take_turn(connection)
        # Another run may have done it while this one waited.
        if not _is_supabase(connection):
            report("not a Supabase project: adding its roles and auth schema first")
            _run(connection, SUPABASE_SQL)


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
            raise StackError(f"{path.name} is not named like 20261128000002_catalogue.sql.")
    return paths


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
    connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK_KEY])


def _refuse_if_changed(path: Path, text: str, statements: list[str] | None) -> None:
    """Compare with what was recorded; the CLI records statement by statement, trimmed."""
    if statements is None or _essence(text) == _essence("".join(statements)):
        return
    raise StackError(
        f"{path.name} was changed after it was applied to this database. Restore it and put the "
        "change into a new file (on the local stack: make run RESET=1)."
    )


def _essence(text: str) -> str:
    return re.sub(r"[\s;]+", "", text)


def _run(connection: psycopg.Connection, path: Path) -> None:
    try:
        with connection.transaction():
            connection.execute(sql.SQL(path.read_text("utf-8")))
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = path.read_text("utf-8")[: int(position)].count("\n") + 1 if position else "?"
        raise StackError(f"{path.name}, line {line}: {error.diag.message_primary}") from None


def main() -> None:
    """Migrate the database in DATABASE_URL."""
    database_url = os.environ.get("DATABASE_URL")
    if not database_url:
        sys.exit("Say which database: make migrate DATABASE_URL=postgresql://…")
    try:
        applied = migrate(database_url)
    except StackError as error:
        sys.exit(f"{error}")
    print(f"{len(applied)} applied; the database is up to date.")


if __name__ == "__main__":
    main()
