"""Any history Stripe can produce, in any order, any number of times, against a small model.

Stripe's side makes facts; each may be told at once, later, again, or only by the reconciliation
that ends every history. After every step the database must hold exactly what the facts told so far
call for, and at the end what all of them do.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from psycopg.types.json import Jsonb

from tests.database.ledger import spend
from tests.support import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

STATES = ("open", "processing", "paid", "failed", "expired")
REFUND_STATUSES = ("pending", "succeeded", "failed", "canceled")


def credits_due(order: Order, told: list[dict[str, Any]]) -> int:
    """The model: what a purchase is worth, from the facts told about it."""
    paid = [fact for fact in told if fact.get("state") == "paid"]
    if not paid:
        return 0
    amount_paid = paid[0]["amount_paid"]
    latest: dict[str, dict[str, Any]] = {}
    for fact in told:
        if "reversal_id" in fact:
            known = latest.get(fact["reversal_id"])
            if known is None or _rank(fact) > _rank(known):
                latest[fact["reversal_id"]] = fact
    withdrawn = min(amount_paid, sum(fact["amount"] for fact in latest.values() if fact["stands"]))
    if amount_paid == 0:
        return order.credits
    return order.credits - ceil(order.credits * withdrawn / amount_paid)


def _rank(fact: dict[str, Any]) -> tuple[int, str]:
    return fact["rank"], fact["status"]


class Histories(RuleBasedStateMachine):
    """One user, several orders, refunds and disputes, spending in between."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.user = Order().user_id
        self.orders: list[Order] = []
        self.reversals: list[tuple[Reversal, int]] = []
        self.facts: list[tuple[Order, dict[str, Any]]] = []
        self.told: list[tuple[Order, dict[str, Any]]] = []
        self.spent = 0

    def happens(self, order: Order, fact: dict[str, Any], *, told_at_once: bool) -> None:
        self.facts.append((order, fact))
        if told_at_once:
            self.tell(order, fact)

    def tell(self, order: Order, fact: dict[str, Any]) -> None:
        self.database.execute("select record_facts(%s)", [Jsonb(fact)])
        self.told.append((order, fact))

    @rule(
        amount=st.integers(1, 3500),
        unit_amount=st.integers(1, 3000),
        discount=st.sampled_from([0, 0, 1, 2]),
        told_at_once=st.booleans(),
    )
    def an_order_is_begun(
        self, amount: int, unit_amount: int, discount: int, *, told_at_once: bool
    ) -> None:
        order = Order(user_id=self.user, credits=amount, unit_amount=unit_amount)
        object.__setattr__(order, "charged", (unit_amount, unit_amount // 2, 0)[discount])
        self.orders.append(order)
        self.happens(order, order.facts("open"), told_at_once=told_at_once)

    @precondition(lambda self: self.orders)
    @rule(
        data=st.data(),
        state=st.sampled_from(("paid", *STATES)),
        at=st.integers(1, 9),
        told_at_once=st.booleans(),
    )
    def stripe_says(self, data: st.DataObject, state: str, at: int, *, told_at_once: bool) -> None:
        order = data.draw(st.sampled_from(self.orders))
        more = {"amount_paid": order.charged} if state == "paid" else {}
        self.happens(order, order.facts(state, at=at, **more), told_at_once=told_at_once)

    @precondition(lambda self: self.orders)
    @rule(
        data=st.data(),
        status=st.sampled_from(REFUND_STATUSES),
        told_at_once=st.booleans(),
    )
    def a_refund_moves(self, data: st.DataObject, status: str, *, told_at_once: bool) -> None:
        reversal, amount = self.reversal(data)
        self.happens(reversal.order, reversal.refund(amount, status), told_at_once=told_at_once)

    @precondition(lambda self: self.orders)
    @rule(
        data=st.data(),
        moves=st.integers(0, 3),
        told_at_once=st.booleans(),
    )
    def a_dispute_moves(self, data: st.DataObject, moves: int, *, told_at_once: bool) -> None:
        reversal, amount = self.reversal(data)
        fact = reversal.dispute(amount, moves=moves)
        self.happens(reversal.order, fact, told_at_once=told_at_once)

    def reversal(self, data: st.DataObject) -> tuple[Reversal, int]:
        """Draw a reversal we know, or begin one; its amount never changes."""
        known = data.draw(st.sampled_from([None, *self.reversals]))
        if known is not None:
            return known
        begun = Reversal(data.draw(st.sampled_from(self.orders)))
        self.reversals.append((begun, data.draw(st.integers(1, 3000))))
        return self.reversals[-1]

    @precondition(lambda self: self.facts)
    @rule(data=st.data())
    def an_older_fact_is_told(self, data: st.DataObject) -> None:
        self.tell(*data.draw(st.sampled_from(self.facts)))

    @precondition(lambda self: any(fact.get("state") == "paid" for _, fact in self.told))
    @rule(amount=st.integers(1, 500))
    def something_is_spent(self, amount: int) -> None:
        order = next(order for order, fact in self.told if fact.get("state") == "paid")
        spend(self.database, order, amount)
        self.spent += amount

    @invariant()
    def the_ledger_holds_what_was_told(self) -> None:
        row = self.database.execute(
            """
            select
                coalesce((select balance from user_credits where user_id = %(user)s), 0) as balance,
                coalesce((select sum(amount) from credit_transactions
                    where user_id = %(user)s), 0)::bigint as total,
                coalesce((select sum(credits_posted) from purchases
                    where user_id = %(user)s), 0)::bigint as posted
            """,
            {"user": self.user},
        ).fetchone()
        assert row is not None
        due = sum(
            credits_due(order, [fact for about, fact in self.told if about is order])
            for order in self.orders
        )
        assert row == {"balance": due - self.spent, "total": due - self.spent, "posted": due}

    def teardown(self) -> None:
        """Reconciliation tells all there is: no fact is lost for good."""
        for order, fact in reversed(self.facts):
            self.tell(order, fact)
        self.the_ledger_holds_what_was_told()


def test_any_history_ends_in_what_its_facts_call_for(stack: RunningStack) -> None:
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415

    with stack.connect() as database:
        Histories.database = database
        run_state_machine_as_test(
            Histories,
            settings=settings(
                max_examples=1000, stateful_step_count=20, deadline=None, print_blob=True
            ),
        )
