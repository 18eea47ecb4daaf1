"""Call the books' functions. They read long ledgers, and wait until no row is being written."""

from __future__ import annotations

import time
from typing import Any

from api._lib import database
from api._lib.errors import BusyError

# The seal of a month and the sums of days need a moment in which nobody writes. They wait for it
# for 40 ms only (purse.wait_for_writers), so they are asked again.
TRIES = 5
PAUSE_SECONDS = 2


def call_books(function: str, **arguments: Any) -> Any:
    """Call a function of the books and return its JSON; up to TRIES times while it is busy.

    Raises:
        BusyError: Rows were being written each time. Nothing was changed.
        DatabaseError: The function refused the call.
        DatabaseUnavailableError: The outcome is unknown. The call is safe to repeat.
    """
    for _ in range(TRIES - 1):
        try:
            return _call(function, arguments)
        except BusyError:
            time.sleep(PAUSE_SECONDS)
    return _call(function, arguments)


def _call(function: str, arguments: dict[str, Any]) -> Any:
    limit = database.SCAN_TIMEOUT_SECONDS
    return database.call(function, timeout_seconds=limit, **arguments)
