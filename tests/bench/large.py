"""Measure 10,000,000 ledger rows beside small tables: `make bench-large`.

Two Postgres clusters hold the same rows for each user, one a hundred times as many users. First,
spend, balance and history page run in turn on both, and the medians are compared. Then every call
that a request waits for runs on the large one, for users with few and with many rows. Fails if
doctor's checks find a difference or a call takes over 100 ms of the server's CPU time; a call for
many users or files may take that for each ten of them. Needs 10 GB of disk and half an hour. Linux.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from local.ports import reserved
from local.postgres import Postgres
from ops.checks.ledger import check_ledger
from tests.bench.filled_server import cpu_ms, fill, value

FILL = Path(__file__).with_name("large.sql")
USERS = int(os.environ.get("USERS") or 1_000_000)
ROUNDS = int(os.environ.get("ROUNDS") or 5)
SMALL_SHARE = 100
LIMIT_MS = 100
REACH = 1.15
CALLS = 3
REPEATED = 300

# Of a user who has one lot and eleven ledger rows, or 1,000 lots.
MEASURED = {
    "spend": (
        "select public.spend_credits(bench.user_id(%s), 'docx_processing', 1,"
        " gen_random_uuid()::text)"
    ),
    "balance": "select public.refresh_credits(bench.user_id(%s), 1)",
    "history page": "select public.refresh_credits(bench.user_id(%s), 10)",
}

# What a request, a webhook or a page of a cron run waits for. {user} is one of PEOPLE.
_FACTS = """jsonb_build_object('order_id', bench.order_id(-2), 'user_id', bench.user_id(2),
    'ledger_id', (select id from purse.ledger), 'confirmed', true, 'livemode', false,
    'package_id', 'starter', 'package_name', 'Starter', 'credits', 500, 'unit_amount', 499,
    'currency', 'usd', 'state', 'paid', 'occurred_at', 1790000000, 'amount_subtotal', 499,
    'amount_paid', 499, 'currency_paid', 'usd', 'checkout_session_id', 'cs_left_2',
    'payment_intent_id', 'pi_new')"""
_REFUND = """jsonb_build_object('reversal_id', 're_1', 'kind', 'refund', 'rank', 2,
    'payment_intent_id', 'pi_1', 'amount', 499, 'currency', 'usd', 'status', 'succeeded',
    'in_effect', true, 'livemode', false, 'occurred_at', 1790000000)"""
OF_A_PERSON = {
    "spend": "select public.spend_credits({user}, 'docx_processing', 1, 'new')",
    "spend from all lots": (
        "select public.spend_credits({user}, 'docx_processing', ((select balance - held"
        " from user_credits where user_id = {user}) / 5)::integer, 'new')"
    ),
    "hold, then release": (
        "select public.release_hold((public.hold_credits({user}, 'docx_processing', 1, 'new', 900)"
        " ->> 'hold_id')::uuid)"
    ),
    "hold, then capture": (
        "select public.capture_hold((public.hold_credits({user}, 'docx_processing', 2, 'new', 900)"
        " ->> 'hold_id')::uuid, 5)"
    ),
    "reverse a spend": (
        "select public.reverse_spend((select max(id) from credit_transactions"
        " where user_id = {user} and kind = 'spend'), 'bench', 'bench')"
    ),
    "bonus": "select public.grant_credits({user}, 5, 'bonus', 'bench', 'bench', 'new', 30)",
    "sign-up bonus": "select public.grant_signup_bonus({user}, 'ada@example.com', 5)",
    "balance": "select public.refresh_credits({user}, 1)",
    "history page": "select public.refresh_credits({user}, 100, p_usage => true)",
    "history, a later page": (
        "select public.refresh_credits({user}, 100,"
        " (select min(id) + 1000 from credit_transactions where user_id = {user}))"
    ),
    "history by kind": "select public.refresh_credits({user}, 20, p_kinds => array['expiry'])",
    "history by text": "select public.refresh_credits({user}, 20, p_query => 'nothing like it')",
    "payments": "select public.refresh_credits({user}, 20, p_payments => true)",
    "balances of a year": "select public.refresh_credits({user}, 20, p_balances => 366)",
    "history as CSV": "select public.export_history({user}, null, 2000)",
    "files": "select public.read_files({user}, 100)",
    "begin a file": (
        "select public.begin_file({user}, 'txt_upload', 'a.txt', 9, 'text/plain', 'new', 900)"
    ),
    "begin a purchase": "select public.begin_purchase({user}, 'starter', false, 20, 5, 'a@b.com')",
}
OF_NOBODY = {
    "batch of 500 spends": """select public.spend_batch(jsonb_agg(jsonb_build_object(
        'user_id', bench.user_id(n * 100 + 7), 'feature', 'docx_processing', 'quantity', 1,
        'idempotency_key', 'new'))) from generate_series(1, 500) n""",
    "webhook: paid": f"select public.record_event('evt', 'x', false, 1790000000, {_FACTS})",
    "webhook: refunded": f"select public.record_event('evt', 'x', false, 1790000000, {_REFUND})",
    "reconcile an order": f"select public.reconcile_facts({_FACTS})",
    "unsettled orders": (
        "select public.unsettled_orders(false, extract(epoch from now())::bigint, null, 100)"
    ),
    "known events": "select public.known_events(array['evt_' || bench.order_id(1), 'evt_unknown'])",
    "expire 500 accounts": "select public.expire_credits(500)",
    "files to sweep": "select public.files_to_sweep(50)",
    "mark files swept": """select public.mark_swept(array(
        select (f ->> 'id')::uuid from jsonb_array_elements(public.files_to_sweep(50)) f))""",
    "catalogue": "select public.read_catalogue()",
}
# How many users or files these are for.
OF_MANY = {"batch of 500 spends": 500, "expire 500 accounts": 500, "mark files swept": 50}
PEOPLE = {"few rows": 7, "1,000 lots": 10_000, "100,000 rows": 1}


def main() -> None:
    """Print the table; exit with 1 if the ledger does not add up or a call is too slow."""
    with (
        tempfile.TemporaryDirectory(prefix="purse-large-") as folder,
        reserved(None, remembered=None) as small_port,
        reserved(None, remembered=None) as large_port,
    ):
        Path(folder).chmod(0o755)
        servers = {
            "small": Postgres(Path(folder) / "small", small_port, "bench"),
            "large": Postgres(Path(folder) / "large", large_port, "bench"),
        }
        try:
            is_right = all(
                [
                    _fill(servers["small"], USERS // SMALL_SHARE),
                    _fill(servers["large"], USERS),
                ]
            )
            _compare(servers)
            is_fast = _call_all(servers["large"])
        finally:
            for server in servers.values():
                server.stop()
    if not (is_right and is_fast):
        sys.exit(1)


def _fill(server: Postgres, users: int) -> bool:
    """Fill the tables of a new server and return whether doctor finds nothing wrong."""
    started = time.monotonic()
    server.start()
    fill(server, FILL, users)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        rows = value(connection, "select count(*) from credit_transactions")
        size = value(connection, "select pg_size_pretty(pg_database_size(current_database()))")
        found = [
            finding.sentence
            for finding in check_ledger(value(connection, "select doctor()"))
            if finding.level == "WRONG"
        ]
    print(
        f"{users:,} users, {rows:,} ledger rows, {size}, filled in"
        f" {time.monotonic() - started:.0f} s; doctor: {found or 'every balance adds up'}",
        flush=True,
    )
    return not found


def _compare(servers: dict[str, Postgres]) -> None:
    """Print the CPU time of each measured call on large tables beside the same on small ones."""
    # On small tables always users with one lot: both kinds of users are compared with those.
    small = range(7, USERS // SMALL_SHARE, 10)
    large = {
        "": range(7, USERS, SMALL_SHARE * 10),
        ", 1,000 lots": range(10_000, USERS + 1, 10_000),
    }
    times: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for name, statement in MEASURED.items():
            for whose, users in large.items():
                for size, numbers in (("small", small), ("large", users)):
                    times.setdefault((name, whose, size), []).append(
                        _mean_cpu_ms(servers[size], statement, numbers)
                    )
    print(f"\nmilliseconds of CPU, medians of {ROUNDS} rounds of {REPEATED} calls (reach: {REACH})")
    for name in MEASURED:
        for whose in large:
            few, many = (statistics.median(times[name, whose, size]) for size in ("small", "large"))
            print(f"  {name + whose:<26} {few:>7.3f} {many:>7.3f}  {many / few:.2f} x")


def _mean_cpu_ms(server: Postgres, statement: str, numbers: range) -> float:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(statement.encode(), [numbers[0]], prepare=True)
        before = cpu_ms(connection)
        for number in random.choices(numbers, k=REPEATED):  # noqa: S311 - no secret
            connection.execute(statement.encode(), [number], prepare=True)
        return (cpu_ms(connection) - before) / REPEATED


def _call_all(server: Postgres) -> bool:
    """Print the time of each call and what it read in sequence; return whether all are in time."""
    calls = {
        **{
            f"{name}, {who}": sql.format(user=f"bench.user_id({number})")
            for name, sql in OF_A_PERSON.items()
            for who, number in PEOPLE.items()
        },
        **OF_NOBODY,
    }
    print(
        f"\nmilliseconds a call, median of {CALLS} (limit {LIMIT_MS}); rows read without an index"
    )
    slow = []
    for name, sql in calls.items():
        times, scanned = zip(*(_call(server, sql) for _ in range(CALLS)), strict=True)
        milliseconds = statistics.median(times)
        print(f"  {name:<38} {milliseconds:>8.1f} {scanned[0]:>9,}", flush=True)
        if milliseconds > LIMIT_MS * max(1, OF_MANY.get(name, 1) / 10):
            slow.append(name)
            print(_plan(server, sql))
    print(f"over {LIMIT_MS} ms: {', '.join(slow) or 'none'}")
    return not slow


def _call(server: Postgres, sql: str) -> tuple[float, int]:
    """Call on a new connection, as after a quiet time, and take it back."""
    with psycopg.connect(server.url()) as connection:
        connection.execute("select 1")
        before = cpu_ms(connection)
        connection.execute(sql.encode())
        milliseconds = cpu_ms(connection) - before
        scanned = value(
            connection, "select coalesce(sum(seq_tup_read), 0) from pg_stat_xact_user_tables"
        )
        connection.rollback()
    return milliseconds, int(scanned)


def _plan(server: Postgres, sql: str) -> str:
    with psycopg.connect(server.url()) as connection:
        rows = connection.execute(b"explain (analyze, buffers) " + sql.encode()).fetchall()
        connection.rollback()
    return "\n".join(f"      {row[0]}" for row in rows)


if __name__ == "__main__":
    main()
