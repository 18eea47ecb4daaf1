"""Find what Stripe's objects would change in the ledger, by settling them and rolling back."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from api._lib import database
from api._lib.payments.stripe_fields import InvalidStripeObjectError
from api._lib.payments.stripe_listing import Step, Window, facts_of, read_page
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.payments.facts import Facts
    from api._lib.payments.order_facts import OrderFacts
    from api._lib.payments.reversal_facts import ReversalFacts

BATCH = 100


@dataclass(frozen=True)
class Change:
    """A purchase whose posted credits would change."""

    purchase_id: str
    user_id: str
    status: str
    posted_before: int
    posted: int

    @property
    def difference(self) -> int:
        """Credits that would be posted; negative if they would be taken back."""
        return self.posted - self.posted_before


@dataclass
class Rehearsal:
    """What Stripe has, and what that would change.

    Attributes:
        paid: Ids of the orders that are paid at Stripe.
        orders: Number of orders at Stripe, paid or not.
        reversals: Number of refunds and disputes at Stripe, including those of others' payments.
        changes: Purchases whose posted credits would change.
        refused: Stripe ids of objects that are unreadable or that the database refuses.
        other_ledgers: Number of paid orders of each other ledger at Stripe, by the ledger's id.
    """

    paid: set[str] = field(default_factory=set)
    orders: int = 0
    reversals: int = 0
    changes: list[Change] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    other_ledgers: Counter[str] = field(default_factory=Counter)


def rehearse(since: int | None, *, confirmed_ledger: str | None = None) -> Rehearsal:
    """Rehearse all of Stripe's objects, or those since a Unix time.

    The orders of a ledger that a person has confirmed need no seal.

    An order is rehearsed together with its reversals, because only both give its final credits.

    Raises:
        StripeFailedError: Stripe failed.
        DatabaseUnavailableError: The database cannot be reached.
    """
    window = Window(since, int(time.time()), settings().livemode, confirmed_ledger)
    ours = {database.call("read_ledger")["ledger_id"], confirmed_ledger}
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
                if order["ledger_id"] and order["ledger_id"] not in ours:
                    rehearsal.other_ledgers[order["ledger_id"]] += 1
            groups.append([facts, *reversals.pop(order["payment_intent_id"] or "", [])])
            if len(groups) == BATCH:
                _try(groups, rehearsal)
                groups = []
    # The remaining reversals belong to older payments, or to payments that are not ours.
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
    """Rehearse groups together; if that is refused, one by one to find the refused ones."""
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
