"""What Stripe has, a page at a time: the reading half of reconciliation.

**What must be listed again.** Stripe lists objects by when they were created, yet a session is paid
up to a day later, a bank debit settles days after that, a refund can fail a month later, and a
dispute goes on for months (https://docs.stripe.com/refunds, https://docs.stripe.com/disputes/how-disputes-work).
So "created since the last run" alone would miss what changed since. The rule:

- Sessions created since the last run, and for OVERLAP_SECONDS before, are listed. Each is thereby
  seen at least once and has a row of its own in `purchases`, even if the database had lost it.
- From then on an order is followed by that row: every one that is still open or processing is
  looked up at Stripe by its session's id, until it is paid or over.
- Refunds and disputes are few. All that can still change are listed every time, however long ago
  the last run was.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import stripe

from api._lib import database
from api._lib.payments.facts import facts_of_dispute, facts_of_refund
from api._lib.payments.retrieved_session import EXPAND_SESSION, EXPAND_SESSIONS, facts_of_sighting
from api._lib.payments.stripe_client import stripe_client, stripe_failures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from api._lib.payments.facts import Facts

Step = Literal["sessions", "orders", "refunds", "disputes"]
# Orders before what reverses them, so that a reversal finds its purchase.
STEPS: tuple[Step, ...] = ("sessions", "orders", "refunds", "disputes")

_DAY_SECONDS = 24 * 60 * 60
# Clocks differ, and a list may lag behind what was just created.
OVERLAP_SECONDS = _DAY_SECONDS
REFUNDS_CHANGE_FOR_SECONDS = 60 * _DAY_SECONDS
DISPUTES_CHANGE_FOR_SECONDS = 540 * _DAY_SECONDS

PAGE_SIZE = 100
# Each order is a request of its own.
ORDERS_PAGE_SIZE = 20
PARALLEL = 4


@dataclass(frozen=True)
class Window:
    """What a run looks at.

    Attributes:
        since: Objects created from then on, in seconds, UTC; None for everything there is.
        now: When the run looks, in seconds, UTC.
        livemode: Whose: those of live or of test mode, as the key says.
    """

    since: int | None
    now: int
    livemode: bool
    project: str


@dataclass(frozen=True)
class Page:
    """Some of a step's objects, as Stripe's JSON.

    Attributes:
        objects: What was found.
        after_id: Where the next page begins, or None after the last.
    """

    objects: list[dict[str, Any]]
    after_id: str | None


def read_page(step: Step, window: Window, after_id: str | None) -> Page:
    """Return a step's page that follows after an id, or its first.

    Raises:
        StripeFailedError: Stripe failed.
        DatabaseUnavailableError: The database is away.
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
    asked: Any = {**params} if after_id is None else {**params, "starting_after": after_id}
    try:
        if step == "sessions":
            asked["expand"] = [*EXPAND_SESSIONS]
            return client.v1.checkout.sessions.list(asked)
        if step == "refunds":
            return client.v1.refunds.list(asked)
        return client.v1.disputes.list(asked)
    except stripe.InvalidRequestError as error:
        # Where we stopped is gone, with all of the test data: from the beginning, then.
        if after_id is not None and error.code == "resource_missing":
            return _list(step, params, None)
        raise


def facts_of(step: Step, found: Mapping[str, Any], window: Window) -> Facts | None:
    """Return the facts of an object that a step found, or None if it is none of our business. Pure.

    Raises:
        UnreadableError: It may be about an order of ours, but cannot be read.
    """
    if step == "refunds":
        return facts_of_refund(found, livemode=window.livemode)
    if step == "disputes":
        return facts_of_dispute(found)
    return facts_of_sighting(found, project=window.project, seen_at=window.now)


def in_parallel(work: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """Do some work on each item, a few at a time; the first failure is raised once all are done."""
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
        # Every session there is has just been listed.
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
        # Test data can be deleted at Stripe; then there is nothing left to learn.
        if error.code == "resource_missing":
            return None
        raise
    found: dict[str, Any] = session.to_dict()
    return found
