"""Calls of the desk's functions in Postgres, which check the caller's role themselves."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.errors import (
    AccountDeletedError,
    ConflictError,
    ForbiddenError,
    InsufficientCreditsError,
    InvalidRequestError,
    NotFoundError,
    PurseError,
)
from api._lib.http_client import READ_TIMEOUT_SECONDS
from api._lib.payments.refund_refusals import CONFLICTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BALANCE_CHANGED = "balance_changed:"
# What a Postgres function refuses (the error's detail, and our code) -> the sentence for staff.
_SENTENCES: Mapping[str, str] = {
    **CONFLICTS,
    "unknown_purchase": "There is no such order.",
    "not_staff": "The desk is for staff. An owner gives roles with: make admin EMAIL=…",
    "admins_only": "Only an admin may do this. Your role is support.",
    "unknown_person": "There is no such person.",
    "unknown_transaction": "This person has no such spend.",
    "unknown_hold": "This person has no such hold.",
    "unknown_order": "This person has no such order.",
    "unknown_batch": "There is no such batch of grants.",
    "unknown_export": "This export is not one that you began within the last hour.",
    "idempotency_key_reused": "This Idempotency-Key was used for another action. Use a new one.",
    "already_done": "This was done before, perhaps by a colleague. Nothing was changed.",
    "hold_of_refund": "These credits belong to a refund under way. That refund ends the hold.",
    "hold_captured": "These credits are spent already. Undo the spend instead.",
    "is_staff": "This account has a role at the desk. Take the role away first.",
    "mails_off": "This shop sends no mails to customers.",
    "no_address": "This person has no confirmed e-mail address.",
    "no_receipt_mail": "There is no mail to send again: the order is not paid, or it was paid more"
    " than 90 days ago. Stripe's dashboard can send its own receipt.",
    "price_changed": "This pack or feature has changed since you saw it. Load the page again.",
    "currency_taken": "This pack has another price in that currency. Remove that price first.",
    "unknown_package": "There is no such pack.",
    "offer_bought": "This offer was bought already. Refund its order instead.",
    "offer_end_wrong": "An offer must end in the future, within ten years.",
    "unknown_offer": "This person has no such offer.",
    "campaign_differs": "This campaign exists with other terms, or the code belongs to another"
    " campaign. No code was made.",
    "code_exists": "This campaign has this code already. No code was made.",
    "purse_moved": "One of these purses has moved to another account already.",
}


def ask(
    function: str,
    actor_id: str,
    *,
    timeout_seconds: float = READ_TIMEOUT_SECONDS,
    **arguments: Any,
) -> Any:
    """Call a function of the desk for a member of staff; return its JSON.

    `timeout_seconds` is as in database.call.

    Raises:
        ForbiddenError: The caller has no role (`not_staff`), or not the one it takes.
        NotFoundError: There is no such person, spend, hold or order.
        ConflictError: It contradicts what is recorded, or what the caller was shown.
        InsufficientCreditsError: A correction takes more than is free.
        InvalidRequestError: An argument is out of bounds.
        DatabaseUnavailableError: The outcome is unknown. Retry with the same key.
    """
    try:
        with about_the_person():
            return database.call(
                function, timeout_seconds=timeout_seconds, p_actor_id=actor_id, **arguments
            )
    except database.DatabaseError as error:
        refusal = _refusal(error.code, error.detail or "")
        if refusal is None:
            raise
        raise refusal from None


@contextmanager
def about_the_person() -> Iterator[None]:
    """Answer that the person's account was deleted, where a call finds a deleted account.

    It is never the caller's account: a deleted account has no role at the desk.

    Raises:
        ConflictError: The account was deleted (`person_deleted`).
    """
    try:
        yield
    except AccountDeletedError:
        raise ConflictError("This account was deleted.", code="person_deleted") from None


def _refusal(sqlstate: str, detail: str) -> PurseError | None:
    """Return what a refusal of Postgres means to staff; None for a fault of ours. Pure."""
    if detail.startswith(_BALANCE_CHANGED):
        return ConflictError(
            "The balance has changed since you saw it. Nothing was done. Look again.",
            code="balance_changed",
            details={"balance": int(detail.removeprefix(_BALANCE_CHANGED))},
        )
    if detail == "purse_in_use":
        return ConflictError(
            "Work is in progress on this purse. Release its holds first.", code="purse_in_use"
        )
    if detail == "purse_not_empty":
        return ConflictError(
            "The other account has a history of its own, so a purse cannot move there.",
            code="purse_not_empty",
        )
    if sqlstate == "PT402":
        return InsufficientCreditsError(**json.loads(detail))
    if sqlstate == "PT422":
        return _unsellable(json.loads(detail)) if detail else InvalidRequestError()
    kinds: dict[str, type[ForbiddenError | NotFoundError | ConflictError]] = {
        "PT403": ForbiddenError,
        "PT404": NotFoundError,
        "PT409": ConflictError,
    }
    kind = kinds.get(sqlstate)
    return kind(_SENTENCES.get(detail), code=detail or None) if kind else None


def _unsellable(bounds: Mapping[str, int | None]) -> InvalidRequestError:
    """Return why Stripe does not charge a price. Pure."""
    if bounds["minimum"] is None:
        return InvalidRequestError(
            "Stripe does not charge in this currency.", code="unsellable_price"
        )
    return InvalidRequestError(
        f"Stripe does not charge this price: the least is {bounds['minimum']:,} in minor units, in"
        f" steps of {bounds['step']:,}.",
        code="unsellable_price",
    )
