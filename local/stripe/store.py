"""The stand-in's state in one SQLite file.

Every request and every delivery works in one `BEGIN IMMEDIATE` transaction, one at a time in this
process, so none sees another's unfinished changes. A commit wakes the threads in
`wait_for_change`. This is how deliveries start at once without polling.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json: TypeAlias = dict[str, Any]

BUSY_TIMEOUT_SECONDS = 10

SCHEMA = """
create table if not exists objects (
    seq integer primary key autoincrement,
    id text not null unique,
    kind text not null,
    body text not null,
    private text not null
);
create index if not exists objects_by_kind on objects (kind, seq);
-- Due sessions and refunds are looked up at every call. These indexes leave out the kind, because
-- SQLite would otherwise choose objects_by_kind and scan all objects of that kind.
create index if not exists objects_expiring
    on objects (json_extract(body, '$.expires_at'))
    where json_extract(body, '$.status') = 'open';
create index if not exists objects_settling
    on objects (json_extract(private, '$.settles_at'))
    where json_extract(private, '$.settles_at') is not null;
create index if not exists objects_becoming_available
    on objects (json_extract(body, '$.available_on'))
    where kind = 'balance_transaction' and json_extract(body, '$.status') = 'pending';
create index if not exists objects_in_transit
    on objects (json_extract(body, '$.arrival_date'))
    where kind = 'payout' and json_extract(body, '$.status') = 'in_transit';
create index if not exists objects_by_payment_intent
    on objects (json_extract(body, '$.payment_intent'), kind);
create index if not exists objects_by_charge
    on objects (json_extract(body, '$.charge'), kind);
create table if not exists deliveries (
    id integer primary key,
    event_id text not null references objects (id),
    type text not null,
    due_at real not null,
    attempts integer not null default 0,
    last_status integer,
    last_error text,
    delivered_at real
);
create index if not exists deliveries_pending on deliveries (due_at) where delivered_at is null;
create index if not exists deliveries_by_event on deliveries (event_id);
create table if not exists turns (
    delivery_id integer primary key references deliveries (id),
    turn integer
);
create index if not exists turns_in_order on turns (turn);
create table if not exists idempotency_keys (
    key text primary key,
    fingerprint text not null,
    status integer not null,
    body text not null,
    request_id text not null,
    created_at real not null
);
create table if not exists switches (
    name text primary key,
    value text not null
);
"""


class Transaction:
    """A database transaction, with the stand-in's time and the request it belongs to."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.sql = connection
        # Tests move the stand-in's clock forward, for example to see a session expire.
        self.ahead_seconds: int = self.switch("clock_ahead_seconds", 0)
        self.now = int(time.time() + self.ahead_seconds)
        # Events carry these. The API sets them; the payment page has none.
        self.request_id: str | None = None
        self.idempotency_key: str | None = None

    def switch(self, name: str, default: Any) -> Any:
        """Return a setting of the control room, or the default if it was never set."""
        row = self.sql.execute("select value from switches where name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row["value"])

    def set_switch(self, name: str, value: Any) -> None:
        """Change a setting of the control room."""
        self.sql.execute(
            "insert into switches values (?, ?) on conflict (name) do update set value = ?2",
            (name, json.dumps(value)),
        )

    def set_clock(self, ahead_seconds: int) -> None:
        """Let the stand-in's clock be so many seconds ahead of the machine's."""
        self.set_switch("clock_ahead_seconds", ahead_seconds)
        self.ahead_seconds = ahead_seconds
        self.now = int(time.time() + ahead_seconds)

    def add(self, body: Json, private: Json | None = None) -> None:
        """Add an object; `private` holds what Stripe knows about it and does not show."""
        self.sql.execute(
            "insert into objects (id, kind, body, private) values (?, ?, ?, ?)",
            (body["id"], body["object"], json.dumps(body), json.dumps(private or {})),
        )

    def save(self, body: Json) -> None:
        """Replace an object's public body."""
        self.sql.execute("update objects set body = ? where id = ?", (json.dumps(body), body["id"]))

    def save_private(self, object_id: str, private: Json) -> None:
        """Replace an object's private data."""
        self.sql.execute(
            "update objects set private = ? where id = ?", (json.dumps(private), object_id)
        )

    def find(self, kind: str, object_id: str) -> Json | None:
        """Return the object with this kind and id, or None."""
        row = self.sql.execute(
            "select body from objects where id = ? and kind = ?", (object_id, kind)
        ).fetchone()
        return None if row is None else json.loads(row["body"])

    def private(self, object_id: str) -> Json:
        """Return the private data of an existing object."""
        row = self.sql.execute("select private from objects where id = ?", (object_id,)).fetchone()
        private: Json = json.loads(row["private"])
        return private


class Store:
    """The SQLite file. It has one writer at a time, and signals every change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process_id: int | None = None
        self._changed = threading.Condition()
        self._generation = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS)) as connection:
            connection.execute("pragma journal_mode = wal")
            connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction; it is rolled back if the block raises."""
        with self._writer:
            connection = self._connect()
            before = connection.total_changes
            connection.execute("begin immediate")
            try:
                yield Transaction(connection)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            changed = connection.total_changes > before
        if changed:
            self.signal()

    def signal(self) -> None:
        """Wake all threads in wait_for_change()."""
        with self._changed:
            self._generation += 1
            self._changed.notify_all()

    @property
    def generation(self) -> int:
        """A number that increases with every change."""
        with self._changed:
            return self._generation

    def wait_for_change(self, since: int, timeout_seconds: float) -> None:
        """Return once the generation differs from `since`, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._generation != since, timeout_seconds)

    def _connect(self) -> sqlite3.Connection:
        """Return the connection that all threads share, one per process.

        It stays open, because closing the last connection writes the whole WAL back, slowly.
        """
        if self._connection is None or self._process_id != os.getpid():
            self._connection = sqlite3.connect(
                self._path,
                timeout=BUSY_TIMEOUT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._connection.row_factory = sqlite3.Row
            # Commits survive a crash of the process; only a power cut could lose the last ones.
            self._connection.execute("pragma synchronous = normal")
            self._process_id = os.getpid()
        return self._connection
