"""Any history Stripe can produce, in any order, any number of times, against a small model.

Stripe's side makes facts; each may be told at once, later, again, or only by the reconciliation
that ends every history. The clawback policy is another whenever the operator likes. After every
step the database must hold exactly what the facts told so far call for, and at the end what all of
them do.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.database.ledger import record, spend
from tests.profiles import examples
from tests.properties import taxed
from tests.properties.model import Bought
from tests.properties.model import Model as PurseModel
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]
    Perhaps = str | None

STATES = ("open", "processing", "paid", "failed", "expired")
REFUND_STATUSES = ("pending", "succeeded", "failed", "canceled")
POLICIES = st.sampled_from(("debt", "clamp"))
PERHAPS = st.sampled_from((None, "debt", "clamp"))
AMOUNTS = st.integers(1, 3500)


class Model:
    """What the ledger must hold: of each order what it is worth and what of it was forgiven.

    What an order is worth follows from its facts alone. What clamp forgives does not: it is the
    part of a fall that the balance of that moment did not cover. It stays forgiven until the order
    is worth more again, or until credits come back to the lots of that moment.
    """

    def __init__(self) -> None:
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.purse = PurseModel()
        self.bought: dict[str, Bought] = {}

    @property
    def posted(self) -> int:
        """Credits that all orders are worth."""
        return sum(bought.posted for bought in self.bought.values())

    @property
    def forgiven(self) -> int:
        """Credits that the ledger holds beyond that."""
        return sum(bought.forgiven for bought in self.bought.values())

    @property
    def balance(self) -> int:
        """The user's balance."""
        return self.purse.balance

    def tell(self, order: Order, fact: dict[str, Any], policy: str) -> None:
        """Take note of a fact about an order."""
        told = self.told.setdefault(order.order_id, [])
        told.append(fact)
        bought = self.bought.setdefault(order.order_id, Bought(order.credits))
        bought.withdrawn = order.credits - credits_due(order, told)
        self.purse.settle(bought, policy)

    def spend(self, order: Order, amount: int) -> None:
        """Take from an order's lot first, as tests.database.ledger.spend does."""
        lot = self.bought[order.order_id].lot
        assert lot is not None
        self.purse.drain(lot, amount)


def credits_due(order: Order, told: list[dict[str, Any]]) -> int:
    """Return what a purchase is worth, from the facts told about it."""
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
    withdrawn = min(
        amount_paid, sum(fact["amount"] for fact in latest.values() if fact["in_effect"])
    )
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
        self.reversals: list[tuple[Order, list[dict[str, Any]]]] = []
        self.facts: list[tuple[Order, dict[str, Any]]] = []
        self.model = Model()
        self.first_policy = "debt"

    def happens(self, order: Order, fact: dict[str, Any], *, told_under: Perhaps) -> None:
        """Let something become so at Stripe, which tells us at once, under a policy, or not yet."""
        self.facts.append((order, fact))
        if told_under is not None:
            self.tell(order, fact, told_under)

    def tell(self, order: Order, fact: dict[str, Any], policy: str) -> None:
        record(self.database, fact, policy=policy)
        self.model.tell(order, fact, policy)

    @initialize(
        policy=POLICIES,
        packs=st.lists(st.tuples(AMOUNTS, taxed.TAXES), min_size=1, max_size=2),
        left=st.sampled_from([0, 1, 10_000]),
    )
    def packs_are_bought_and_used(
        self, policy: str, packs: list[tuple[int, tuple[str, int]]], left: int
    ) -> None:
        self.first_policy = policy
        for amount, tax in packs:
            order = self.order(amount, amount, taxed.payment(amount, 0, *tax))
            self.happens(order, order.facts("paid", **order.payment), told_under=policy)
        if left < self.model.balance:
            self.spend(self.model.balance - left)

    @rule(amount=AMOUNTS, priced=taxed.PRICED, told_under=PERHAPS)
    def an_order_is_begun(
        self, amount: int, priced: tuple[int, dict[str, Any]], *, told_under: Perhaps
    ) -> None:
        order = self.order(amount, *priced)
        self.happens(order, order.facts("open"), told_under=told_under)

    def order(self, amount: int, unit_amount: int, payment: dict[str, Any]) -> Order:
        order = Order(user_id=self.user, credits=amount, unit_amount=unit_amount)
        object.__setattr__(order, "payment", payment)
        self.orders.append(order)
        return order

    @precondition(lambda self: self.orders)
    @rule(
        data=st.data(),
        state=st.sampled_from(("paid", *STATES)),
        at=st.integers(1, 9),
        told_under=PERHAPS,
    )
    def stripe_says(self, data: st.DataObject, state: str, at: int, *, told_under: Perhaps) -> None:
        order = data.draw(st.sampled_from(self.orders))
        more = order.payment if state == "paid" else {}
        self.happens(order, order.facts(state, at=at, **more), told_under=told_under)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), disputed=st.booleans(), told_under=PERHAPS)
    def money_goes_back(self, data: st.DataObject, *, disputed: bool, told_under: Perhaps) -> None:
        """A refund or a dispute begins, in any state: that it had others is told later, if ever."""
        order = data.draw(st.sampled_from(self.orders))
        amount = data.draw(
            st.one_of(st.integers(1, 3000), st.just(max(order.payment["amount_paid"], 1)))
        )
        reversal = Reversal(order)
        states = (
            [reversal.dispute(amount, moves=moves) for moves in range(4)]
            if disputed
            else [reversal.refund(amount, status) for status in REFUND_STATUSES]
        )
        self.reversals.append((order, states))
        self.happens(order, data.draw(st.sampled_from(states)), told_under=told_under)

    @precondition(lambda self: self.reversals)
    @rule(data=st.data(), told_under=PERHAPS)
    def it_comes_to_another_state(self, data: st.DataObject, *, told_under: Perhaps) -> None:
        order, states = data.draw(st.sampled_from(self.reversals))
        self.happens(order, data.draw(st.sampled_from(states)), told_under=told_under)

    @precondition(lambda self: self.facts)
    @rule(data=st.data(), policy=POLICIES)
    def an_older_fact_is_told(self, data: st.DataObject, policy: str) -> None:
        self.tell(*data.draw(st.sampled_from(self.facts)), policy)

    @precondition(lambda self: self.model.balance > 0)
    @rule(data=st.data())
    def something_is_spent(self, data: st.DataObject) -> None:
        balance = self.model.balance
        self.spend(data.draw(st.one_of(st.just(balance), st.integers(1, balance))))

    def spend(self, amount: int) -> None:
        bought = self.model.bought
        order = next(
            order
            for order in self.orders
            if order.order_id in bought
            and bought[order.order_id].posted + bought[order.order_id].forgiven
        )
        spend(self.database, order, amount)
        self.model.spend(order, amount)

    @invariant()
    def the_ledger_holds_what_was_told(self) -> None:
        row = self.database.execute(
            """
            select
                coalesce((select balance from user_credits where user_id = %(user)s), 0) as balance,
                coalesce((select sum(amount) from credit_transactions
                    where user_id = %(user)s), 0)::bigint as total,
                coalesce(sum(credits_posted), 0)::bigint as posted,
                coalesce((select sum(forgiven) from credit_lots
                    where user_id = %(user)s), 0)::bigint as forgiven
            from purchases
            where user_id = %(user)s
            """,
            {"user": self.user},
        ).fetchone()
        assert row == {
            "balance": self.model.balance,
            "total": self.model.balance,
            "posted": self.model.posted,
            "forgiven": self.model.forgiven,
        }

    def teardown(self) -> None:
        """Reconciliation tells all there is: no fact is lost for good."""
        for order, fact in reversed(self.facts):
            self.tell(order, fact, self.first_policy)
        self.the_ledger_holds_what_was_told()


def test_any_history_ends_in_what_its_facts_call_for(stack: RunningStack) -> None:
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415

    with stack.connect() as database:
        Histories.database = database
        run_state_machine_as_test(
            Histories,
            settings=settings(max_examples=examples(cost=2), stateful_step_count=20),
        )
