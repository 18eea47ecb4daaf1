"""What the outbox has announced of one user."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def purse_with_threshold(database: Database) -> Purse:
    """Return the purse of a new user with a low threshold of 20 credits."""
    purse = Purse(database)
    database.execute(
        "insert into user_credits (user_id, low_threshold) values (%s, 20)", [purse.user_id]
    )
    return purse


def events(purse: Purse, *types: str) -> list[dict[str, Any]]:
    """Return the user's events, oldest first; of these types only, if some are named."""
    rows = purse.database.execute(
        "select * from outbox_events where user_id = %s order by id", [purse.user_id]
    ).fetchall()
    return [row for row in rows if not types or row["type"] in types]


def types(purse: Purse) -> list[str]:
    """Return the types of the user's events, oldest first."""
    return [event["type"] for event in events(purse)]


def now() -> int:
    """Return the time in seconds since 1970."""
    return int(time.time())
