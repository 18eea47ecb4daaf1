"""A gunicorn worker that gives a client only so long to send its request.

Each of the worker's threads serves one request at a time. gunicorn waits without limit for the rest
of a request that has begun, so as many slow clients as there are threads would stop the site.
"""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING, Any

from gunicorn import http
from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

# For the headers and the body together. Our largest body is 1 MiB.
RECEIVE_SECONDS = 20.0


class TimedReader:
    """Reads from a connection. Each request on it must arrive within RECEIVE_SECONDS.

    Args:
        connection: The client's socket, in blocking mode while a request is read.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, connection: socket.socket, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._deadline = 0.0

    def begin(self) -> None:
        """Begin to count: the first bytes of a request are there."""
        self._deadline = self._clock() + RECEIVE_SECONDS

    def recv(self, size: int) -> bytes:
        """Return up to this many bytes.

        Raises:
            ConnectionResetError: The time is over. gunicorn then closes the connection.
        """
        left = self._deadline - self._clock()
        if left <= 0:
            raise ConnectionResetError(errno.ECONNRESET, "the request did not arrive in time")
        self._connection.settimeout(left)
        try:
            return self._connection.recv(size)
        except TimeoutError:
            raise ConnectionResetError(
                errno.ECONNRESET, "the request did not arrive in time"
            ) from None
        finally:
            self._connection.settimeout(None)


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's worker with threads, whose connections are read by a TimedReader."""

    def handle(self, conn: Any) -> Any:
        """Serve a request; gunicorn calls this in a thread when bytes have arrived."""
        if conn.parser is None and not self.cfg.is_ssl:
            conn.reader = TimedReader(conn.sock)
            # gunicorn makes the parser itself unless there is one.
            conn.parser = http.get_parser(self.cfg, conn.reader, conn.client)
        reader = getattr(conn, "reader", None)
        if reader is not None:
            reader.begin()
        return super().handle(conn)
