"""A fault in an endpoint becomes one whole JSON answer on gunicorn."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx
import pytest

from local.stack import ROOT
from tests import plain_http
from tests.faulty import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The faulty endpoint under gunicorn, on a socket that already listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "tests.faulty:app"),
                *("--bind", f"fd://{listener.fileno()}"),
                *("--log-level", "warning", "--no-control-socket"),
            ],
            cwd=ROOT,
            pass_fds=[listener.fileno()],
            env={"PATH": os.environ["PATH"]},
        )
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.parametrize("fault", ["exception", *FAULTS])
def test_a_fault_is_a_500_in_json(server: str, fault: str) -> None:
    answer = plain_http.get(f"{server}/?{urlencode({'fault': fault})}", timeout=30)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == "internal_error"
    assert "somebody" not in answer.text
    assert not {"x-fault", "x-injected"} & set(answer.headers)


@pytest.mark.parametrize("query", ["", "?fault=exception"])
def test_a_head_answer_has_no_body(server: str, query: str) -> None:
    url = httpx.URL(server)
    with socket.create_connection((url.host, url.port or 0), timeout=30) as connection:
        connection.sendall(f"HEAD /{query} HTTP/1.0\r\n\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert body == b""
