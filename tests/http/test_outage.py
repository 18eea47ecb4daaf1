"""The database hangs or crashes: no answer is untrue, and nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import psycopg
import pytest

from local.stack import Running, running_services
from tests.stripe_events import Order, event
from tests.support import RunningStack, until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack of its own, whose database the tests stop and kill."""
    folder = tmp_path_factory.mktemp("outage")
    with running_services(folder, environ={}, report=lambda _line: None) as running:
        yield running


@pytest.fixture(scope="module")
def own_stack(running: Running) -> RunningStack:
    """Its addresses."""
    return RunningStack.of(running.stack)


@pytest.fixture
def postmaster(own_stack: RunningStack) -> psutil.Process:
    """The main process of its Postgres server."""
    port = httpx.URL(own_stack.database_url).port
    (pid,) = {
        connection.pid
        for connection in psutil.net_connections("tcp4")
        if connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
    }
    return psutil.Process(pid)


def assert_unavailable(response: httpx.Response) -> None:
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "database_unavailable"
    assert int(response.headers["retry-after"]) > 0


def test_while_the_database_hangs_every_answer_is_503_and_the_retry_counts(
    own_stack: RunningStack, postmaster: psutil.Process
) -> None:
    user = own_stack.sign_up()
    completed = event("checkout.session.completed", Order(user_id=user.id).session())
    assert own_stack.balance_of(user) == 0
    processes = [postmaster, *postmaster.children()]
    for process in processes:
        process.suspend()
    try:
        started_at = time.monotonic()
        assert_unavailable(own_stack.deliver(completed))
        # Stripe's checkout page waits ten seconds for the webhook.
        assert time.monotonic() - started_at < 10
        assert_unavailable(own_stack.get("/api/packages"))
        health = own_stack.get("/api/health")
        assert (health.status_code, health.json()["database"]) == (503, "unreachable")
    finally:
        for process in processes:
            process.resume()
    answer = until(lambda: _if_ok(own_stack.deliver(completed)), "the webhook is answered")
    assert answer.json()["outcome"] in {"applied", "duplicate"}
    assert own_stack.balance_of(user) == 500


def test_a_crash_of_the_database_heals_by_itself(
    own_stack: RunningStack, postmaster: psutil.Process
) -> None:
    user = own_stack.sign_up()
    order = Order(user_id=user.id)
    own_stack.deliver(event("checkout.session.completed", order.session()))
    backends = [child for child in postmaster.children() if "authenticator" in _command(child)]
    os.kill(backends[0].pid, signal.SIGKILL)  # Postgres then restarts all of its processes
    second = Order(user_id=user.id)
    completed = event("checkout.session.completed", second.session())
    until(lambda: _if_ok(own_stack.deliver(completed)), "the webhook is answered")
    assert own_stack.balance_of(user) == 1000


def test_a_statement_that_runs_out_of_time_is_503_not_a_fault(own_stack: RunningStack) -> None:
    """Supabase cancels a statement after eight seconds; here after less, while a lock is held."""
    user = own_stack.sign_up()
    order = Order(user_id=user.id)
    own_stack.deliver(event("checkout.session.completed", order.session()))
    again = event("checkout.session.completed", order.session())
    with own_stack.connect() as database, own_stack.connect() as settings:
        settings.execute("alter function record_event set statement_timeout = '1s'")
        settings.execute("alter function record_event set lock_timeout = '1s'")
        try:
            with database.transaction():
                database.execute("select from purchases where id = %s for update", [order.order_id])
                assert_unavailable(own_stack.deliver(again))
        finally:
            settings.execute("alter function record_event reset statement_timeout")
            settings.execute("alter function record_event set lock_timeout = '2s'")
    assert own_stack.deliver(again).json()["outcome"] == "applied"
    assert own_stack.balance_of(user) == 500


def test_while_the_database_is_read_only_nothing_is_changed_or_lost(
    own_stack: RunningStack, running: Running
) -> None:
    """As with a full disk, or on the replica after a failover."""
    user = own_stack.sign_up()
    completed = event("checkout.session.completed", Order(user_id=user.id).session())
    assert running.database is not None
    with psycopg.connect(running.database.url(), autocommit=True) as database:
        try:
            _set_read_only(database, "on")
            answer = own_stack.deliver(completed)
            assert (answer.status_code, answer.json()["error"]["code"]) == (
                503,
                "database_read_only",
            )
            assert int(answer.headers["retry-after"]) > 0
            health = own_stack.get("/api/health")
            assert (health.status_code, health.json()["database"]) == (503, "read-only")
            assert health.json()["status"] == "degraded"
            assert own_stack.balance_of(user) == 0
        finally:
            _set_read_only(database, "off")
    assert own_stack.get("/api/health").status_code == 200
    assert own_stack.deliver(completed).json()["outcome"] == "applied"
    assert own_stack.balance_of(user) == 500


def _set_read_only(database: psycopg.Connection[Any], value: str) -> None:
    """Set it for new sessions, and end the sessions of the gateway."""
    database.execute("set default_transaction_read_only = off")
    database.execute(f"alter database postgres set default_transaction_read_only = {value}")
    database.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'authenticator'"
    )


def _command(process: psutil.Process) -> str:
    return " ".join(process.cmdline())


def _if_ok(response: httpx.Response) -> httpx.Response | None:
    assert response.status_code in {200, 503}
    return response if response.status_code == 200 else None
