"""Refund what of a purchase is unused: quote it, pin the credits, ask Stripe, settle by the facts.

1. `begin_refund` records the request and pins its credits to their lot, in one transaction.
2. A worker claims the request, and asks Stripe under an idempotency key made of the request's id.
   The id also travels in the refund's metadata.
3. The refund's facts free the pinned credits and take them back, in one transaction. They may come
   from here, from the webhook or from reconciliation.

A crash in between leaves a request that a later job goes on with (refunds_due.py). Stripe
forgets idempotency keys after a day, so a worker that is not the first looks for the refund by its
metadata before it asks again. Nothing is refunded twice.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import stripe

from api._lib import database
from api._lib.errors import PurseError, StripeFailedError
from api._lib.payments.refund_refusals import refusal_of
from api._lib.payments.refunds_due import RefundRun
from api._lib.payments.reversal_facts import (
    REFUND_REQUEST_ID,
    facts_of_refund,
    refund_request_id,
)
from api._lib.payments.stripe_client import log_stripe_error, stripe_client, when_key_is_free
from api._lib.payments.stripe_fields import InvalidStripeObjectError
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

# Refunds of one payment that are searched for ours.
_MOST_REFUNDS = 1000
# Stripe will not make such a refund, however often it is asked. Everything else may pass.
_REFUSALS = (stripe.InvalidRequestError, stripe.CardError, stripe.PermissionError)

_log = logging.getLogger("purse")


@dataclass(frozen=True)
class RefundWish:
    """A refund that somebody asks for.

    Attributes:
        purchase_id: The order to refund.
        actor: Who asks: a user's id, or a person of the shop.
        reason: Why; kept with the refund.
        idempotency_key: Once per actor. The same request again gets the same refund.
        amount: What the person was shown, in minor units; None for whatever is unused.
        user_id: Whose purchase it must be; None if the shop asks.
        days: For how many days after the payment it may be refunded; None for no limit.
    """

    purchase_id: str
    actor: str
    reason: str
    idempotency_key: str
    amount: int | None = None
    user_id: str | None = None
    days: int | None = None


@dataclass(frozen=True)
class Refund:
    """A refund that was asked for, as it is now.

    Attributes:
        refund_id: Our id.
        purchase_id: The order.
        status: begun (Stripe has not answered yet), done, refused, or failed after it was made.
        amount: In minor units of the currency.
        currency: ISO 4217, lower case.
        decimals: The decimals of the currency's minor unit.
        credits: The credits that go back for it.
        refusal: Why it was refused or failed: Stripe's code or status, or credits_used.
        stripe_refund_id: Its id at Stripe, once that is known.
        created_at: RFC 3339, UTC.
        ended_at: The same; None while it is begun.
        replayed: Whether the request had come before.
    """

    refund_id: str
    purchase_id: str
    status: str
    amount: int
    currency: str
    decimals: int
    credits: int
    refusal: str | None
    stripe_refund_id: str | None
    created_at: str
    ended_at: str | None
    replayed: bool


def quote_refund(
    purchase_id: str, *, user_id: str | None = None, days: int | None = None
) -> dict[str, Any]:
    """Return what of a purchase can be refunded, as the Postgres function quote_refund answers.

    Raises:
        NotFoundError: There is no such purchase (of this user).
        AccountDeletedError: The user's account was deleted.
        DatabaseUnavailableError: The database cannot be reached.
    """
    try:
        quote: dict[str, Any] = database.call(
            "quote_refund", p_purchase_id=purchase_id, p_user_id=user_id, p_days=days
        )
    except database.DatabaseError as error:
        raise refusal_of(error) from None
    return quote


def refund(wish: RefundWish) -> Refund:
    """Refund what is unused of a purchase.

    While Stripe does not answer, the refund stays begun: its credits are pinned, and the jobs go on
    with it.

    Raises:
        NotFoundError: There is no such purchase (of this user).
        ConflictError: Nothing can be refunded, the amount is another one now, or the key was used
            for another refund. The code says which.
        AccountDeletedError: The user's account was deleted.
        DatabaseUnavailableError: The outcome is unknown. Retry with the same key.
    """
    try:
        begun: dict[str, Any] = database.call(
            "begin_refund",
            p_purchase_id=wish.purchase_id,
            p_actor=wish.actor,
            p_reason=wish.reason,
            p_idempotency_key=wish.idempotency_key,
            p_amount=wish.amount,
            p_user_id=wish.user_id,
            p_days=wish.days,
        )
    except database.DatabaseError as error:
        raise refusal_of(error) from None
    return _attempt(begun)


def go_on(refund_id: str) -> Refund:
    """Go on with a refund that was begun, unless somebody else does. Return it as it is then.

    Raises:
        DatabaseUnavailableError: The outcome is unknown; a later attempt finds it.
    """
    return _attempt(database.call("read_refund", p_refund_id=refund_id))


def finish_refunds(refund_ids: list[str], *, deadline: float) -> RefundRun:
    """Go on with begun refunds. One that cannot be finished is logged and left for a later run.

    Args:
        refund_ids: Our ids.
        deadline: By time.monotonic(); after it no further refund is begun.
    """
    unfinished, refused = set(refund_ids), []
    for refund_id in refund_ids:
        if time.monotonic() >= deadline:
            break
        try:
            if go_on(refund_id).status != "begun":
                unfinished.remove(refund_id)
        except PurseError as error:
            _log.warning("refund %s: not finished: %r", refund_id, error)
        except (InvalidStripeObjectError, database.DatabaseError) as error:
            _log.error("refund %s: refused: %r", refund_id, error)
            refused.append(refund_id)
    return RefundRun(len(unfinished), tuple(refused))


def _attempt(begun: Mapping[str, Any]) -> Refund:
    """Make the refund at Stripe and record its facts, if no other worker has it."""
    refund_id = begun["refund_id"]
    claimed: dict[str, Any] | None = (
        database.call("claim_refund", p_refund_id=refund_id) if begun["status"] == "begun" else None
    )
    if claimed is not None:
        try:
            _make(claimed)
        except StripeFailedError:
            _log.warning("refund %s: Stripe failed, tried again later", refund_id)
    now: dict[str, Any] = database.call("read_refund", p_refund_id=refund_id)
    return Refund(**{**now, "replayed": begun["replayed"]})


def _make(claimed: Mapping[str, Any]) -> None:
    """Find or make a claimed refund at Stripe, and record what became of it.

    Raises:
        StripeFailedError: Stripe did not say whether it made the refund.
    """
    refund_id = claimed["refund_id"]
    try:
        made = _find(claimed) if claimed["is_retry"] else None
    except stripe.StripeError as error:
        # Also if Stripe refuses the search: an earlier worker may have made the refund.
        log_stripe_error(error)
        raise StripeFailedError from None
    if made is None and not claimed["is_covered"]:
        database.call("refuse_refund", p_refund_id=refund_id, p_refusal="credits_used")
        return
    try:
        made = made or _create(claimed)
    except _REFUSALS as error:
        log_stripe_error(error)
        code = error.code or "refused_by_stripe"
        database.call("refuse_refund", p_refund_id=refund_id, p_refusal=code)
        return
    except stripe.StripeError as error:
        log_stripe_error(error)
        raise StripeFailedError from None
    config = settings()
    facts = facts_of_refund(made.to_dict(), livemode=config.livemode)
    database.call("record_facts", p_facts=facts, p_policy=config.clawback_policy)


def _find(claimed: Mapping[str, Any]) -> stripe.Refund | None:
    """Return the refund that an earlier worker has made, by its metadata."""
    listed = stripe_client().v1.refunds.list(
        {"payment_intent": claimed["payment_intent_id"], "limit": 100}
    )
    for found in islice(listed.auto_paging_iter(), _MOST_REFUNDS):
        if refund_request_id(found.to_dict()) == claimed["refund_id"]:
            return found
    return None


def _create(claimed: Mapping[str, Any]) -> stripe.Refund:
    return when_key_is_free(
        lambda: stripe_client().v1.refunds.create(
            {
                "payment_intent": claimed["payment_intent_id"],
                "amount": claimed["amount"],
                "reason": "requested_by_customer",
                "metadata": {REFUND_REQUEST_ID: claimed["refund_id"]},
            },
            {"idempotency_key": f"refund-{claimed['refund_id']}"},
        )
    )
