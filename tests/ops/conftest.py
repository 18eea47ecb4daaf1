"""A stack that the tests damage, and the operators' commands as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from local.environment import functions_settings
from local.stack import ROOT, running_stack
from tests.ops import forked
from tests.ops.forked import Outcome
from tests.support import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The triggers that forbid what is done here to see whether doctor notices.
_GUARDS = {
    "credit_transactions": "credit_transactions_only_grow",
    "user_credits": "user_credits_stay",
}


@dataclass(frozen=True)
class Operator:
    """An operator at a terminal, with the stack's settings in the environment."""

    stack: RunningStack
    state: Path
    superuser_password: str

    def run(self, module: str, *arguments: str, **environ: str) -> Outcome:
        """Run `python -m ops.MODULE` in a fork; a setting given as "" is not set."""
        return forked.run(module, arguments, self._environ(environ))

    def run_anew(self, module: str, *arguments: str) -> Outcome:
        """Run `python -m ops.MODULE` in an interpreter of its own, as make does."""
        done = subprocess.run(
            [sys.executable, "-m", f"ops.{module}", *arguments],
            cwd=ROOT,
            env=self._environ({}),
            capture_output=True,
            text=True,
            timeout=forked.TIMEOUT_SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout + done.stderr)

    def _environ(self, changes: dict[str, str]) -> dict[str, str]:
        settings = {**functions_settings(self.stack), **changes}
        return {
            "PATH": os.environ["PATH"],
            "NO_PROXY": "127.0.0.1,localhost",
            **{name: value for name, value in settings.items() if value},
        }

    def superuser(self) -> psycopg.Connection[dict[str, Any]]:
        """Connect as the superuser, for whom no grant is needed."""
        port = httpx.URL(self.stack.database_url).port
        return psycopg.connect(
            f"postgresql://supabase_admin:{self.superuser_password}@127.0.0.1:{port}/postgres",
            autocommit=True,
            row_factory=dict_row,
        )

    def tamper(self, statement: str, *values: Any) -> None:
        """Change protected rows with the triggers disabled."""
        with self.superuser() as database, database.transaction():
            database.execute("set local session_replication_role = replica")
            for table, trigger in _GUARDS.items():
                database.execute(f"alter table {table} disable trigger {trigger}")
            database.execute(statement, values)
            for table, trigger in _GUARDS.items():
                database.execute(f"alter table {table} enable always trigger {trigger}")


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """An operator of a stack in a folder of its own."""
    folder = tmp_path_factory.mktemp("ops")
    with running_stack(folder, environ={}, report=lambda _line: None) as running:
        keys = json.loads((folder / "keys.json").read_text())
        yield Operator(RunningStack.of(running), folder, keys["superuser_password"])
