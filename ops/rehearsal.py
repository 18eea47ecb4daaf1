"""What would Stripe's word change in the ledger? Asked of the settlement itself, and undone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from api._lib import database
from api._lib.payments.stripe_fields import InvalidStripeObjectError
from api._lib.payments.stripe_listing import Step, Window, facts_of, read_page
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.payments.facts import Facts
    from api._lib.payments.reversal_facts import ReversalFacts
    from api._lib.payments.session_facts import OrderFacts

BATCH = 100


@dataclass(frozen=True)
class Change:
    """A purchase for which the ledger would hold other credits than it does."""

    purchase_id: str
    user_id: str
    status: str
    posted_before: int
    posted: int

    @property
    def difference(self) -> int:
        """Credits that would be posted, signed."""
        return self.posted - self.posted_before


@dataclass
class Rehearsal:
    """What Stripe has, and what it would change.

    Attributes:
        paid: Ids of the orders that are paid at Stripe.
        orders: Number of orders at Stripe, paid or not.
        reversals: Number of refunds and disputes at Stripe, also of payments that are not ours.
        changes: Purchases for which the ledger would change.
        refused: Stripe's ids of what the database refuses, or which cannot be read.
    """

    paid: set[str] = field(default_factory=set)
    orders: int = 0
    reversals: int = 0
    changes: list[Change] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def rehearse(since: int | None) -> Rehearsal:
    """Rehearse what Stripe has since a moment (seconds, UTC), or all of it.

    An order goes together with its reversals, so that what is rehearsed is what would be.

    Raises:
        StripeFailedError: Stripe failed.
        DatabaseUnavailableError: The database is away.
    """
    window = Window(since, int(time.time()), settings().livemode, settings().project)
    rehearsal = Rehearsal()
    reversals: dict[str, list[Facts]] = {}
    steps: tuple[Step, ...] = ("refunds", "disputes")
    for step in steps:
        for facts in _read(step, window, rehearsal):
            reversal = cast("ReversalFacts", facts)
            reversals.setdefault(reversal["payment_intent_id"], []).append(facts)
            rehearsal.reversals += 1

    groups: list[list[Facts]] = []
    steps = ("sessions", "orders")
    for step in steps:
        for facts in _read(step, window, rehearsal):
            order = cast("OrderFacts", facts)
            rehearsal.orders += 1
            if order["state"] == "paid":
                rehearsal.paid.add(order["order_id"])
            groups.append([facts, *reversals.pop(order["payment_intent_id"] or "", [])])
            if len(groups) == BATCH:
                _try(groups, rehearsal)
                groups = []
    # What is left reverses older payments, or somebody else's.
    groups += reversals.values()
    for start in range(0, len(groups), BATCH):
        _try(groups[start : start + BATCH], rehearsal)
    return rehearsal


def _read(step: Step, window: Window, rehearsal: Rehearsal) -> Iterator[Facts]:
    after_id = None
    while True:
        page = read_page(step, window, after_id)
        for found in page.objects:
            try:
                facts = facts_of(step, found, window)
            except InvalidStripeObjectError:
                rehearsal.refused.append(found["id"])
                continue
            if facts is not None:
                yield facts
        after_id = page.after_id
        if after_id is None:
            return


def _try(groups: list[list[Facts]], rehearsal: Rehearsal) -> None:
    """Rehearse groups together; where that is refused, one by one, to find which."""
    policy = settings().clawback_policy
    try:
        changed: list[dict[str, Any]] = database.call(
            "rehearse_facts",
            p_facts=[facts for group in groups for facts in group],
            p_policy=policy,
        )
    except database.DatabaseError:
        if len(groups) > 1:
            for group in groups:
                _try([group], rehearsal)
            return
        subject = groups[0][0]
        rehearsal.refused.append(
            str(subject.get("reversal_id") or subject.get("checkout_session_id"))
        )
        return
    rehearsal.changes += [Change(**change) for change in changed]
