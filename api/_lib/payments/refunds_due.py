"""Which refunds wait for a worker. Most runs of the jobs find none and need no Stripe SDK."""

from __future__ import annotations

import time
from dataclasses import dataclass

from api._lib import database
from api._lib.settings import settings

# Unfinished refunds that one run goes on with.
AT_ONCE = 100


@dataclass(frozen=True)
class RefundRun:
    """What became of the refunds that were due.

    Attributes:
        unfinished: How many are still begun; a later run goes on with them.
        refused: Our ids of those that need a person: their refund at Stripe is invalid, or the
            database refused its facts.
    """

    unfinished: int
    refused: tuple[str, ...]


def refunds_due() -> list[str]:
    """Return up to AT_ONCE begun refunds whose next attempt is due, by our ids.

    Raises:
        DatabaseUnavailableError: The database cannot be reached.
    """
    config = settings()
    if config.stripe_secret_key is None:
        return []
    due: list[str] = database.call(
        "unfinished_refunds", p_livemode=config.livemode, p_limit=AT_ONCE
    )
    return due


def finish_due(*, seconds: float) -> RefundRun:
    """Go on with the refunds that are due, for so many seconds.

    Raises:
        DatabaseUnavailableError: The database cannot be reached.
    """
    due = refunds_due()
    if not due:
        return RefundRun(0, ())
    from api._lib.payments.refunds import finish_refunds  # noqa: PLC0415 - brings Stripe's SDK

    return finish_refunds(due, deadline=time.monotonic() + seconds)
