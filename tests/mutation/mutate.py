"""Mutation tests: edit the product in many small ways and report the edits that no test notices.

    python -m tests.mutation.mutate [TOPIC] [--minutes N] [--jobs N] [--only TEXT]
                                    [--sample N]

The topic `facts` edits the pure modules under api/_lib/payments in a copy and runs their unit
tests. The others edit SQL functions, each mutant in a fresh database of one embedded Postgres, and
run the database tests of their topic: `settlement` (ledger, settlement, spending), `batches`,
`accounts` (deletion, export, limits) and `outbox`. Without a name, all run. `--only` selects the
mutants whose line or text contains TEXT; `--sample` takes about N of each topic, evenly spread. A
mutant that survives either makes no observable difference or needs a test. A run takes minutes, so
it is started by hand and not in CI. The exit code is 1 if a mutant survives.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from local import ports
from local.postgres import Postgres
from ops.migrate import BARE_POSTGRES_SQL, migrate
from tests.mutation import python_mutants, sql_mutants
from tests.mutation.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tests.mutation.mutant import Mutant

    Judge = Callable[[Mutant], str]
    Workers = SimpleQueue[Worker]
    Generate = Callable[[Path], Iterator[Mutant]]
    Judging = Callable[[Workers], AbstractContextManager[Judge]]

ROOT = Path(__file__).parent.parent.parent
PURE = ("facts", "order", "reversal_facts", "session_facts", "stripe_fields")
MODULES = [ROOT / "api" / "_lib" / "payments" / f"{name}.py" for name in PURE]
UNIT_TESTS = tuple(f"tests/unit/test_{name}.py" for name in PURE)


@dataclass(frozen=True)
class SqlTopic:
    """SQL files, by their names without number, and the tests that judge their mutants."""

    files: tuple[str, ...]
    tests: tuple[str, ...]

    def migrations(self) -> list[Path]:
        """Return the paths of the files, in the order applied."""
        return sorted(path for name in self.files for path in ROOT.glob(f"sql/*_{name}.sql"))


LOCKS = "tests/database/test_settlement_locks.py"
TOPICS = {
    "settlement": SqlTopic(
        (
            *("accounts", "ledger", "idempotency", "spending", "holds", "captures"),
            *("lot_selection", "expiry"),
            *("purchase_reversals", "settlement", "payment_facts", "stripe_events"),
            *("grants", "reading", "explain_balance"),
        ),
        (
            "tests/database/test_settlement.py",
            "tests/database/test_settlement_edges.py",
            LOCKS,
            "tests/database/test_clamp.py",
            "tests/database/test_reversals.py",
            "tests/database/test_lots.py",
            "tests/database/test_spending.py",
            "tests/database/test_undoing_and_giving.py",
            "tests/database/test_holds.py",
            "tests/database/test_hold_deadlines.py",
            "tests/database/test_hold_keys.py",
            "tests/database/test_explain.py",
            "tests/database/test_ledger_rows.py",
            "tests/properties/test_settlement_converges.py",
            "tests/properties/test_histories.py",
        ),
    ),
    "batches": SqlTopic(
        ("spend_batch",),
        ("tests/database/test_spend_batch.py", "tests/properties/test_batches.py"),
    ),
    "accounts": SqlTopic(
        ("request_limit", "giving_up_credits", "forgetting", "account", "doctor_deleted"),
        (
            "tests/database/test_account.py",
            "tests/database/test_request_limit.py",
            # Not test_forgetting_in_supabase.py: Supabase Auth does not run here.
            "tests/database/test_forgetting.py",
            "tests/database/test_forgetting_personal_data.py",
            "tests/database/test_forgetting_money.py",
            "tests/database/test_deleted_refused.py",
            f"{LOCKS}::test_a_deletion_waits_for_a_rehearsal_before_it_takes_any_row",
        ),
    ),
    "outbox": SqlTopic(
        (
            *("outbox", "outbox_payments", "outbox_endpoints", "outbox_delivery"),
            *("outbox_replay", "outbox_jobs", "outbox_mail"),
        ),
        (
            "tests/database/test_outbox.py",
            "tests/database/test_outbox_payments.py",
            "tests/database/test_outbox_jobs.py",
            "tests/database/test_outbox_delivery.py",
            "tests/database/test_outbox_replay.py",
        ),
    ),
}


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.mutate")
    parser.add_argument("what", nargs="?", choices=("facts", *TOPICS))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="")
    parser.add_argument("--sample", type=int)
    options = parser.parse_args()
    deadline = time.monotonic() + options.minutes * 60
    survived = 0
    runs: list[tuple[str, Generate, Sequence[Path], Judging]] = [
        ("facts", python_mutants.mutants, MODULES, _judging_facts)
    ]
    for name, topic in TOPICS.items():
        judging = partial(_judging_sql, tests=topic.tests)
        runs.append((name, sql_mutants.mutants, topic.migrations(), judging))
    for name, generate, paths, judging in runs:
        if options.what not in (None, name):
            continue
        mutants = [mutant for path in paths for mutant in generate(path)]
        mutants = [mutant for mutant in mutants if options.only in str(mutant)]
        if options.sample is not None:
            mutants = mutants[:: max(len(mutants) // options.sample, 1)]
        with _workers(options.jobs) as free, judging(free) as judge:
            survived += _report(name, mutants, judge, options.jobs, deadline)
    return 1 if survived else 0


def _report(name: str, mutants: Sequence[Mutant], judge: Judge, jobs: int, deadline: float) -> int:
    """Judge each mutant while there is time; print the survivors; return their number."""
    counts: Counter[str] = Counter()

    def judge_in_time(mutant: Mutant) -> str:
        return judge(mutant) if time.monotonic() < deadline else "not run"

    with ThreadPoolExecutor(jobs) as pool:
        verdicts = pool.map(judge_in_time, mutants)
        for mutant, verdict in zip(mutants, verdicts, strict=True):
            counts[verdict] += 1
            if verdict == "survived":
                _say(f"\nsurvived {mutant}\n")
            progress = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
            if sys.stdout.isatty():
                _say(f"\r{name}: {counts.total()} of {len(mutants)}: {progress}")
    _say(f"\n{name}: {len(mutants)} mutants: {progress if mutants else 'none'}\n")
    return counts["survived"]


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _workers(jobs: int) -> Iterator[Workers]:
    free: Workers = SimpleQueue()
    with ExitStack() as running:
        for _ in range(jobs):
            worker = Worker(ROOT)
            running.callback(worker.stop)
            free.put(worker)
        yield free


def _verdict(
    free: Workers, folder: Path, arguments: Sequence[str], environ: Mapping[str, str]
) -> str:
    worker = free.get()
    try:
        return "survived" if worker.passes(folder, arguments, environ) else "killed"
    finally:
        free.put(worker)


def _require_green(verdict: str) -> None:
    if verdict != "survived":
        sys.exit("The tests fail without any mutant: mend that first.")


@contextmanager
def _judging_facts(free: Workers) -> Iterator[Judge]:
    """Judge mutants of the modules, each in a copy of what its tests need."""
    with tempfile.TemporaryDirectory(prefix="purse-mutants-") as place:

        def judge(mutant: Mutant | None) -> str:
            copy = Path(place) / secrets.token_hex(8)
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / "api", copy / "api", ignore=ignored)
            shutil.copytree(ROOT / "tests/unit", copy / "tests/unit", ignore=ignored)
            shutil.copy(ROOT / "pytest.ini", copy)
            if mutant:
                module = copy / "api" / "_lib" / "payments" / mutant.place.partition(":")[0]
                module.write_text(mutant.text, "utf-8")
            try:
                return _verdict(free, copy, UNIT_TESTS, {})
            finally:
                shutil.rmtree(copy)

        _require_green(judge(None))
        yield judge


@contextmanager
def _judging_sql(free: Workers, tests: Sequence[str]) -> Iterator[Judge]:
    """Judge mutants of the functions, each in a copy of one database of a Postgres of our own."""
    password = secrets.token_urlsafe(16)
    with ExitStack() as running:
        place = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="purse-mutants-")))
        place.chmod(0o711)  # Postgres' own account passes through
        port = running.enter_context(ports.reserved(None)) + 3
        server = Postgres(place / "postgres", port, password)
        server.start()
        running.callback(server.stop)
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(BARE_POSTGRES_SQL.read_bytes())
            # What a crash would lose is of no use to anybody here.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"alter system set {setting} = off")
            connection.execute("select pg_reload_conf()")
            # The tests connect some hundred times for each mutant; nobody guesses at this password.
            connection.execute("set scram_iterations = 1")
            connection.execute(sql.SQL("alter role postgres password {}").format(password))
        owner = server.url("postgres", password)
        migrate(owner, report=lambda _line: None)
        maintenance = _database(server.url(), "template1")

        def judge(mutant: Mutant | None) -> str:
            name = f"mutant_{secrets.token_hex(8)}"
            _execute(maintenance, f"create database {name} template postgres")
            try:
                url = _database(owner, name)
                try:
                    _execute(url, mutant.text if mutant else "select")
                except psycopg.Error:
                    return "invalid"
                arguments = ("-p", "tests.mutation.at_database", *tests)
                return _verdict(free, ROOT, arguments, {"PURSE_MUTANT_DATABASE_URL": url})
            finally:
                _execute(maintenance, f"drop database {name} with (force)")

        _require_green(judge(None))
        yield judge


def _database(url: str, name: str) -> str:
    return url.rpartition("/")[0] + "/" + name


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


if __name__ == "__main__":
    sys.exit(main())
