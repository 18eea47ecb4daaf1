"""The mails, in a SQLite file. Only the newest are kept."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAILS_AT_MOST = 500
_LOCK_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail as it arrived.

    Attributes:
        id: Grows with every mail.
        received_at: When it arrived, UTC.
        recipients: The addresses that the sender named to the server.
        raw: The message: headers and body.
    """

    id: int
    received_at: datetime
    recipients: tuple[str, ...]
    raw: bytes


class Store:
    """The mails of one mailbox.

    Args:
        path: The file; it is created if missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._connection() as connection:
            connection.execute(
                """
                create table if not exists mails (
                  id integer primary key autoincrement,
                  received_at text not null,
                  recipients text not null,
                  raw blob not null
                )
                """
            )

    def add(self, recipients: Sequence[str], raw: bytes) -> None:
        """Keep a mail, and forget the oldest ones beyond MAILS_AT_MOST."""
        with self._connection() as connection:
            cursor = connection.execute(
                "insert into mails (received_at, recipients, raw) values (?, ?, ?)",
                (datetime.now(UTC).isoformat(), json.dumps(list(recipients)), raw),
            )
            newest = cursor.lastrowid or 0
            connection.execute("delete from mails where id <= ?", (newest - MAILS_AT_MOST,))

    def mails(self) -> list[StoredMail]:
        """Return all mails, newest first."""
        with self._connection() as connection:
            rows = connection.execute(
                "select id, received_at, recipients, raw from mails order by id desc"
            ).fetchall()
        return [_mail(row) for row in rows]

    def mail(self, mail_id: int) -> StoredMail | None:
        """Return one mail, or None."""
        with self._connection() as connection:
            row = connection.execute(
                "select id, received_at, recipients, raw from mails where id = ?", (mail_id,)
            ).fetchone()
        return _mail(row) if row else None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with (
            closing(sqlite3.connect(self._path, timeout=_LOCK_TIMEOUT_SECONDS)) as connection,
            connection,
        ):
            yield connection


def _mail(row: tuple[int, str, str, bytes]) -> StoredMail:
    mail_id, received_at, recipients, raw = row
    return StoredMail(
        mail_id, datetime.fromisoformat(received_at), tuple(json.loads(recipients)), raw
    )
