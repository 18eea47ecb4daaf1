"""Measure spending beside the least that any ledger must do: `make bench`.

One Postgres, started for this and fsync on; every row is run in turn, several rounds of it, and the
medians are compared within the run. Seconds mean nothing on a shared machine; the ratios do.

With PGLEDGER_SQL=path, a file that creates pgledger and all it needs, its create_transfer is
measured beside us. No copy of it is kept here.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local.ports import reserved
from local.postgres import BINARIES, SUPERUSER, Postgres
from ops.migrate import migrate

FLOORS = Path(__file__).with_name("floors.sql")
CLIENTS = 8
ROUNDS = int(os.environ.get("ROUNDS") or 5)
SECONDS = int(os.environ.get("SECONDS") or 4)
_PGLEDGER_SQL = os.environ.get("PGLEDGER_SQL")
BAR_CHARS = 40

_SPEND = "select public.spend_credits(bench.user_id(:n), 'docx_processing', 1, {key});"
_NEW_KEY = "gen_random_uuid()::text"
_B3 = "b3: b as one deploys it"
# A hundred spends from user :n on, :step users apart: of a hundred users, or with 0 all of one.
_BATCH = f"""select public.spend_batch(jsonb_agg(jsonb_build_object(
    'user_id', bench.user_id(1 + (:n + i * :step) % 10000), 'feature', 'docx_processing',
    'quantity', 1, 'idempotency_key', {_NEW_KEY}))) from generate_series(1, 100) i;""".replace(
    "\n", " "
)


@dataclass(frozen=True)
class Row:
    """One thing that is measured.

    Attributes:
        name: For the reader.
        statement: What a transaction does, of user :n.
        floor: The name of the row it is compared with; None for a floor itself.
        first: The first of the users it is spread over.
        users: How many they are.
        hot: Whether it is also measured on one user alone.
        hot_clients: How many clients do it to one user at once.
        reach: The ratio to the floor that it should reach: spread, then on one user.
        counted: A query whose value grows by one with each thing done, if a transaction does many.
    """

    name: str
    statement: str
    floor: str | None = None
    first: int = 1
    users: int = 10_000
    hot: bool = True
    hot_clients: int = CLIENTS
    reach: tuple[float, float] | None = None
    counted: str | None = None


ROWS = (
    Row(
        "a: update a balance",
        "update bench.a_accounts set balance = balance + 1 where user_id = bench.user_id(:n);",
    ),
    Row("b: insert under a key, update", f"select bench.b_post(bench.user_id(:n), 1, {_NEW_KEY});"),
    Row(_B3, f"select bench.b3_post(bench.user_id(:n), 1, {_NEW_KEY});"),
    Row("spend", _SPEND.format(key=_NEW_KEY), _B3, reach=(0.90, 0.90)),
    Row(
        # All others have a threshold to watch. What that costs must stay below a tenth.
        "spend, no threshold to watch",
        _SPEND.format(key=_NEW_KEY),
        "spend",
        first=21_001,
        hot=False,
    ),
    Row(
        "spend_batch, 100 a call",
        _BATCH,
        "spend",
        # A second client would find the user locked, and be told that they are busy.
        hot_clients=1,
        reach=(5, 10),
        counted="select last_value from credit_transactions_id_seq",
    ),
    Row(
        "spend, ten lots",
        _SPEND.format(key=_NEW_KEY),
        _B3,
        first=20_001,
        users=1_000,
        hot=False,
    ),
    Row(
        "spend, of who held before",
        _SPEND.format(key=_NEW_KEY),
        _B3,
        first=31_001,
        hot=False,
    ),
    Row(
        "hold, then capture",
        "select public.capture_hold((public.hold_credits(bench.user_id(:n), 'docx_processing', 1,"
        f" {_NEW_KEY}, 900) ->> 'hold_id')::uuid);",
        _B3,
        first=31_001,
        hot=False,
        reach=(0.45, 0.45),
    ),
    Row(
        "b, the same key again",
        "select bench.b_post(bench.user_id(:n), 1, 'replay-' || :n);",
        hot=False,
    ),
    Row(
        "spend, the same key again", _SPEND.format(key="'replay'"), "a: update a balance", hot=False
    ),
)

PGLEDGER = Row(
    "pgledger's create_transfer",
    "select pgledger_create_transfer('user-' || :n, 'sales-' || :n, '1');",
)


def main() -> None:
    """Print transactions per second, and each ratio to its floor."""
    with tempfile.TemporaryDirectory() as folder, reserved(None, remembered=None) as port:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "postgres", port, "bench")
        server.start()
        try:
            _prepare(server)
            _report(_measure(server, hot=False), "spread over 10,000 users", hot=False)
            _report(_measure(server, hot=True), "on one user", hot=True)
        finally:
            server.stop()


def _prepare(server: Postgres) -> None:
    print("making 31,000 users", flush=True)
    migrate(server.url(), report=lambda _line: None)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        # The tables are empty when these statements are planned.
        connection.execute("set enable_seqscan = off")
        for statement in FLOORS.read_text("utf-8").split(";\n\n"):
            connection.execute(statement.encode())
        print(connection.execute("select version()").fetchone())
        if _PGLEDGER_SQL:
            connection.execute(Path(_PGLEDGER_SQL).read_bytes())
            connection.execute(
                """
                insert into pgledger_accounts (
                    id, name, currency, allow_negative_balance, allow_positive_balance,
                    created_at, updated_at
                )
                select kind || '-' || n, kind, 'USD', true, true, now(), now()
                from generate_series(1, 10000) n, unnest(array['user', 'sales']) kind
                """
            )


def _measure(server: Postgres, *, hot: bool) -> dict[str, float]:
    rows = [row for row in _rows() if row.hot or not hot]
    rates: dict[str, list[float]] = {row.name: [] for row in rows}
    for number in range(ROUNDS):
        for row in rows:
            rates[row.name].append(_run(server, row, hot=hot))
        print(f"  round {number + 1} of {ROUNDS}", flush=True)
    return {name: statistics.median(values) for name, values in rates.items()}


def _rows() -> list[Row]:
    return [*ROWS, PGLEDGER] if _PGLEDGER_SQL else [*ROWS]


def _run(server: Postgres, row: Row, *, hot: bool) -> float:
    before = _count(server, row)
    user = str(row.first) if hot else f"random({row.first}, {row.first + row.users - 1})"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"\\set n {user}\n\\set step {0 if hot else 97}\n{row.statement}\n")
        script.flush()
        done = subprocess.run(
            [
                str(BINARIES / "pgbench"),
                *("--no-vacuum", "--protocol=prepared", f"--file={script.name}"),
                *(
                    f"--client={row.hot_clients if hot else CLIENTS}",
                    "--jobs=2",
                    f"--time={SECONDS}",
                ),
                server.url(),
            ],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PGUSER": SUPERUSER},
        )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout + done.stderr)
    return float(found[1]) if row.counted is None else (_count(server, row) - before) / SECONDS


def _count(server: Postgres, row: Row) -> int:
    if row.counted is None:
        return 0
    with psycopg.connect(server.url()) as connection:
        found = connection.execute(row.counted.encode()).fetchone()
    if found is None:
        raise RuntimeError(row.counted)
    return int(found[0])


def _report(rates: dict[str, float], where: str, *, hot: bool) -> None:
    most = max(rates.values())
    print(f"\n{where}, {CLIENTS} clients, medians of {ROUNDS} rounds of {SECONDS} s")
    for row in _rows():
        if row.name not in rates:
            continue
        rate = rates[row.name]
        bar = "█" * max(1, round(BAR_CHARS * rate / most))
        print(f"  {row.name:<30} {rate:>9,.0f}/s  {_ratio(row, rates, hot=hot):<32} {bar}")
    if PGLEDGER.name in rates:
        print(
            f"  spend is {rates['spend'] / rates[PGLEDGER.name]:.2f} of pgledger (to reach: 2.80)"
        )


def _ratio(row: Row, rates: dict[str, float], *, hot: bool) -> str:
    if row.floor is None:
        return ""
    ratio = f"{rates[row.name] / rates[row.floor]:.2f} of {row.floor.partition(':')[0]}"
    return f"{ratio} (to reach: {row.reach[hot]:.2f})" if row.reach else ratio


if __name__ == "__main__":
    main()
