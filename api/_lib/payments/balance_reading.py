"""Read Stripe's balance transactions into the books, and which payout each one left with.

Nothing else depends on it: settlement knows payments, refunds and disputes from other facts. So a
failure here is told and no more, and the next run continues.

**Nothing is missed, and nothing counts twice.** A run lists what Stripe has created since the last
complete run began, or up to OVERLAP_SECONDS before it. A page is stored with the place where the
next one begins, in one transaction. So a run may stop at any moment. A transaction that is known
already changes nothing.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import stripe

from api._lib import database
from api._lib.errors import DatabaseUnavailableError, StripeFailedError
from api._lib.payments.balance_facts import BalanceFacts, facts_of_balance_transaction
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from api._lib.payments.stripe_fields import InvalidStripeObjectError
from api._lib.payments.stripe_listing import OVERLAP_SECONDS, PAGE_SIZE
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

# Unlisted payouts that one run looks at, oldest first.
PAYOUTS_AT_ONCE = 100
# A payout's list is final when it has ended.
_ENDED = ("paid", "failed", "canceled")

_log = logging.getLogger("purse")


@dataclass
class Reading:
    """What a run has read.

    Attributes:
        added: How many balance transactions were new.
        refused: Ids of those that are invalid. They are in no book.
        complete: Whether all that Stripe had at the beginning of the run is read.
    """

    added: int = 0
    refused: list[str] = field(default_factory=list)
    complete: bool = False


class _Budget:
    """How many requests a run may still make, and until when it may begin one."""

    def __init__(self, requests: int, seconds: float) -> None:
        self._requests = requests
        self._deadline = time.monotonic() + seconds

    def take(self) -> bool:
        """Count a request; return False if none may be made any more."""
        if self._requests <= 0 or time.monotonic() > self._deadline:
            return False
        self._requests -= 1
        return True


def read_balance(*, max_requests: int, seconds: float) -> Reading:
    """Continue the present run, or begin one, within so many requests to Stripe and seconds.

    The seconds bound the beginning of a request. It may last as long as the client's limits.

    Raises:
        StripeFailedError: Stripe failed. What was stored stays; the next run continues.
        DatabaseUnavailableError: The same for the database.
    """
    reading = Reading()
    budget = _Budget(max_requests, seconds)
    _read_transactions(reading, budget)
    _list_payouts(budget)
    return reading


def read_balance_quietly(*, max_requests: int, seconds: float) -> Reading | None:
    """Read as read_balance, as a part of a job that must not fail because of it.

    Return None, and log why, if Stripe or the database failed or refused.
    """
    if settings().stripe_secret_key is None:
        return None
    try:
        reading = read_balance(max_requests=max_requests, seconds=seconds)
    except (StripeFailedError, DatabaseUnavailableError) as error:
        _log.warning("Stripe's balance was not read to the end: %s", error.code)
        return None
    except database.DatabaseError as error:
        _log.error("Stripe's balance was not read to the end: %s", error.detail or error.code)
        return None
    _log.info("read Stripe's balance: %d new, complete: %s", reading.added, reading.complete)
    return reading


def balance_at_stripe() -> dict[str, int]:
    """Return what Stripe owes the account now, available or pending, in minor units by currency.

    Raises:
        StripeFailedError: Stripe failed or refused.
    """
    with stripe_failures():
        balance: dict[str, Any] = stripe_client().v1.balance.retrieve().to_dict()
    totals: dict[str, int] = {}
    for each in (*balance["available"], *balance["pending"]):
        totals[each["currency"]] = totals.get(each["currency"], 0) + each["amount"]
    return totals


def _read_transactions(reading: Reading, budget: _Budget) -> None:
    livemode = settings().livemode
    run: dict[str, Any] = database.call("begin_balance_reading", p_livemode=livemode)
    after_id: str | None = run["after_id"]
    while budget.take():
        objects, after_id = _page(_since(run["since"]), after_id)
        reading.added += database.call(
            "record_balance_page",
            p_livemode=livemode,
            p_started_at=run["started_at"],
            p_transactions=_facts(objects, reading),
            p_after_id=after_id,
        )
        if after_id is None:
            reading.complete = True
            return


def _since(since: int | None) -> dict[str, Any]:
    return {} if since is None else {"created": {"gte": since - OVERLAP_SECONDS}}


def _page(
    filters: Mapping[str, Any], after_id: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of balance transactions, and the id after which the next one begins.

    Raises:
        StripeFailedError: Stripe failed or refused.
    """
    query: Any = {**filters, "limit": PAGE_SIZE, "expand": ["data.source"]}
    following: Any = query if after_id is None else {**query, "starting_after": after_id}
    with stripe_failures():
        try:
            listed = stripe_client().v1.balance_transactions.list(following)
        except stripe.InvalidRequestError as error:
            # What we stopped at was deleted with all test data, so begin again.
            if after_id is None or error.code != "resource_missing":
                raise
            listed = stripe_client().v1.balance_transactions.list(query)
    objects = [item.to_dict() for item in listed.data]
    return objects, objects[-1]["id"] if listed.has_more and objects else None


def _facts(objects: list[dict[str, Any]], reading: Reading) -> list[BalanceFacts]:
    facts: list[BalanceFacts] = []
    for found in objects:
        try:
            facts.append(facts_of_balance_transaction(found))
        except InvalidStripeObjectError as error:
            _log.error("%s: invalid: %r", found["id"], error)
            reading.refused.append(found["id"])
    return facts


def _list_payouts(budget: _Budget) -> None:
    """Store which transactions left with which payout, for payouts that have ended."""
    payouts: list[dict[str, Any]] = database.call(
        "payouts_to_list", p_livemode=settings().livemode, p_limit=PAYOUTS_AT_ONCE
    )
    for payout in payouts:
        if not budget.take():
            return
        state = _payout(payout["payout_id"])
        if state is None or state["reconciliation_status"] == "not_applicable":
            # Made by hand, or deleted with all test data: Stripe does not list what left with it.
            _record_payout(payout["payout_id"], [], None)
        elif state["status"] in _ENDED and state["reconciliation_status"] == "completed":
            _list_payout(payout["payout_id"], payout["after_id"], budget)


def _list_payout(payout_id: str, after_id: str | None, budget: _Budget) -> None:
    while budget.take():
        objects, after_id = _page({"payout": payout_id}, after_id)
        _record_payout(payout_id, [found["id"] for found in objects], after_id)
        if after_id is None:
            return


def _record_payout(payout_id: str, ids: list[str], after_id: str | None) -> None:
    database.call(
        "record_payout_page",
        p_livemode=settings().livemode,
        p_payout_id=payout_id,
        p_transaction_ids=ids,
        p_after_id=after_id,
    )


def _payout(payout_id: str) -> dict[str, Any] | None:
    """Return a payout as Stripe's JSON; None if there is none any more."""
    with stripe_failures():
        try:
            payout: dict[str, Any] = stripe_client().v1.payouts.retrieve(payout_id).to_dict()
        except stripe.InvalidRequestError as error:
            if error.code == "resource_missing":
                return None
            raise
    return payout
