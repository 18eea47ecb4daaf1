"""Delete an account: the database first, then what lies outside it.

1. forget(), one transaction: the balance goes to 0, personal data leaves the ledger's tables, and
   from then on every function refuses the account.
2. finish(): files, then Stripe, then Supabase Auth. The user there goes last, because the address
   finds the person as long as it exists.

Every step can be repeated. After a crash or an outage in between, finish() runs again: by
`make forget`, by the person's second DELETE, or by the daily clean-up.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from api._lib import database
from api._lib.errors import ConflictError, PurseError
from api._lib.sample_app import sample_app
from api._lib.settings import settings

_BALANCE_CHANGED = "balance_changed:"
# Accounts that one clean-up goes on with.
_AT_ONCE = 1000

_log = logging.getLogger("purse")


@dataclass(frozen=True)
class Forgotten:
    """A deleted account.

    Attributes:
        user_ids: The account, and the guests whose purses had moved into it.
        deleted_at: RFC 3339, UTC.
        credits_given_up: The credits that were left.
        debt_written_off: The credits that were owed.
        holds_released: How many holds were open.
        replayed: Whether the account had been deleted before.
    """

    user_ids: tuple[str, ...]
    deleted_at: str
    credits_given_up: int
    debt_written_off: int
    holds_released: int
    replayed: bool


def read_account(user_id: str) -> dict[str, Any]:
    """Return what deleting an account would end, as GET /api/account answers it.

    Raises:
        AccountDeletedError: It was deleted already.
        DatabaseUnavailableError: The database cannot be reached.
    """
    account: dict[str, Any] = database.call("read_account", p_user_id=user_id)
    return account


def forget(user_id: str, *, actor: str, reason: str, balance: int | None = None) -> Forgotten:
    """Delete an account in the database. The same call again returns the same.

    Args:
        user_id: The account.
        actor: Who deletes it; kept in the ledger.
        reason: Why; kept in the ledger.
        balance: The balance in credits that the person was shown, or None for whatever it is.

    Raises:
        ConflictError: The balance is another one (`balance_changed`). Nothing was deleted.
        DatabaseUnavailableError: The outcome is unknown. Retry.
    """
    try:
        row: dict[str, Any] = database.call(
            "forget_user", p_user_id=user_id, p_actor=actor, p_reason=reason, p_balance=balance
        )
    except database.DatabaseError as error:
        detail = error.detail or ""
        if not detail.startswith(_BALANCE_CHANGED):
            raise
        raise ConflictError(
            "The balance has changed since you saw it. Nothing was deleted. Look again.",
            code="balance_changed",
            details={"balance": int(detail.removeprefix(_BALANCE_CHANGED))},
        ) from None
    return Forgotten(**{**row, "user_ids": tuple(row["user_ids"])})


def finish(user_id: str, *, deadline: float) -> bool:
    """Delete what files, Stripe and Supabase Auth have of a deleted account.

    Args:
        user_id: The account.
        deadline: By time.monotonic(). What is not done by then is left for the next call.

    Returns:
        Whether nothing is left.

    Raises:
        StorageUnavailableError: The storage is away.
        StripeFailedError: Stripe failed or refused.
        UnavailableError: Supabase Auth is away (`auth_unavailable`).
        DatabaseUnavailableError: The database cannot be reached.
    """
    # Imported here, because only a deletion needs Stripe's SDK and Supabase's client.
    from api._lib.accounts.auth_user import delete_auth_user  # noqa: PLC0415
    from api._lib.payments.forgetting import forget_at_stripe  # noqa: PLC0415

    files = sample_app("forgetting")
    if files is not None and not files.forget_files(user_id, deadline=deadline):
        return False
    work: dict[str, Any] | None = database.call("forgetting_work", p_user_id=user_id)
    if work is None:
        # An account that exists is never touched here.
        return False
    deleted = forget_at_stripe(
        user_id,
        customers=work["customers"],
        email=work["email"],
        session_ids=work["checkout_sessions"],
    )
    delete_auth_user(user_id)
    finished: bool = database.call("finish_forgetting", p_user_id=user_id, p_customers=deleted)
    return finished


def finish_all(user_ids: tuple[str, ...], *, deadline: float) -> bool:
    """Finish several accounts, as far as it goes; return whether nothing is left of any.

    A service that is away is logged. The daily clean-up then goes on.
    """
    finished = True
    for user_id in user_ids:
        if time.monotonic() >= deadline:
            return False
        try:
            finished = finish(user_id, deadline=deadline) and finished
        except (PurseError, database.DatabaseError) as error:
            _log.warning("account %s: not all is deleted yet: %s", user_id, error)
            finished = False
    return finished


def finish_interrupted(*, deadline: float) -> bool:
    """Finish the deletions that were interrupted, oldest first; return whether none is left.

    A Stripe customer of the other mode is left to the deployment that has its key.
    """
    config = settings()
    user_ids: list[str] = database.call(
        "unfinished_forgettings",
        p_livemode=config.livemode if config.stripe_secret_key else None,
        p_limit=_AT_ONCE,
    )
    return finish_all(tuple(user_ids), deadline=deadline) and len(user_ids) < _AT_ONCE
