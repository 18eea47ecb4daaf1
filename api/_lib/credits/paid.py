"""Charge for a feature of your own, and only if it worked.

    with paid("docx_processing", user.id):
        chapters = process(document)

The credits are held before the block runs, so nobody starts work that they cannot pay for. If the
block ends, they are spent. If it raises, they are available again. If the process dies, the hold
lapses by itself.

Use it where one request does the work. The sample app's files hold credits in one request and spend
them in another. There the Postgres functions of sql/*_files*.sql hold and capture, and nothing in
this product calls paid().
"""

from __future__ import annotations

import logging
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api._lib.credits.spending import Hold, Spent, capture, hold, release
from api._lib.errors import ConflictError, DatabaseUnavailableError, PurseError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Longer than maxDuration in vercel.json, so that no hold lapses while its work is running.
HOLD_SECONDS = 15 * 60
# The work is done and a capture is safe to repeat, so it is tried again before giving up.
CAPTURE_ATTEMPTS = 3

_log = logging.getLogger("purse")


@dataclass
class Work:
    """Work in progress that credits are held for.

    Attributes:
        hold: The hold.
        charge: How many of the held credits to spend: all of them, unless the block sets fewer.
        spent: The spend, after the block has ended; None if the charge is 0.
    """

    hold: Hold
    charge: int
    spent: Spent | None = None


@contextmanager
def paid(
    feature: str,
    user_id: str,
    *,
    quantity: int = 1,
    idempotency_key: str | None = None,
    hold_seconds: int = HOLD_SECONDS,
) -> Iterator[Work]:
    """Hold what a feature costs, run the block, capture on success and release on failure.

    Args:
        feature: A feature of the catalogue (credit_features).
        user_id: The user who pays.
        quantity: How many uses of the feature.
        idempotency_key: Names this piece of work. A retry with the same key is charged once.
        hold_seconds: How long the work may take at most.

    Raises:
        InsufficientCreditsError: The user cannot pay. The block has not run.
        NotFoundError: No such feature is offered.
        ConflictError: With this key the work was paid already, or other work was requested.
        DatabaseUnavailableError: The database cannot be reached.
    """
    held = hold(
        user_id, feature, quantity, idempotency_key or str(uuid.uuid4()), seconds=hold_seconds
    )
    if held.status != "held":
        raise ConflictError(
            "This was asked for before and has ended. Start again.", code=f"hold_{held.status}"
        )
    work = Work(held, held.credits)
    try:
        yield work
    except BaseException:
        _release(held)
        raise
    if work.charge:
        work.spent = _capture(held, work.charge)
    else:
        _release(held)


def _capture(held: Hold, charge: int) -> Spent:
    for _ in range(CAPTURE_ATTEMPTS - 1):
        try:
            return capture(held.id, charge)
        except DatabaseUnavailableError:
            continue
    return capture(held.id, charge)


def _release(held: Hold) -> None:
    """Release the hold. Best effort: never mask the original exception; the hold lapses anyway."""
    try:
        release(held.id)
    except PurseError as error:
        _log.warning("hold %s: not released (%s); it lapses by itself", held.id, error.code)
