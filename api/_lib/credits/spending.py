"""Spend credits, or set them aside while work is under way; the rules are in sql/.

An idempotency key belongs to a user and is kept for good: the same request under it is answered as
the first time, another one is refused.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.errors import (
    ConflictError,
    InsufficientCreditsError,
    InvalidRequestError,
    NotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_QUANTITY = 1_000_000


@dataclass(frozen=True)
class Spent:
    """A spend in the ledger.

    Attributes:
        transaction_id: The ledger row's id.
        credits: What was spent.
        balance: The balance once it was.
        replayed: Whether this is the answer to an earlier request.
    """

    transaction_id: str
    credits: int
    balance: int
    replayed: bool


@dataclass(frozen=True)
class Hold:
    """Credits set aside.

    Attributes:
        id: The hold's id.
        credits: How many.
        status: held; of a replay what became of it: captured, released or lapsed.
        expires_at: When it lapses by itself, RFC 3339, UTC.
        replayed: Whether this is the answer to an earlier request.
    """

    id: str
    credits: int
    status: str
    expires_at: str
    replayed: bool


def spend(user_id: str, feature: str, quantity: int, idempotency_key: str) -> Spent:
    """Spend what a feature costs.

    Raises:
        InsufficientCreditsError: Fewer credits are free.
        NotFoundError: No such feature is offered.
        ConflictError: The key was used for another request.
        InvalidRequestError: The quantity is out of bounds.
        DatabaseUnavailableError: Perhaps spent, perhaps not: ask again under the same key.
    """
    with refusals():
        row: dict[str, Any] = database.call(
            "spend_credits",
            p_user_id=user_id,
            p_feature=feature,
            p_quantity=quantity,
            p_idempotency_key=idempotency_key,
        )
    return Spent(row["transaction_id"], row["spent"], row["balance"], row["replayed"])


def hold(user_id: str, feature: str, quantity: int, idempotency_key: str, *, seconds: int) -> Hold:
    """Set aside what a feature costs; after so many seconds the hold lapses by itself.

    Raises:
        As spend() does.
    """
    with refusals():
        row: dict[str, Any] = database.call(
            "hold_credits",
            p_user_id=user_id,
            p_feature=feature,
            p_quantity=quantity,
            p_idempotency_key=idempotency_key,
            p_seconds=seconds,
        )
    return Hold(row["hold_id"], row["credits"], row["status"], row["expires_at"], row["replayed"])


def capture(hold_id: str, charge: int | None = None) -> Spent:
    """Spend what a hold has set aside, or a part of it and give the rest back. Safe to repeat.

    Raises:
        ConflictError: It was released, has lapsed, or was captured otherwise; its code says which.
        NotFoundError: No such hold.
        DatabaseUnavailableError: Perhaps captured, perhaps not: ask again.
    """
    with refusals():
        row: dict[str, Any] = database.call("capture_hold", p_hold_id=hold_id, p_credits=charge)
    return Spent(row["transaction_id"], row["captured"], row["balance"], row["replayed"])


def release(hold_id: str) -> None:
    """Give back what a hold has set aside. Safe to repeat.

    Raises:
        ConflictError: It was captured.
        NotFoundError: No such hold.
        DatabaseUnavailableError: It lapses by itself in the end.
    """
    with refusals():
        database.call("release_hold", p_hold_id=hold_id)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what our Postgres functions refuse into the error a client is told.

    Raises:
        InsufficientCreditsError: PT402.
        NotFoundError: PT404.
        ConflictError: PT409.
        InvalidRequestError: PT422.
    """
    try:
        yield
    except database.DatabaseError as error:
        if error.code == "PT402":
            raise InsufficientCreditsError(**json.loads(error.detail or "")) from None
        if error.code == "PT404":
            raise NotFoundError(_UNKNOWN.get(error.detail or ""), code=error.detail) from None
        if error.code == "PT409":
            raise ConflictError(_CONFLICTS.get(error.detail or ""), code=error.detail) from None
        if error.code == "PT422":
            raise InvalidRequestError(
                f"quantity must be a whole number from 1 to {MAX_QUANTITY:,}."
            ) from None
        raise


_UNKNOWN = {
    "unknown_feature": "There is no such feature.",
    "unknown_hold": "There are no such credits set aside.",
}
_CONFLICTS = {
    "idempotency_key_reused": "This Idempotency-Key was used for another request. Use a new one.",
    "hold_released": "These credits were set free already.",
    "hold_lapsed": "These credits were set aside for too long and are free again. Start again.",
    "hold_captured": "These credits are spent already.",
}
