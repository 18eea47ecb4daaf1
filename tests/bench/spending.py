"""Measure spending beside the least that any ledger must do: `make bench`.

One Postgres, started for this and fsync on; every row is run in turn, several rounds of it, and the
medians are compared within the run. Seconds mean nothing on a shared machine; the ratios do.
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
BAR_CHARS = 40

_SPEND = "select public.spend_credits(bench.user_id(:n), 'docx_processing', 1, {key});"
_NEW_KEY = "gen_random_uuid()::text"


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
    """

    name: str
    statement: str
    floor: str | None = None
    first: int = 1
    users: int = 10_000
    hot: bool = True


ROWS = (
    Row(
        "a: update a balance",
        "update bench.a_accounts set balance = balance + 1 where user_id = bench.user_id(:n);",
    ),
    Row("b: insert under a key, update", f"select bench.b_post(bench.user_id(:n), 1, {_NEW_KEY});"),
    Row("b3: b as one deploys it", f"select bench.b3_post(bench.user_id(:n), 1, {_NEW_KEY});"),
    Row("spend", _SPEND.format(key=_NEW_KEY), "b3: b as one deploys it"),
    Row(
        "spend, ten lots",
        _SPEND.format(key=_NEW_KEY),
        "b3: b as one deploys it",
        first=20_001,
        users=1_000,
        hot=False,
    ),
    Row(
        "hold, then capture",
        "select public.capture_hold((public.hold_credits(bench.user_id(:n), 'docx_processing', 1,"
        f" {_NEW_KEY}, 900) ->> 'hold_id')::uuid);",
        "b3: b as one deploys it",
        hot=False,
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


def main() -> None:
    """Print transactions per second, and each ratio to its floor."""
    with tempfile.TemporaryDirectory() as folder, reserved(None, remembered=None) as port:
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder) / "postgres", port, "bench")
        server.start()
        try:
            _prepare(server)
            _report(_measure(server, hot=False), "spread over 10,000 users")
            _report(_measure(server, hot=True), "on one user")
        finally:
            server.stop()


def _prepare(server: Postgres) -> None:
    print("making 11,000 users", flush=True)
    migrate(server.url(), report=lambda _line: None)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        # The tables are empty when these statements are planned.
        connection.execute("set enable_seqscan = off")
        for statement in FLOORS.read_text("utf-8").split(";\n\n"):
            connection.execute(statement.encode())
        print(connection.execute("select version()").fetchone())


def _measure(server: Postgres, *, hot: bool) -> dict[str, float]:
    rows = [row for row in ROWS if row.hot or not hot]
    rates: dict[str, list[float]] = {row.name: [] for row in rows}
    for number in range(ROUNDS):
        for row in rows:
            rates[row.name].append(_run(server, row, hot=hot))
        print(f"  round {number + 1} of {ROUNDS}", flush=True)
    return {name: statistics.median(values) for name, values in rates.items()}


def _run(server: Postgres, row: Row, *, hot: bool) -> float:
    user = str(row.first) if hot else f"random({row.first}, {row.first + row.users - 1})"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"\\set n {user}\n{row.statement}\n")
        script.flush()
        done = subprocess.run(
            [
                str(BINARIES / "pgbench"),
                *("--no-vacuum", "--protocol=prepared", f"--file={script.name}"),
                *(f"--client={CLIENTS}", "--jobs=2", f"--time={SECONDS}"),
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
    return float(found[1])


def _report(rates: dict[str, float], where: str) -> None:
    most = max(rates.values())
    print(f"\n{where}, {CLIENTS} clients, medians of {ROUNDS} rounds of {SECONDS} s")
    for row in ROWS:
        if row.name not in rates:
            continue
        rate = rates[row.name]
        bar = "█" * max(1, round(BAR_CHARS * rate / most))
        ratio = (
            f"{rate / rates[row.floor]:.2f} of {row.floor.partition(':')[0]}" if row.floor else ""
        )
        print(f"  {row.name:<30} {rate:>9,.0f}/s  {ratio:<11} {bar}")


if __name__ == "__main__":
    main()
