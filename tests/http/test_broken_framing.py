"""Bodies with broken framing, sent as raw bytes because HTTP libraries refuse to."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from tests.support import RunningStack

LONGEST_ANSWER_BYTES = 100_000


@pytest.mark.parametrize("path", ["/api/webhook", "/api/create-checkout-session", "/api/packages"])
@pytest.mark.parametrize(
    "broken",
    [
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n100\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello",
        b"Content-Length: 1e3\r\n\r\nhello",
        b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nhello",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_a_body_with_broken_framing_is_the_clients_fault(
    stack: RunningStack, path: str, broken: bytes
) -> None:
    request = f"POST {path} HTTP/1.1\r\nHost: purse\r\nConnection: close\r\n".encode() + broken
    answer = exchange(stack, request)
    status = int(answer.split(b" ", 2)[1])
    # 405 where nothing is posted, once the body is past.
    assert status in {400, 405, 413}
    assert b"Traceback" not in answer


def exchange(stack: RunningStack, request: bytes) -> bytes:
    """Send bytes, then nothing more; return all that comes back."""
    parts = urlsplit(stack.site_url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answers:
            return answers.read(LONGEST_ANSWER_BYTES)
