"""A Postgres with many rows, and what a call costs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from ops.migrate import migrate

if TYPE_CHECKING:
    from local.postgres import Postgres


def fill(server: Postgres, statements: Path, users: int) -> None:
    """Migrate a new server, and run the statements for so many users."""
    migrate(server.url(), report=lambda _line: None)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        run_file(connection, statements, users)
    # Turns the triggers on again, each in its mode.
    migrate(server.url(), report=lambda _line: None)


def run_file(connection: psycopg.Connection, statements: Path, users: int) -> None:
    """Run the statements of a file for so many users, each in a transaction of its own."""
    connection.execute("set synchronous_commit = off")
    connection.execute(f"set bench.users = {users:d}".encode())
    for statement in statements.read_text("utf-8").split(";\n\n"):
        connection.execute(statement.encode())


def cpu_ms(connection: psycopg.Connection) -> float:
    """Return the CPU time of the connection's server process: a busy machine does not change it."""
    statistics_of = Path(f"/proc/{connection.info.backend_pid}/schedstat").read_text("ascii")
    return int(statistics_of.split()[0]) / 1e6


def value(connection: psycopg.Connection, query: str) -> Any:
    """Return the value that a query answers with."""
    row = connection.execute(query.encode()).fetchone()
    if row is None:
        raise RuntimeError(query)
    return row[0]
