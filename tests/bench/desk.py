"""Measure the desk's pages at 1,000,000 accounts and 12,000,000 ledger rows: `make bench-desk`.

Prints for each call the elapsed time and the CPU time of the server, medians of CALLS; of a slow
one also what it reads, and the functions within it that take the time. Fails if a call takes over
300 ms of the server's CPU time. Needs 8 GB of disk and ten minutes. Linux.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from local.ports import reserved
from local.postgres import Postgres
from tests.bench.filled_server import cpu_ms, fill, run_file, value

FILLS = tuple(Path(__file__).with_name(name) for name in ("large.sql", "desk.sql"))
USERS = int(os.environ.get("USERS") or 1_000_000)
CALLS = 5
LIMIT_MS = 300

ADMIN = "bench.user_id(1)"
PAGES = {
    "role": f"desk_role({ADMIN})",
    "Today": f"desk_today({ADMIN})",
    "People: a user's id": f"desk_find({ADMIN}, bench.user_id(77)::text)",
    "People: an address": f"desk_find({ADMIN}, 'person77@example.com')",
    "People: an order": f"desk_find({ADMIN}, bench.order_id(11)::text)",
    "People: a payment": f"desk_find({ADMIN}, 'pi_again_13')",
    "People: a part of a name": f"desk_find({ADMIN}, 'nobody of that name')",
    "a person with few rows": f"desk_person({ADMIN}, bench.user_id(7))",
    "a person with 1,000 lots": f"desk_person({ADMIN}, bench.user_id(10000))",
    "a person with 100,000 rows": f"desk_person({ADMIN}, bench.user_id(1))",
    "their history, a later page": (
        f"desk_person({ADMIN}, bench.user_id(1),"
        " (select min(id) + 1000 from credit_transactions where user_id = bench.user_id(1)))"
    ),
    "a verdict, 100,000 rows": f"desk_verdict({ADMIN}, bench.user_id(1))",
    "an order's refunds": f"desk_refunds({ADMIN}, bench.order_id(11))",
    "preview of a grant": (
        f"desk_act({ADMIN}, 'grant', bench.user_id(1), '{{\"credits\": 5}}', 'bench', null,"
        " p_preview => true)"
    ),
    **{
        f"{page}: {days} days": f"{function}({ADMIN}, {days})"
        for page, function in (("Money", "desk_money"), ("Conversion", "desk_conversion"))
        for days in (7, 30, 90, 365)
    },
    "Use": f"desk_use({ADMIN})",
    "Prices": f"desk_prices({ADMIN})",
    "opened the store": "note_store_opened(bench.user_id(9))",
}


def main() -> None:
    """Print the figures; exit with 1 if a call is too slow."""
    with (
        tempfile.TemporaryDirectory(prefix="purse-desk-") as folder,
        reserved(None, remembered=None) as port,
    ):
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "postgres", port, "bench")
        server.start()
        try:
            began = time.monotonic()
            _fill(server)
            print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
            slow = measure(server.url())
        finally:
            server.stop()
    if slow:
        sys.exit(1)


def _fill(server: Postgres) -> None:
    large, desk = FILLS
    fill(server, large, USERS)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        run_file(connection, desk, USERS)
        while value(connection, "select sum_conversion_days()"):
            pass


def measure(url: str) -> list[str]:
    """Print the table and the slow plans; return the calls over the limit."""
    with psycopg.connect(url) as connection:
        counted = [
            f"{value(connection, f'select count(*) from {table}'):,} {what}"
            for table, what in (
                ("auth.users", "accounts"),
                ("credit_transactions", "ledger rows"),
                ("credit_lots", "lots"),
                ("purchases", "orders"),
                ("stripe_events", "events"),
            )
        ]
    print(", ".join(counted))
    print(f"milliseconds: elapsed, of CPU; medians of {CALLS} (limit {LIMIT_MS} of CPU)")
    slow = []
    for name, call in PAGES.items():
        elapsed, spent = zip(*(_call(url, call) for _ in range(CALLS)), strict=True)
        milliseconds = statistics.median(spent)
        print(f"  {name:<28} {statistics.median(elapsed):>8.1f} {milliseconds:>8.1f}", flush=True)
        if milliseconds > LIMIT_MS:
            slow.append(name)
            print(_plans(url, call), flush=True)
    print(f"over {LIMIT_MS} ms: {', '.join(slow) or 'none'}")
    return slow


def _call(url: str, call: str) -> tuple[float, float]:
    """Call on a new connection, as after a quiet time, and take it back."""
    with psycopg.connect(url) as connection:
        connection.execute("select 1")
        began, before = time.monotonic(), cpu_ms(connection)
        connection.execute(f"select public.{call}".encode())
        measured = (time.monotonic() - began) * 1000, cpu_ms(connection) - before
        connection.rollback()
    return measured


def _plans(url: str, call: str) -> str:
    """Return what a call read, and the functions within it by their own time."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set track_functions = 'all'")
        connection.execute("select pg_stat_reset()")
        rows = connection.execute(
            f"explain (analyze, buffers) select public.{call}".encode()
        ).fetchall()
        connection.execute("select pg_stat_force_next_flush()")
        rows += connection.execute(
            "select format('%s.%s: %s calls, %s ms of its own', schemaname, funcname, calls,"
            " round(self_time)) from pg_stat_user_functions where self_time > 5"
            " order by self_time desc"
        ).fetchall()
    return "\n".join(f"      {row[0]}" for row in rows)


if __name__ == "__main__":
    main()
