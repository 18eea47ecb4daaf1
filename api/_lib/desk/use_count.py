"""The figures of the desk's page about use that are counted once a day."""

from __future__ import annotations

import logging
import time

from api._lib import database
from api._lib.errors import BusyError, DatabaseUnavailableError

_log = logging.getLogger("purse")


def count_use(*, before: float) -> bool:
    """Count them; return whether that was done. If not, the next run does it.

    Best effort: the page shows the figures of the last count, with their time, and can count anew.

    Args:
        before: When it must have ended (time.monotonic). It is not begun if that could be late.
    """
    if time.monotonic() + database.SCAN_TIMEOUT_SECONDS > before:
        return False
    try:
        database.call("count_use", timeout_seconds=database.SCAN_TIMEOUT_SECONDS)
    except (BusyError, DatabaseUnavailableError) as error:
        _log.warning("the figures about use were not counted: %s", error.code)
        return False
    return True
