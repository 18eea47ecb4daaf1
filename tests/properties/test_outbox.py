"""Every fact in the ledger is announced exactly once, and nothing else is, whatever happens.

Random histories of one person: buying, refunds, spends, holds, grants, expiry, rolled back work.
After each, the outbox must say what the ledger says. Deliveries are drained by runners that die
between leasing and reporting: each event is delivered at least once, in the person's order.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database.purse import Purse, key
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

LOW = 20
ENDPOINT = "history"
DELIVERY = ("deliver", "a runner dies", "a delivery fails")
KINDS = {"purchase": "credits.purchased", "bonus": "credits.granted", "expiry": "credits.expired"}

steps = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), st.integers(1, 60)),
        st.tuples(st.just("refund"), st.integers(1, 60)),
        st.tuples(st.just("grant"), st.integers(1, 40)),
        st.tuples(st.just("gift with an end"), st.integers(1, 40)),
        st.tuples(st.just("correct"), st.integers(1, 40)),
        st.tuples(st.just("spend"), st.integers(1, 6)),
        st.tuples(st.just("batch"), st.integers(1, 6)),
        st.tuples(st.just("capture"), st.integers(1, 6)),
        st.tuples(st.just("release"), st.integers(1, 6)),
        st.tuples(st.just("undo"), st.just(0)),
        st.tuples(st.just("a day passes"), st.just(1)),
        st.tuples(st.just("rolled back"), st.integers(1, 60)),
        st.tuples(st.sampled_from(DELIVERY), st.integers(1, 5)),
    ),
    max_size=25,
)


class Life:
    """One person, their orders, and what was delivered about them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.purse = Purse(database)
        self.orders: list[Order] = []
        self.spent: list[str] = []
        self.delivered: list[int] = []
        database.execute(
            "insert into user_credits (user_id, low_threshold) values (%s, %s)",
            [self.purse.user_id, LOW],
        )

    def take(self, step: str, number: int) -> None:
        """Do one step; a refusal is a step that changes nothing."""
        if step in DELIVERY:
            self.deliver(step, number)
            return
        try:
            getattr(self, step.replace(" ", "_"))(number)
        except psycopg.Error as error:
            if not (error.sqlstate or "").startswith("PT"):
                raise

    def buy(self, number: int) -> None:
        self.orders.append(self.purse.buy(number, at=int(time.time())))

    def refund(self, number: int) -> None:
        if self.orders:
            order = self.orders[number % len(self.orders)]
            facts = Reversal(order).refund(min(number, order.unit_amount))
            self._record({**facts, "occurred_at": int(time.time())})

    def grant(self, number: int) -> None:
        self.purse.grant(number)

    def gift_with_an_end(self, number: int) -> None:
        self.purse.grant(number, days=1)

    def correct(self, number: int) -> None:
        self.purse.grant(-number, "correction")

    def spend(self, number: int) -> None:
        self.spent.append(self.purse.spend(number)["transaction_id"])

    def batch(self, number: int) -> None:
        self.purse.call("spend_batch", Jsonb([self._spend() for _ in range(number)]))

    def capture(self, number: int) -> None:
        self.purse.capture(self.purse.hold(number)["hold_id"])

    def release(self, number: int) -> None:
        self.purse.release(self.purse.hold(number)["hold_id"])

    def undo(self, _number: int) -> None:
        if self.spent:
            self.purse.reverse(self.spent.pop())

    def a_day_passes(self, number: int) -> None:
        self.purse.time_passes(days=number)
        self.purse.read()

    def rolled_back(self, number: int) -> None:
        with self.database.transaction(force_rollback=True):
            self.purse.buy(number, at=int(time.time()))
            self.purse.spend()

    def deliver(self, step: str, number: int) -> None:
        """Lease this person's deliveries and end them as the step says."""
        leased = self.purse.call("lease_deliveries", [ENDPOINT], 500, 60)
        mine = [d for d in leased if d["user_id"] == self.purse.user_id]
        result = "failed" if step == "a delivery fails" else "delivered"
        if step != "a runner dies":
            self._settle(leased, result, number)
            if result == "delivered":
                self.delivered += [int(d["event_id"]) for d in mine[:number]]
        # Leases and waits end.
        self.database.execute(
            "update outbox_deliveries set due_at = now() where endpoint = %s", [ENDPOINT]
        )

    def _settle(self, leased: list[dict[str, Any]], result: str, number: int) -> None:
        results = [
            {
                "endpoint": ENDPOINT,
                "event_id": d["event_id"],
                "lease": d["lease"],
                "result": result if place < number else "not_tried",
            }
            for place, d in enumerate(leased)
        ]
        if result == "failed":
            results[1:] = [{**r, "result": "not_tried"} for r in results[1:]]
        self.purse.call("settle_deliveries", Jsonb(results))

    def _record(self, facts: dict[str, Any]) -> None:
        self.database.execute("select record_facts(%s)", [Jsonb(facts)])

    def _spend(self) -> dict[str, Any]:
        return {
            "user_id": self.purse.user_id,
            "feature": "docx_processing",
            "quantity": 1,
            "idempotency_key": key(),
        }

    def events(self) -> list[dict[str, Any]]:
        return self.database.execute(
            "select id, type, data from outbox_events where user_id = %s order by id",
            [self.purse.user_id],
        ).fetchall()

    def ledger(self) -> list[dict[str, Any]]:
        return self.database.execute(
            """
            select id, kind, amount, balance_after
            from credit_transactions where user_id = %s order by id
            """,
            [self.purse.user_id],
        ).fetchall()

    def is_announced(self) -> None:
        """Assert that the outbox says what the ledger says, once and in its order."""
        said = [
            (event["type"], int(event["data"]["transaction_id"]), event["data"]["balance"])
            for event in self.events()
            if event["type"] in {*KINDS.values(), "credits.low", "credits.depleted"}
        ]
        assert said == list(announcements(self.ledger()))
        refunds = [event for event in self.events() if event["type"] == "purchase.refunded"]
        (known,) = self.database.execute(
            """
            select count(*) as refunds from purchase_reversals r
            join purchases p on p.payment_intent_id = r.payment_intent_id
            where p.user_id = %s
            """,
            [self.purse.user_id],
        ).fetchall()
        assert len(refunds) == known["refunds"]


def announcements(ledger: list[dict[str, Any]]) -> Any:
    """Yield what must be announced about a ledger: type, transaction, balance after it."""
    warn_below: int | None = None
    for row in ledger:
        balance = row["balance_after"]
        if row["kind"] in KINDS:
            yield KINDS[row["kind"]], row["id"], balance
        if row["amount"] > 0:
            warn_below = LOW if balance >= LOW else 1 if balance >= 1 else None
        elif warn_below is not None and balance < warn_below:
            if warn_below == LOW:
                yield "credits.low", row["id"], balance
            if balance < 1:
                yield "credits.depleted", row["id"], balance
            warn_below = 1 if balance >= 1 else None


@given(history=steps)
def test_the_outbox_says_what_the_ledger_says_and_all_of_it_is_delivered(
    database: Database, history: list[tuple[str, int]]
) -> None:
    database.execute("update outbox_events set is_fanned_out = true where not is_fanned_out")
    database.execute("delete from outbox_deliveries")
    database.execute("delete from outbox_endpoints")
    database.execute("select sync_outbox(%s)", [Jsonb({ENDPOINT: None})])
    life = Life(database)
    for step, number in history:
        life.take(step, number)
        life.is_announced()
    while len(life.delivered) < len(life.events()):
        before = len(life.delivered)
        life.deliver("deliver", 500)
        assert len(life.delivered) > before
    assert life.delivered == [event["id"] for event in life.events()]
    database.execute("delete from outbox_deliveries")
    database.execute("delete from outbox_endpoints")
