"""What the daily job does for the outbox."""

from __future__ import annotations

import time

from api._lib import database
from api._lib.errors import DatabaseUnavailableError
from api._lib.http_client import READ_TIMEOUT_SECONDS

LOTS_AT_ONCE = 1000
EVENTS_AT_ONCE = 5000


def announce_expiring(*, deadline: float) -> bool:
    """Announce credits that expire in 30 or 7 days. Return whether all were looked at.

    Args:
        deadline: By time.monotonic(); after it no further batch is begun.

    Raises:
        DatabaseUnavailableError: The database cannot be reached; the next run continues.
    """
    while time.monotonic() < deadline:
        if not database.call("announce_expiring", p_limit=LOTS_AT_ONCE):
            return True
    return False


def remove_old_events(*, deadline: float) -> bool:
    """Remove events older than 90 days that wait for no delivery. Return whether none is left.

    Args:
        deadline: By time.monotonic(); after it no further batch is begun.

    Raises:
        DatabaseUnavailableError: The database cannot be reached; the next run continues.
    """
    while time.monotonic() < deadline:
        if database.call("prune_outbox", p_limit=EVENTS_AT_ONCE) < EVENTS_AT_ONCE:
            return True
    return False


def failing_checks(*, seconds: float) -> list[str] | None:
    """Run the cheap checks of make doctor; announce and return the names of those that fail.

    None if the database did not answer in time: they are not worth a failed clean-up.

    Args:
        seconds: How much time is left. The checks may take SCAN_TIMEOUT_SECONDS of it. They get
            at least as long as any other call.
    """
    limit = min(max(seconds, READ_TIMEOUT_SECONDS), database.SCAN_TIMEOUT_SECONDS)
    try:
        names: list[str] = database.call("announce_doctor", timeout_seconds=limit)
    except DatabaseUnavailableError:
        return None
    return names
