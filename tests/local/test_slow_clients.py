"""Clients that send their request slowly take no thread for long."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import pytest

from local.stack import ROOT
from server.slow_clients import RECEIVE_SECONDS, TimedReader
from tests.support import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

THREADS = 2
BEGUN = b"POST /api/webhook HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n{"


def test_a_request_must_arrive_in_time_and_the_next_one_has_as_long() -> None:
    seconds = 0.0
    client, server = socket.socketpair()
    with client, server:
        reader = TimedReader(server, clock=lambda: seconds)
        reader.begin()
        client.sendall(b"ab")
        assert reader.recv(1) == b"a"
        seconds = RECEIVE_SECONDS
        with pytest.raises(ConnectionResetError):
            reader.recv(1)
        reader.begin()
        assert reader.recv(1) == b"b"


def test_the_end_of_the_time_ends_a_wait() -> None:
    now = iter([0.0, RECEIVE_SECONDS - 0.01])
    client, server = socket.socketpair()
    with client, server:
        reader = TimedReader(server, clock=lambda: next(now))
        reader.begin()
        with pytest.raises(ConnectionResetError):
            reader.recv(1)
        assert server.gettimeout() is None


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The site under gunicorn with the project's settings, two threads and little patience."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    config = tmp_path / "gunicorn.conf.py"
    config.write_text(
        "from server import slow_clients\n"
        "slow_clients.RECEIVE_SECONDS = 0.5\n"
        f"exec(open({str(ROOT / 'server/gunicorn.conf.py')!r}).read())\n"
        f"bind = '127.0.0.1:{port}'\nthreads = {THREADS}\n",
        "utf-8",
    )
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", config, "server.app:create_app()"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: server.poll() is not None or _answers(port), "gunicorn answers")
        assert server.poll() is None, (tmp_path / "log").read_text("utf-8")
        yield port
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.parametrize("begun", [BEGUN, BEGUN[:20]], ids=["body", "headers"])
def test_more_slow_clients_than_threads_do_not_stop_the_site(port: int, begun: bytes) -> None:
    """They never send the rest, and stay until the site has answered somebody else."""
    with ExitStack() as open_:
        for _ in range(2 * THREADS):
            client = open_.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(begun)
        assert httpx.get(f"http://127.0.0.1:{port}/health", timeout=60).status_code == 200


def test_a_header_of_sixteen_kilobytes_reaches_the_function(port: int) -> None:
    answer = httpx.get(
        f"http://127.0.0.1:{port}/api/config", headers={"Authorization": "Bearer " + "a" * 16_384}
    )
    # Without settings it cannot do more, but it was asked.
    assert answer.json()["error"]["code"] == "not_configured"


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
    except httpx.HTTPError:
        return False
