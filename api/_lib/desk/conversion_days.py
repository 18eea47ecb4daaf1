"""The daily job's part of the desk's conversion: days that are over are added up once."""

from __future__ import annotations

import logging
import time

from api._lib import database
from api._lib.errors import BusyError

_log = logging.getLogger("purse")


def sum_conversion_days(*, deadline: float) -> bool:
    """Add up days that are over, and delete who opened the store on them.

    Without these sums the desk's figures take longer to read, and are the same. Returns whether no
    day is left; if not, or while old orders are being changed, the next run goes on.

    Args:
        deadline: By time.monotonic(); after it no further day is begun.

    Raises:
        DatabaseUnavailableError: The database cannot be reached; the next run goes on.
    """
    while time.monotonic() < deadline:
        try:
            if not database.call("sum_conversion_days"):
                return True
        except BusyError:
            _log.warning("the days of the desk's conversion were not added up: busy")
            return False
    return False
