"""Everything the stand-in remembers, in one SQLite file.

Every piece of work is one `BEGIN IMMEDIATE` transaction, one at a time in this process: a
payment page, an API call and a delivery never see each other half done. A commit wakes
whoever is in `wait_for_change`, which is how deliveries start at once without polling.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

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
-- What time alone brings about: sessions expire, refunds settle. Asked at every call, so these
-- leave out the kind, by which SQLite would rather go through all there are.
create index if not exists objects_expiring
    on objects (json_extract(body, '$.expires_at'))
    where json_extract(body, '$.status') = 'open';
create index if not exists objects_settling
    on objects (json_extract(private, '$.settles_at'))
    where json_extract(private, '$.settles_at') is not null;
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
    """One unit of work: read and write objects, then all of it is kept or none."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.sql = connection
        # The stand-in's clock can be moved forward, which is how a test sees a session expire.
        self.now = int(time.time() + self.switch("clock_ahead_seconds", 0))
        # Whose request this is: events carry it. Set by the API, absent on the payment page.
        self.request_id: str | None = None
        self.idempotency_key: str | None = None

    def switch(self, name: str, default: Any) -> Any:
        """A setting of the control surface."""
        row = self.sql.execute("select value from switches where name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row["value"])

    def set_switch(self, name: str, value: Any) -> None:
        """Change a setting of the control surface."""
        self.sql.execute(
            "insert into switches values (?, ?) on conflict (name) do update set value = ?2",
            (name, json.dumps(value)),
        )

    def add(self, body: Json, private: Json | None = None) -> None:
        """Keep a new object; `private` is what Stripe would know but not show."""
        self.sql.execute(
            "insert into objects (id, kind, body, private) values (?, ?, ?, ?)",
            (body["id"], body["object"], json.dumps(body), json.dumps(private or {})),
        )

    def save(self, body: Json) -> None:
        """Replace what is shown of an object."""
        self.sql.execute("update objects set body = ? where id = ?", (json.dumps(body), body["id"]))

    def save_private(self, object_id: str, private: Json) -> None:
        """Replace what is not shown of an object."""
        self.sql.execute(
            "update objects set private = ? where id = ?", (json.dumps(private), object_id)
        )

    def find(self, kind: str, object_id: str) -> Json | None:
        """The object of this kind and id, if there is one."""
        row = self.sql.execute(
            "select body from objects where id = ? and kind = ?", (object_id, kind)
        ).fetchone()
        return None if row is None else json.loads(row["body"])

    def private(self, object_id: str) -> Json:
        """What is not shown of an object that exists."""
        row = self.sql.execute("select private from objects where id = ?", (object_id,)).fetchone()
        private: Json = json.loads(row["private"])
        return private


class Store:
    """The file, its one writer at a time, and a signal for every change."""

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
        """Do some work that is kept as a whole, or not at all if it raises."""
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
        """Wake everyone who waits for news."""
        with self._changed:
            self._generation += 1
            self._changed.notify_all()

    @property
    def generation(self) -> int:
        """A number that grows with every change."""
        with self._changed:
            return self._generation

    def wait_for_change(self, since: int, timeout_seconds: float) -> None:
        """Return once something changed since that generation, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._generation != since, timeout_seconds)

    def _connect(self) -> sqlite3.Connection:
        """The connection that all threads share in turn, made once a process.

        Kept open, because closing the last one folds the log into the file, slowly.
        """
        if self._connection is None or self._process_id != os.getpid():
            self._connection = sqlite3.connect(
                self._path,
                timeout=BUSY_TIMEOUT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._connection.row_factory = sqlite3.Row
            # Survives the death of the process; only a power cut could lose the last commits.
            self._connection.execute("pragma synchronous = normal")
            self._process_id = os.getpid()
        return self._connection
