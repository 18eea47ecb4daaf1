"""record_facts and record_event: what Stripe says, in any order and any number of times."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.stripe_events import OTHER_LEDGER, Order, event

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


def record(database: Database, facts: dict[str, Any]) -> None:
    database.execute("select record_facts(%s)", [Jsonb(facts)])


def record_event(database: Database, of: dict[str, Any], facts: dict[str, Any] | None) -> str:
    row = database.execute(
        "select record_event(%s, %s, %s, %s, %s) as outcome",
        [of["id"], of["type"], of["livemode"], of["created"], Jsonb(facts) if facts else None],
    ).fetchone()
    assert row is not None
    outcome: str = row["outcome"]
    return outcome


def purchase(database: Database, order: Order) -> dict[str, Any]:
    row = database.execute("select * from purchases where id = %s", [order.order_id]).fetchone()
    assert row is not None
    return row


def ledger(database: Database, user_id: str) -> list[tuple[str, int, int]]:
    rows = database.execute(
        """
        select kind, amount, balance_after
        from credit_transactions where user_id = %s order by id
        """,
        [user_id],
    ).fetchall()
    return [(row["kind"], row["amount"], row["balance_after"]) for row in rows]


def test_a_paid_order_posts_its_credits(database: Database) -> None:
    order = Order(credits=1500)
    record(database, order.facts("paid"))
    assert ledger(database, order.user_id) == [("purchase", 1500, 1500)]
    assert purchase(database, order)["credits_posted"] == 1500


def test_the_same_fact_twice_posts_once(database: Database) -> None:
    order = Order()
    for _ in range(3):
        record(database, order.facts("paid"))
    assert ledger(database, order.user_id) == [("purchase", 500, 500)]


@pytest.mark.parametrize("state", ["open", "processing", "failed", "expired"])
def test_an_order_that_is_not_paid_posts_nothing(database: Database, state: str) -> None:
    order = Order()
    record(database, order.facts(state))
    assert ledger(database, order.user_id) == []
    assert purchase(database, order)["status"] == state


@pytest.mark.parametrize("earlier", ["open", "processing", "failed", "expired"])
def test_paid_stands_whatever_else_is_told_before_or_after(
    database: Database, earlier: str
) -> None:
    for states in ([earlier, "paid"], ["paid", earlier]):
        order = Order()
        for state in states:
            record(database, order.facts(state))
        assert purchase(database, order)["status"] == "paid"
        assert ledger(database, order.user_id) == [("purchase", 500, 500)]


def test_nothing_charged_is_still_paid(database: Database) -> None:
    """A promotion code for the whole price."""
    order = Order()
    record(database, order.facts("paid", amount_paid=0, payment_intent_id=None))
    assert ledger(database, order.user_id) == [("purchase", 500, 500)]


def test_the_order_as_begun_outweighs_metadata_edited_later(database: Database) -> None:
    order = Order(credits=500)
    record(database, order.facts("open"))
    record(database, order.facts("paid", credits=500_000))
    assert ledger(database, order.user_id) == [("purchase", 500, 500)]


def test_an_order_never_changes_hands(database: Database) -> None:
    order, thief = Order(), Order()
    record(database, order.facts("open"))
    with pytest.raises(psycopg.DatabaseError) as refused:
        record(database, order.facts("paid", user_id=thief.user_id))
    assert refused.value.sqlstate == "PT409"
    assert ledger(database, order.user_id) == ledger(database, thief.user_id) == []


def test_an_unknown_order_of_another_ledger_is_not_made(database: Database) -> None:
    """Several ledgers may share a Stripe account."""
    order = Order()
    completed = event("checkout.session.completed", {})
    assert (
        record_event(database, completed, order.facts("paid", ledger_id=OTHER_LEDGER)) == "ignored"
    )
    assert ledger(database, order.user_id) == []


def test_a_known_order_is_ours_whatever_its_metadata_says(database: Database) -> None:
    order = Order()
    record(database, order.facts("open"))
    record(database, order.facts("paid", ledger_id=OTHER_LEDGER))
    assert ledger(database, order.user_id) == [("purchase", 500, 500)]


def test_first_facts_of_one_order_at_once_are_one_order(stack: RunningStack) -> None:
    orders = [Order() for _ in range(40)]

    def tell(order: Order) -> None:
        with stack.connect() as database:
            record(database, order.facts("paid"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(tell, [order for order in orders for _ in range(4)]))
    with stack.connect() as database:
        assert all(ledger(database, order.user_id) == [("purchase", 500, 500)] for order in orders)


def test_the_latest_decline_is_kept_in_any_order(database: Database) -> None:
    first = {"at": 100, "decline_code": "insufficient_funds"}
    second = {"at": 200, "decline_code": "expired_card"}
    for declines in ([first, second], [second, first]):
        order = Order()
        for decline in declines:
            record(database, order.facts("open", **decline))
        assert purchase(database, order)["decline_code"] == "expired_card"


def test_two_orders_of_a_user_add_up(database: Database) -> None:
    first = Order(credits=500)
    second = Order(user_id=first.user_id, credits=1500)
    record(database, first.facts("paid"))
    record(database, second.facts("paid"))
    assert ledger(database, first.user_id) == [("purchase", 500, 500), ("purchase", 1500, 2000)]


@pytest.mark.parametrize(
    "broken", [{"state": "settled"}, {"state": None}, {"occurred_at": None}, {"user_id": None}]
)
def test_facts_that_are_not_whole_are_refused(database: Database, broken: dict[str, Any]) -> None:
    with pytest.raises(psycopg.DatabaseError):
        record(database, {**Order().facts("paid"), **broken})


def test_an_event_is_applied_then_a_duplicate(database: Database) -> None:
    order = Order()
    completed = event("checkout.session.completed", {})
    outcomes = [record_event(database, completed, order.facts("paid")) for _ in range(3)]
    assert outcomes == ["applied", "duplicate", "duplicate"]
    assert ledger(database, order.user_id) == [("purchase", 500, 500)]
    row = database.execute(
        "select outcome, deliveries, purchase_id::text from stripe_events where id = %s",
        [completed["id"]],
    ).fetchone()
    assert row == {"outcome": "applied", "deliveries": 3, "purchase_id": order.order_id}


def test_an_event_that_was_ignored_is_applied_once_it_is_understood(database: Database) -> None:
    """An older release did not know the type; support resends it from Stripe's dashboard."""
    order = Order()
    completed = event("checkout.session.completed", {})
    assert record_event(database, completed, None) == "ignored"
    assert record_event(database, completed, order.facts("paid")) == "applied"
    assert ledger(database, order.user_id) == [("purchase", 500, 500)]


def test_an_event_whose_facts_are_refused_leaves_no_trace(database: Database) -> None:
    """Or its retry would be taken for a duplicate and the payment lost."""
    order = Order()
    completed = event("checkout.session.completed", {})
    with pytest.raises(psycopg.DatabaseError):
        record_event(database, completed, order.facts("settled"))
    assert record_event(database, completed, order.facts("paid")) == "applied"
