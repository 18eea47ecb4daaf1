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
from api._lib.database import DatabaseError
from api._lib.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InsufficientCreditsError,
    InvalidRequestError,
    PurseError,
)

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
        at_most: The bound that paid() was given, in credits.
        charge: How many credits to spend: those held, unless the block sets another number, from
            0 to the hold or to at_most, whichever is greater.
        spent: The spend, after the block has ended; None if the charge is 0.
    """

    hold: Hold
    charge: int
    at_most: int | None = None
    spent: Spent | None = None


@contextmanager
def paid(  # noqa: PLR0913 - all but two are keywords
    feature: str,
    user_id: str,
    *,
    quantity: int = 1,
    at_most: int | None = None,
    idempotency_key: str | None = None,
    hold_seconds: int = HOLD_SECONDS,
) -> Iterator[Work]:
    """Hold what a feature costs, run the block, capture on success and release on failure.

    Args:
        feature: A feature of the catalogue (credit_features).
        user_id: The user who pays.
        quantity: How many uses of the feature.
        at_most: How many credits the charge may reach if the work turns out dearer than held. The
            excess must be free when the block ends.
        idempotency_key: Names this piece of work. A retry with the same key is charged once. If an
            earlier run failed, the same work runs again.
        hold_seconds: How long the work may take at most.

    Raises:
        InsufficientCreditsError: The user cannot pay. The block has not run; or it has, and its
            charge exceeds the hold by more than is free. Nothing is spent or held then.
        InvalidRequestError: The charge is out of bounds. Nothing is spent or held.
        NotFoundError: No such feature is offered.
        ConflictError: With this key the work was paid already (hold_captured), perhaps reversed
            since (spend_reversed), or other work was requested (idempotency_key_reused).
        DatabaseUnavailableError: The database cannot be reached.
    """
    held = hold(
        user_id, feature, quantity, idempotency_key or str(uuid.uuid4()), seconds=hold_seconds
    )
    if held.status != "held":
        raise ConflictError(
            "This was asked for before and has ended. Start again.", code=f"hold_{held.status}"
        )
    work = Work(held, held.credits, at_most)
    try:
        yield work
    except BaseException:
        _release(held)
        raise
    if work.charge:
        work.spent = _capture(work)
    else:
        _release(held)


def _capture(work: Work) -> Spent:
    """Capture the charge. If it is refused, release the hold, so that it does not block credits."""
    for _ in range(CAPTURE_ATTEMPTS - 1):
        try:
            return _capture_once(work)
        except DatabaseUnavailableError:
            continue
    return _capture_once(work)


def _capture_once(work: Work) -> Spent:
    try:
        return capture(work.hold.id, work.charge, at_most=work.at_most)
    except (InsufficientCreditsError, InvalidRequestError, DatabaseError):
        _release(work.hold)
        raise


def _release(held: Hold) -> None:
    """Release the hold. Best effort: never mask the original exception; the hold lapses anyway."""
    try:
        release(held.id)
    except PurseError as error:
        _log.warning("hold %s: not released (%s); it lapses by itself", held.id, error.code)
