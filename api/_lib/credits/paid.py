"""Charge for a feature, and only if it worked.

    with paid("docx_processing", user.id):
        chapters = process(document)

The credits are set aside first, so that nobody starts what they cannot pay for. If the block ends,
they are spent; if it raises, they are free again; if the process dies, the hold lapses by itself.
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

# Longer than any function of ours may run (vercel.json), so that no hold lapses under its work.
HOLD_SECONDS = 15 * 60
# A capture is safe to repeat, and what it pays for is done: once more before giving up on it.
CAPTURE_ATTEMPTS = 3

_log = logging.getLogger("purse")


@dataclass
class Work:
    """Work that credits are set aside for.

    Attributes:
        hold: The credits set aside.
        charge: How many of them to spend in the end: all, unless the block sets less; 0 for none.
        spent: The spend, once the block has ended; None if there is none.
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
        feature: As in the catalogue (credit_features).
        user_id: Who pays.
        quantity: How many uses of the feature.
        idempotency_key: Names this piece of work: tried again under it, it is charged once.
        hold_seconds: How long the work may take at most.

    Raises:
        InsufficientCreditsError: They cannot pay; the block has not begun.
        NotFoundError: No such feature is offered.
        ConflictError: Under this key the work is done and paid already, or another was asked for.
        DatabaseUnavailableError: The database is away.
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
        _give_back(held)
        raise
    if work.charge:
        work.spent = _capture(held, work.charge)
    else:
        _give_back(held)


def _capture(held: Hold, charge: int) -> Spent:
    for _ in range(CAPTURE_ATTEMPTS - 1):
        try:
            return capture(held.id, charge)
        except DatabaseUnavailableError:
            continue
    return capture(held.id, charge)


def _give_back(held: Hold) -> None:
    """Release; whatever hinders it is not to hide what went wrong: the hold lapses by itself."""
    try:
        release(held.id)
    except PurseError as error:
        _log.warning("hold %s: not released (%s); it lapses by itself", held.id, error.code)
