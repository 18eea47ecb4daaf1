"""Measure the roll-forward of the running month at 1,000,000 ledger rows: `make bench-books`.

Eleven earlier months are sealed first, one after the other. Prints the time and the CPU time of the
server for each seal and for reading the open month, and the plan of the latter. Fails if the
median of reading takes over 300 ms of the server's CPU time. Linux.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from local.ports import reserved
from local.postgres import Postgres
from tests.bench.filled_server import cpu_ms, fill, value

FILL = Path(__file__).with_name("books.sql")
ROWS = int(os.environ.get("ROWS") or 1_000_000)
ROWS_A_USER = 11
MONTHS = 11
CALLS = 5
LIMIT_MS = 300


def main() -> None:
    """Print the figures; exit with 1 if reading is too slow."""
    with (
        tempfile.TemporaryDirectory(prefix="purse-books-") as folder,
        reserved(None, remembered=None) as port,
    ):
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "postgres", port, "bench")
        server.start()
        try:
            fill(server, FILL, ROWS // ROWS_A_USER)
            is_fast = _measure(server)
        finally:
            server.stop()
    if not is_fast:
        sys.exit(1)


def _measure(server: Postgres) -> bool:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        rows = value(connection, "select count(*) from credit_transactions")
        print(f"{rows:,} ledger rows; milliseconds: elapsed, of CPU")
        running = datetime.now(UTC).date().replace(day=1)
        for month in _months_before(running):
            _timed(connection, f"select seal_month('{month}', 'bench')", f"seal {month}")
        read = f"select read_books('{running}')"
        _timed(connection, read, "without days")
        _timed(connection, "select sum_book_days()", "add up the days")
        times = [_timed(connection, read, f"read {running}") for _ in range(CALLS)]
        day = value(connection, "select max(id) - count(*) / 365 from credit_transactions")
        days_rows = f"select count(*) from purse.book_movements({day}, {2**63 - 1})"
        _timed(connection, days_rows, "a day's rows")
        _timed(connection, "select read_postings(read_books('" + str(running) + "'))", "postings")
        in_month = value(
            connection,
            "select count(*) from credit_transactions"
            " where id > (select max(last_id) from book_months)",
        )
        figures = value(connection, f"select read_books('{running}') -> 'figures'")
        print(f"rows in the open month: {in_month:,}")
        print(*figures, sep="\n")
        print(_plan(connection, read))
    return statistics.median(times) <= LIMIT_MS


def _months_before(running: Any) -> list[Any]:
    months = []
    month = running
    for _ in range(MONTHS):
        month = month.replace(
            year=month.year - (month.month == 1), month=(month.month - 2) % 12 + 1
        )
        months.append(month)
    return months[::-1]


def _timed(connection: psycopg.Connection, sql: str, name: str) -> float:
    began, before = time.monotonic(), cpu_ms(connection)
    connection.execute(sql.encode())
    spent = cpu_ms(connection) - before
    print(f"  {name:<18} {(time.monotonic() - began) * 1000:>8.0f} {spent:>8.0f}", flush=True)
    return spent


def _plan(connection: psycopg.Connection, sql: str) -> str:
    """Return the plan of the roll-forward that a call reads, with what it took."""
    rows = connection.execute(b"explain (analyze, buffers) " + sql.encode()).fetchall()
    body = value(connection, "select prosrc from pg_proc where proname = 'book_sums'")
    last = value(connection, "select max(last_id) from book_months")
    body = body.replace("p_after", str(last)).replace("p_to", str(2**63 - 1))
    rows += connection.execute(b"explain (analyze, buffers) " + body.encode()).fetchall()
    return "\n".join(row[0] for row in rows)


if __name__ == "__main__":
    main()
