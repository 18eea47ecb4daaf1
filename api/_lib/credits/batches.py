"""Charge many users in one call: usage that is metered first and charged later, for example.

The batch is one transaction, but each charge has its own idempotency key and outcome. A charge that
is refused stops no other. Retry a batch whose outcome is unknown as it is: what was spent replays.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.credits.spending import REFUSALS, Spent
from api._lib.errors import (
    AccountDeletedError,
    ConflictError,
    InsufficientCreditsError,
    InvalidRequestError,
    NotFoundError,
    PurseError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_CHARGES = 500

_ERRORS: dict[str, type[PurseError]] = {
    "account_deleted": AccountDeletedError,
    "unknown_feature": NotFoundError,
    "idempotency_key_reused": ConflictError,
    "spend_reversed": ConflictError,
    "invalid_quantity": InvalidRequestError,
    "invalid_idempotency_key": InvalidRequestError,
}


@dataclass(frozen=True)
class Charge:
    """What one user is to be charged for.

    Attributes:
        user_id: The user who pays.
        feature: A feature of the catalogue (credit_features).
        quantity: How many uses of the feature.
        idempotency_key: Names this charge. Under the same key the user is charged once.
    """

    user_id: str
    feature: str
    quantity: int
    idempotency_key: str


@dataclass(frozen=True)
class Outcome:
    """What became of a charge.

    Attributes:
        charge: The charge.
        spent: The spend, new or replayed; None if nothing was spent.
        error: Why it was refused; it is not raised. None if it was spent, or if it is busy.
        busy: Whether another transaction held the user's account. Charge again, with the same key.
    """

    charge: Charge
    spent: Spent | None = None
    error: PurseError | None = None
    busy: bool = False


def charge_many(charges: Sequence[Charge]) -> list[Outcome]:
    """Charge up to 500 times in one transaction, and return the outcomes in the same order.

    Charges of the same user are decided in order: after one that is too expensive, a cheaper one
    may still be spent.

    Raises:
        ValueError: There are more than 500 charges.
        DatabaseUnavailableError: The outcome is unknown. Retry with the same keys.
    """
    if len(charges) > MAX_CHARGES:
        raise ValueError(f"at most {MAX_CHARGES} charges fit in a batch, not {len(charges)}")
    answers: list[dict[str, Any]] = database.call(
        "spend_batch", p_spends=[asdict(charge) for charge in charges]
    )
    return [_outcome(charge, answer) for charge, answer in zip(charges, answers, strict=True)]


def _outcome(charge: Charge, answer: dict[str, Any]) -> Outcome:
    match answer["outcome"]:
        case "busy":
            return Outcome(charge, busy=True)
        case "refused":
            return Outcome(charge, error=_error(answer))
        case outcome:
            spent = Spent(
                answer["transaction_id"],
                answer["spent"],
                answer["balance"],
                replayed=outcome == "replayed",
            )
            return Outcome(charge, spent=spent)


def _error(answer: dict[str, Any]) -> PurseError:
    code = answer["code"]
    if code == "insufficient_credits":
        return InsufficientCreditsError(available=answer["available"], required=answer["required"])
    _, sentence = REFUSALS.get(code, (code, None))
    return _ERRORS[code](sentence, code=code)
