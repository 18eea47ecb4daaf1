"""A ledger with entries of earlier days, which no test can write today."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

_DEFAULT = "alter table credit_transactions alter column created_at set default"


def noon(days_ago: int) -> datetime:
    """Return twelve o'clock UTC, so many days ago."""
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days_ago)


@contextmanager
def written_at(database: Connection[dict[str, Any]], moment: datetime) -> Iterator[None]:
    """Let ledger rows that are written in this block say that they were written then."""
    database.execute(f"{_DEFAULT} '{moment.isoformat()}'::timestamptz".encode())
    try:
        yield
    finally:
        database.execute(f"{_DEFAULT} clock_timestamp()".encode())
