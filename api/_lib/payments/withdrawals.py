"""Withdraw from a purchase: record it, and refund what is unused (sql/*_withdrawals.sql)."""

from __future__ import annotations

import logging
from typing import Any

from api._lib import database
from api._lib.errors import PurseError
from api._lib.payments.refund_refusals import refusal_of
from api._lib.payments.refunds import go_on
from api._lib.payments.stripe_fields import InvalidStripeObjectError

_log = logging.getLogger("purse")


def quote_withdrawal(purchase_id: str, *, user_id: str, days: int) -> dict[str, Any]:
    """Return whether a user can withdraw, and what would go back, as quote_withdrawal answers.

    Raises:
        NotFoundError: There is no such purchase of this user.
        AccountDeletedError: The user's account was deleted.
        DatabaseUnavailableError: The database cannot be reached.
    """
    try:
        quote: dict[str, Any] = database.call(
            "quote_withdrawal", p_purchase_id=purchase_id, p_user_id=user_id, p_days=days
        )
    except database.DatabaseError as error:
        raise refusal_of(error) from None
    return quote


def withdraw(
    purchase_id: str, *, user_id: str, days: int, amount: int | None = None
) -> dict[str, Any]:
    """Withdraw a user from a purchase, and refund what is unused. Return it as withdraw answers.

    The withdrawal counts once it is recorded, whatever then becomes of the refund. The same again
    gets the same withdrawal, with its refund as it is then.

    Args:
        purchase_id: The order.
        user_id: The buyer.
        days: For how many days the shop offers it.
        amount: What the buyer was shown, in minor units; None for whatever is unused.

    Raises:
        NotFoundError: There is no such purchase of this user.
        ConflictError: It cannot be withdrawn from; the code says why.
        AccountDeletedError: The user's account was deleted.
        DatabaseUnavailableError: The outcome is unknown. Retry.
    """
    try:
        done: dict[str, Any] = database.call(
            "withdraw",
            p_purchase_id=purchase_id,
            p_user_id=user_id,
            p_days=days,
            p_amount=amount,
        )
    except database.DatabaseError as error:
        raise refusal_of(error) from None
    if done["refund"] is not None:
        done["refund"]["status"] = _refunded(done["refund"])
    return done


def _refunded(begun: dict[str, Any]) -> str:
    """Go on with the refund of a recorded withdrawal; return its status.

    The withdrawal counts, so no failure from here on may become an error answer.
    """
    try:
        return go_on(begun["refund_id"]).status
    except (PurseError, InvalidStripeObjectError, database.DatabaseError) as error:
        _log.error("refund %s: left for the jobs: %r", begun["refund_id"], error)
        status: str = begun["status"]
        return status
