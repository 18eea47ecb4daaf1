"""Write down the credits that have expired.

Housekeeping only: expired credits cannot be spent, whether or not they are written down. This adds
their rows to the ledger, so that history shows them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from api._lib import database

ACCOUNTS_AT_ONCE = 500


@dataclass(frozen=True)
class Expired:
    """What a run did: how many accounts had expired credits, and whether none is left."""

    accounts: int
    complete: bool


def expire_credits(*, deadline: float) -> Expired:
    """Write down expired credits, a batch of accounts at a time.

    Args:
        deadline: By time.monotonic(); after it no further batch is begun.

    Raises:
        DatabaseUnavailableError: The database cannot be reached; the next run continues.
    """
    accounts = 0
    while time.monotonic() < deadline:
        written: int = database.call("lapse_credits", p_limit=ACCOUNTS_AT_ONCE)["accounts"]
        accounts += written
        if written < ACCOUNTS_AT_ONCE:
            return Expired(accounts, complete=True)
    return Expired(accounts, complete=False)
