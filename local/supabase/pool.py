"""A small pool of database connections that fails at once when the database is away.

`psycopg_pool` connects in the background, so a caller learns that Postgres is down only by
waiting for its time-out. Here the caller connects: refusal is an answer within milliseconds, and
the first request after Postgres is back succeeds.
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
    """Every connection stayed in use for as long as a request may wait."""


class DatabaseUnreachableError(Exception):
    """No connection could be made."""


class Pool:
    """At most `size` connections to `url`, each lent to one thread at a time."""

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
            PoolBusyError: none became free in time.
            DatabaseUnreachableError: the database cannot be reached.
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
            if not _hung_up(connection):
                return connection
            connection.close()
        try:
            return psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=self._connect_seconds,
                # A function may be replaced between two calls; a prepared plan would not notice.
                prepare_threshold=None,
            )
        except psycopg.OperationalError as error:
            raise DatabaseUnreachableError(str(error)) from None

    def _give_back(self, connection: psycopg.Connection) -> None:
        if connection.info.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()


def _hung_up(connection: psycopg.Connection) -> bool:
    """Say whether the server closed an idle connection: nothing else makes its socket readable."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
