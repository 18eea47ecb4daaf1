"""List sessions, refunds and disputes at Stripe, a page at a time, for reconciliation.

**Why some objects are listed again.** Stripe lists objects by the time they were created. But a
session is paid up to a day later, a bank debit settles days after that, a refund can fail a month
later, and a dispute goes on for months
(https://docs.stripe.com/refunds, https://docs.stripe.com/disputes/how-disputes-work). So a list of
objects created since the last run would miss those that changed since. The rule:

- Sessions created since the last run, or up to OVERLAP_SECONDS before it, are listed. So each
  session is listed at least once and gets a row in `purchases`, even if the database had lost it.
- After that, the row is what we follow: every order that is still open or processing is looked up
  at Stripe by its session's id, until it is paid, failed or expired.
- Refunds and disputes are few. All that can still change are listed in every run.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import stripe

from api._lib import database
from api._lib.payments.reversal_facts import facts_of_dispute, facts_of_refund
from api._lib.payments.session_facts import (
    EXPAND_SESSION,
    EXPAND_SESSIONS,
    facts_of_retrieved_session,
)
from api._lib.payments.stripe_client import stripe_client, stripe_failures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from api._lib.payments.facts import Facts

Step = Literal["sessions", "orders", "refunds", "disputes"]
# Refunds and disputes first: they are few, and anybody can begin any number of checkouts. One whose
# purchase is not known yet is kept, and counts when the purchase comes.
REVERSALS: tuple[Step, ...] = ("refunds", "disputes")
STEPS: tuple[Step, ...] = (*REVERSALS, "sessions", "orders")

_DAY_SECONDS = 24 * 60 * 60
# Clocks differ, and Stripe's lists may lag behind new objects.
OVERLAP_SECONDS = _DAY_SECONDS
REFUNDS_CHANGE_FOR_SECONDS = 60 * _DAY_SECONDS
DISPUTES_CHANGE_FOR_SECONDS = 540 * _DAY_SECONDS

PAGE_SIZE = 100
# Each order takes a request of its own.
ORDERS_PAGE_SIZE = 20
PARALLEL = 4


@dataclass(frozen=True)
class Window:
    """Which objects a run lists.

    Attributes:
        since: Objects created from this time on, in seconds since 1970 (UTC); None for all.
        now: The time of the run, in seconds since 1970 (UTC).
        livemode: Whether the Stripe key, and so every listed object, is of live mode.
        confirmed_ledger: The id of a ledger whose orders a person has confirmed, in make rebuild.
    """

    since: int | None
    now: int
    livemode: bool
    confirmed_ledger: str | None = None


@dataclass(frozen=True)
class Page:
    """A page of a step's objects.

    Attributes:
        objects: The objects, as Stripe's JSON.
        after_id: The id after which the next page begins; None if this page is the last.
    """

    objects: list[dict[str, Any]]
    after_id: str | None


def read_page(step: Step, window: Window, after_id: str | None) -> Page:
    """Return the page of a step that follows an id, or the first page.

    Raises:
        StripeFailedError: Stripe failed.
        DatabaseUnavailableError: The database cannot be reached.
    """
    if step == "orders":
        return _unsettled_orders(window, after_id)
    params: Any = {"limit": PAGE_SIZE}
    created_from = _created_from(step, window)
    if created_from is not None:
        params["created"] = {"gte": created_from}
    with stripe_failures():
        listed = _list(step, params, after_id)
    objects = [item.to_dict() for item in listed.data]
    return Page(objects, objects[-1]["id"] if listed.has_more else None)


def _list(
    step: Literal["sessions", "refunds", "disputes"], params: Any, after_id: str | None
) -> stripe.ListObject[Any]:
    client = stripe_client()
    query: Any = {**params} if after_id is None else {**params, "starting_after": after_id}
    try:
        if step == "sessions":
            query["expand"] = [*EXPAND_SESSIONS]
            return client.v1.checkout.sessions.list(query)
        if step == "refunds":
            return client.v1.refunds.list(query)
        return client.v1.disputes.list(query)
    except stripe.InvalidRequestError as error:
        # The object we stopped at was deleted with all test data, so begin again.
        if after_id is not None and error.code == "resource_missing":
            return _list(step, params, None)
        raise


def facts_of(step: Step, found: Mapping[str, Any], window: Window) -> Facts | None:
    """Return the facts of an object of a step, or None if it does not concern our orders. Pure.

    Raises:
        InvalidStripeObjectError: It may concern one of our orders, but a field is missing or wrong.
    """
    if step == "refunds":
        return facts_of_refund(found, livemode=window.livemode)
    if step == "disputes":
        return facts_of_dispute(found)
    facts = facts_of_retrieved_session(found, retrieved_at=window.now)
    if facts and window.confirmed_ledger and facts["ledger_id"] == window.confirmed_ledger:
        facts["confirmed"] = True
    return facts


def in_parallel(work: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """Call work for each item, PARALLEL at a time; raise the first failure after all are done."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(work, items))


def _created_from(step: Step, window: Window) -> int | None:
    if window.since is None:
        return None
    if step == "refunds":
        return min(window.since, window.now - REFUNDS_CHANGE_FOR_SECONDS)
    if step == "disputes":
        return min(window.since, window.now - DISPUTES_CHANGE_FOR_SECONDS)
    return window.since - OVERLAP_SECONDS


def _unsettled_orders(window: Window, after_id: str | None) -> Page:
    created_from = _created_from("sessions", window)
    if created_from is None:
        # Without a start time, the step before has listed every session.
        return Page([], None)
    orders: list[dict[str, str]] = database.call(
        "unsettled_orders",
        p_livemode=window.livemode,
        p_before=created_from,
        p_after_id=after_id,
        p_limit=ORDERS_PAGE_SIZE,
    )
    with stripe_failures():
        found = in_parallel(_session, [order["checkout_session_id"] for order in orders])
    return Page(
        [session for session in found if session is not None],
        orders[-1]["order_id"] if len(orders) == ORDERS_PAGE_SIZE else None,
    )


def _session(session_id: str) -> dict[str, Any] | None:
    try:
        session = stripe_client().v1.checkout.sessions.retrieve(
            session_id, {"expand": [*EXPAND_SESSION]}
        )
    except stripe.InvalidRequestError as error:
        # Test data can be deleted at Stripe. Such a session cannot change any more.
        if error.code == "resource_missing":
            return None
        raise
    found: dict[str, Any] = session.to_dict()
    return found
