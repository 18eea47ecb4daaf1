"""What every test may use: the running stack, the test profile, and how workers share the tests."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from local.stack import running_services
from tests import distribution, profiles
from tests.support import Accounts, RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

    from local.postgres import Postgres
    from local.stack import Running

# A proxy must not come between the tests and 127.0.0.1.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

profiles.register()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The processes that `make run` starts, in a folder and on ports of this worker's own."""
    folder = tmp_path_factory.mktemp("stack")
    with running_services(folder, environ={}, report=lambda _line: None) as running:
        assert running.database is not None
        do_not_wait_for_the_disk(running.database)
        yield running


@pytest.fixture(scope="session")
def stack(running: Running) -> RunningStack:
    """The running stack, with what tests do to it."""
    return RunningStack.of(running.stack)


@pytest.fixture
def accounts(running: Running) -> Accounts:
    """The accounts in Supabase Auth, to change them as a person or the dashboard would."""
    return Accounts(running)


@pytest.fixture
def database(stack: RunningStack) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection as the project's owner, as the dashboard's SQL editor has it."""
    with stack.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def patience(stack: RunningStack) -> Iterator[None]:
    """Let functions wait long: here the order of locks is tested, not how long one waits for them.

    On a busy machine a test needs longer than the limit to see that somebody waits.
    """
    with stack.connect() as database:
        limited = database.execute(
            """
            select p.oid::regprocedure::text as function, split_part(s, '=', 2) as limit
            from pg_proc p cross join unnest(p.proconfig) s
            where p.pronamespace = 'public'::regnamespace and s like 'lock_timeout=%'
            """
        ).fetchall()
        for each in limited:
            database.execute(f"alter function {each['function']} set lock_timeout = '60s'")
        yield
        for each in limited:
            database.execute(
                f"alter function {each['function']} set lock_timeout = '{each['limit']}'"
            )


def do_not_wait_for_the_disk(database: Postgres) -> None:
    """Let commits return before they are durable: only tests/crashes needs them to be."""
    with psycopg.connect(database.url(), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"alter system set {setting} = off")
        connection.execute("select pg_reload_conf()")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed of the property tests here, so that a failed run can be repeated."""
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = secrets.randbits(32)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say after a failure how to draw the same examples again."""
    if terminalreporter.stats.keys() & {"failed", "error"}:
        profile = f"PURSE_TEST_PROFILE={profiles.chosen()}"
        seed = f"--hypothesis-seed={terminalreporter.config.option.hypothesis_seed}"
        terminalreporter.line(f"The property tests draw the same again with {profile} and {seed}.")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> distribution.ByFile:
    """Give a worker whole files, or whole folders, at a time."""
    return distribution.ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    distribution.sort(items)
