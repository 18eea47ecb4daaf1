"""Deliveries of the outbox to one endpoint: the calls of a runner, and time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@contextmanager
def idle_endpoint(database: Database) -> Iterator[str]:
    """Within the block there is one endpoint, to which nothing is due; return its name."""
    # Earlier tests left events for nobody.
    database.execute("update outbox_events set is_fanned_out = true")
    database.execute("delete from outbox_deliveries")
    database.execute("delete from outbox_endpoints")
    sync(database, "app")
    yield "app"
    database.execute("delete from outbox_deliveries")
    database.execute("delete from outbox_endpoints")


def sync(database: Database, *names: str, low: int | None = None) -> None:
    """Say which endpoints are configured; each wants events of all types."""
    database.execute("select sync_outbox(%s, %s)", [Jsonb(dict.fromkeys(names)), low])


def lease(
    database: Database, *endpoints: str, limit: int = 100, seconds: int = 60
) -> list[dict[str, Any]]:
    """Return the deliveries that are due, and lease them for so many seconds."""
    row = database.execute(
        "select lease_deliveries(%s::text[], %s, %s) as leased", [list(endpoints), limit, seconds]
    ).fetchone()
    assert row is not None
    leased: list[dict[str, Any]] = row["leased"]
    return leased


def settle(
    database: Database, *deliveries: dict[str, Any], result: str = "delivered", **more: Any
) -> int:
    """Report how leased deliveries ended; return how many of the reports counted."""
    results = [
        {
            "endpoint": d["endpoint"],
            "event_id": d["event_id"],
            "lease": d["lease"],
            "result": result,
            "outcome": "200",
            **more,
        }
        for d in deliveries
    ]
    row = database.execute("select settle_deliveries(%s) as settled", [Jsonb(results)]).fetchone()
    assert row is not None
    settled: int = row["settled"]
    return settled


def earlier(database: Database, **by: int) -> None:
    """Let time go by for all deliveries."""
    ago = ", ".join(f"{unit} => {count}" for unit, count in by.items())
    database.execute(
        f"update outbox_deliveries set due_at = due_at - make_interval({ago}),"
        f" begun_at = begun_at - make_interval({ago})"
    )
