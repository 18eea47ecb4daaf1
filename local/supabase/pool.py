"""A small connection pool that fails at once when the database is unreachable.

`psycopg_pool` connects in the background, so callers only notice that Postgres is down when their
timeout expires. Here the caller itself connects. It gets the error within milliseconds, and the
first request after Postgres is back succeeds.
"""

from __future__ import annotations

import select
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator


class PoolBusyError(Exception):
    """No connection became free within the time that a request may wait."""


class DatabaseUnreachableError(Exception):
    """No connection could be made."""


class Pool:
    """At most `size` connections to `url`; each is used by one thread at a time."""

    def __init__(
        self,
        url: str,
        *,
        size: int,
        wait_seconds: float = 10.0,
        connect_seconds: int = 2,
    ) -> None:
        self._url = url
        self._wait_seconds = wait_seconds
        self._connect_seconds = connect_seconds
        self._slots = Slots(size)
        self._idle: deque[psycopg.Connection] = deque()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """Lend a connection in autocommit mode.

        Raises:
            PoolBusyError: No connection became free in time.
            DatabaseUnreachableError: The database cannot be reached.
        """
        if not self._slots.acquire(self._wait_seconds):
            raise PoolBusyError
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._slots.release()

    def _take(self) -> psycopg.Connection:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if not _is_closed(connection):
                return connection
            connection.close()
        try:
            return psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=self._connect_seconds,
                # A function can be replaced between two calls; a prepared plan would be stale.
                prepare_threshold=None,
            )
        except psycopg.OperationalError as error:
            raise DatabaseUnreachableError(str(error)) from None

    def _give_back(self, connection: psycopg.Connection) -> None:
        if connection.info.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()


class Slots:
    """A semaphore that serves in the order of arrival.

    Of threading's, a caller that comes again at once may be served before one that has waited.
    """

    def __init__(self, free: int) -> None:
        self._free = free
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @property
    def waiting(self) -> int:
        """How many callers wait for a slot."""
        return len(self._waiting)

    def acquire(self, timeout_seconds: float) -> bool:
        """Take a slot; return False if none was free in time."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(timeout_seconds):
            return True
        with self._lock:
            if mine not in self._waiting:
                return True  # It was given to us just now.
            self._waiting.remove(mine)
            return False

    def release(self) -> None:
        """Give a slot back: to the caller that has waited longest, if any waits."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


def _is_closed(connection: psycopg.Connection) -> bool:
    """Return whether the server closed an idle connection, which makes its socket readable."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
