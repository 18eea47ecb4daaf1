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
        self._slots = threading.BoundedSemaphore(size)
        self._idle: deque[psycopg.Connection] = deque()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """Lend a connection in autocommit mode.

        Raises:
            PoolBusyError: No connection became free in time.
            DatabaseUnreachableError: The database cannot be reached.
        """
        if not self._slots.acquire(timeout=self._wait_seconds):
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


def _is_closed(connection: psycopg.Connection) -> bool:
    """Return whether the server closed an idle connection, which makes its socket readable."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
