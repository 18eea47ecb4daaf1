"""The daily job's part of the books: yesterday's ledger rows are added up once."""

from __future__ import annotations

import logging

from api._lib import database
from api._lib.book_calls import call_books
from api._lib.errors import BusyError, DatabaseUnavailableError
from api._lib.settings import settings

_log = logging.getLogger("purse")


def sum_book_days() -> bool:
    """Add up the days before today. Return whether that was done; if not, the next run does it.

    Best effort: without these sums the books take longer to read, and are the same.
    """
    try:
        call_books("sum_book_days", p_timezone=settings().books.timezone)
    except (BusyError, DatabaseUnavailableError) as error:
        _log.warning("the days of the books were not added up: %s", error.code)
    except database.DatabaseError as error:
        # Such as a time zone that differs from the one that the first seal fixed.
        _log.warning("the days of the books were not added up: %s", error.detail or error.code)
    else:
        return True
    return False
