"""What the daily job does for the outbox."""

from __future__ import annotations

import time

from api._lib import database

LOTS_AT_ONCE = 1000
EVENTS_AT_ONCE = 5000


def announce_expiring(*, deadline: float) -> bool:
    """Announce credits that expire in 30 or 7 days. Return whether all were looked at.

    Args:
        deadline: By time.monotonic(); after it no further batch is begun.

    Raises:
        DatabaseUnavailableError: The database cannot be reached; the next run continues.
    """
    return _repeat("announce_expiring", LOTS_AT_ONCE, deadline)


def remove_old_events(*, deadline: float) -> bool:
    """Remove events older than 90 days that wait for no delivery. Return whether none is left.

    Args:
        deadline: By time.monotonic(); after it no further batch is begun.

    Raises:
        DatabaseUnavailableError: The database cannot be reached; the next run continues.
    """
    return _repeat("prune_outbox", EVENTS_AT_ONCE, deadline)


def failing_checks() -> list[str]:
    """Run the cheap checks of make doctor; announce and return the names of those that fail.

    Raises:
        DatabaseUnavailableError: The database cannot be reached, or is too large for them.
    """
    names: list[str] = database.call("announce_doctor")
    return names


def _repeat(function: str, limit: int, deadline: float) -> bool:
    while time.monotonic() < deadline:
        if not database.call(function, p_limit=limit):
            return True
    return False
