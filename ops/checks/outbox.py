"""What outbox_status() says of events on their way, as findings. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api._lib.desk.findings import Finding
from ops.findings import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LATE = timedelta(hours=26)


def check_outbox(data: Mapping[str, Any], *, now: datetime | None = None) -> Iterator[Finding]:
    """Report events that were given up, that wait for long, or that wait for nobody.

    Args:
        data: What outbox_status() returned.
        now: The present time (UTC).
    """
    now = now or datetime.now(UTC)
    endpoints = data["endpoints"]
    parked = [endpoint for endpoint in endpoints if endpoint["parked"]]
    late = [
        endpoint
        for endpoint in endpoints
        if endpoint["active"]
        and endpoint["oldest"]
        and datetime.fromisoformat(endpoint["oldest"]) < now - LATE
    ]
    gone = [endpoint for endpoint in endpoints if not endpoint["active"] and endpoint["pending"]]
    if parked:
        yield Finding(
            "WRONG",
            "Events were given up after three days of attempts, or because the receiver is gone.",
            "Mend the receiver, then: select replay_events('app', null, '2026-11-28'); and go on"
            " while it answers that events are left.",
            [f"{endpoint['name']}: {count(endpoint['parked'], 'event')}" for endpoint in parked],
        )
    if late:
        yield Finding(
            "WRONG",
            "Events wait for more than a day. The receiver fails, or nobody calls /api/deliver.",
            "Let a scheduler call GET /api/deliver with CRON_SECRET: see docs/events.md.",
            [
                f"{endpoint['name']}: {count(endpoint['pending'], 'event')}, last attempt:"
                f" {endpoint['last_outcome'] or 'none'}"
                for endpoint in late
            ],
        )
    if gone:
        yield Finding(
            "note",
            "Events wait for endpoints that the deployment no longer names.",
            cases=[
                f"{endpoint['name']}: {count(endpoint['pending'], 'event')}" for endpoint in gone
            ],
        )
    active = sum(endpoint["active"] for endpoint in endpoints)
    if active and not parked and not late:
        pending = sum(endpoint["pending"] for endpoint in endpoints if endpoint["active"])
        on_the_way = count(pending, "delivery", "deliveries")
        yield Finding("ok", f"Events go to {count(active, 'endpoint')}; {on_the_way} on the way.")
