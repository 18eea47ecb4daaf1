"""Spend credits at once, or hold them while work runs and then capture or release the hold.

The rules are in sql/. An idempotency key belongs to one user and never expires: the same request
with the same key gets the first answer again, another request with that key is refused.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.errors import (
    ConflictError,
    InsufficientCreditsError,
    InvalidRequestError,
    NotFoundError,
    TooManyAttemptsError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_QUANTITY = 1_000_000
FEATURE_ID = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)

# What a Postgres function refuses (the error's detail) -> code and sentence for the client.
REFUSALS: Mapping[str, tuple[str, str]] = {
    "unknown_feature": ("unknown_feature", "There is no such feature."),
    "unknown_hold": ("unknown_hold", "There are no such credits set aside."),
    "idempotency_key_reused": (
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request. Use a new one.",
    ),
    "spend_reversed": (
        "spend_reversed",
        "These credits were spent and then given back. Start again with a new Idempotency-Key.",
    ),
    "hold_released": ("hold_released", "These credits were set free already."),
    "hold_lapsed": (
        "hold_lapsed",
        "These credits were set aside for too long and are free again. Start again.",
    ),
    "hold_captured": ("hold_captured", "These credits are spent already."),
}


@dataclass(frozen=True)
class Spent:
    """A spend in the ledger.

    Attributes:
        transaction_id: The id of the ledger row.
        credits: How many credits were spent.
        balance: The balance after the spend, in credits.
        replayed: Whether this repeats the answer to an earlier request.
    """

    transaction_id: str
    credits: int
    balance: int
    replayed: bool


@dataclass(frozen=True)
class Hold:
    """A hold: credits that are set aside while work runs.

    Attributes:
        id: The hold's id.
        credits: How many credits are held.
        status: held; in a repeated answer also captured, released or lapsed.
        expires_at: When the hold lapses by itself, RFC 3339, UTC.
        replayed: Whether this repeats the answer to an earlier request.
    """

    id: str
    credits: int
    status: str
    expires_at: str
    replayed: bool


def spend(user_id: str, feature: str, quantity: int, idempotency_key: str) -> Spent:
    """Spend what a feature costs.

    Raises:
        InsufficientCreditsError: The user has fewer credits available.
        NotFoundError: No such feature is offered.
        ConflictError: The key was used for another request, or for a spend that was reversed since
            (spend_reversed).
        InvalidRequestError: The quantity is out of bounds.
        DatabaseUnavailableError: The outcome is unknown. Retry with the same key.
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
    """Hold what a feature costs; the hold lapses by itself after this many seconds.

    Raises:
        PurseError: The same errors as spend().
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


def capture(hold_id: str, charge: int | None = None, *, at_most: int | None = None) -> Spent:
    """Spend the credits of a hold; with a charge, spend that many and release the rest.

    The charge may exceed the hold up to at_most credits, if the excess is free. If the charge is
    refused, the hold stays: capture less, or release it. Safe to repeat.

    Raises:
        InsufficientCreditsError: The charge exceeds the hold by more than is free. The held credits
            count in both of its numbers.
        InvalidRequestError: The charge is not from 1 to the hold or at_most, whichever is greater.
        ConflictError: The hold was released, has lapsed, or was captured with another charge; or
            its spend was reversed.
        NotFoundError: No such hold.
        DatabaseUnavailableError: The outcome is unknown. Retry.
    """
    if charge is not None and type(charge) is not int:
        raise InvalidRequestError(
            "The charge must be a whole number of credits.", code="charge_out_of_bounds"
        )
    with refusals(), _charge_bounds():
        row: dict[str, Any] = database.call(
            "capture_hold", p_hold_id=hold_id, p_credits=charge, p_at_most=at_most
        )
    return Spent(row["transaction_id"], row["captured"], row["balance"], row["replayed"])


def release(hold_id: str) -> None:
    """Release a hold, so that its credits are available again. Safe to repeat.

    Raises:
        ConflictError: The hold was captured.
        NotFoundError: No such hold.
        DatabaseUnavailableError: The outcome is unknown. A hold that is not released lapses by
            itself.
    """
    with refusals():
        database.call("release_hold", p_hold_id=hold_id)


@contextmanager
def _charge_bounds() -> Iterator[None]:
    try:
        yield
    except database.DatabaseError as error:
        if error.code != "PT422":
            raise
        raise InvalidRequestError(
            f"The charge must be from 1 to {int(error.detail or 0):,} credits.",
            code="charge_out_of_bounds",
        ) from None


@contextmanager
def refusals(answers: Mapping[str, tuple[str, str]] = REFUSALS) -> Iterator[None]:
    """Turn what a Postgres function refuses into the error that the client is told.

    Args:
        answers: The detail of a refusal -> code and sentence for the client.

    Raises:
        InsufficientCreditsError: PT402.
        NotFoundError: PT404.
        ConflictError: PT409.
        InvalidRequestError: PT422.
        TooManyAttemptsError: PT429.
    """
    try:
        yield
    except database.DatabaseError as error:
        code, sentence = answers.get(error.detail or "", (error.detail, None))
        if error.code == "PT402":
            raise InsufficientCreditsError(**json.loads(error.detail or "")) from None
        if error.code == "PT404":
            raise NotFoundError(sentence, code=code) from None
        if error.code == "PT409":
            raise ConflictError(sentence, code=code) from None
        if error.code == "PT429":
            raise TooManyAttemptsError(int(error.detail or 60)) from None
        if error.code == "PT422":
            raise InvalidRequestError(
                f"quantity must be a whole number from 1 to {MAX_QUANTITY:,}."
            ) from None
        raise
