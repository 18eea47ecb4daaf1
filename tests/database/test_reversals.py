"""Refunds and disputes: money that went back takes its share of the credits with it, exactly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.ledger import spend
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


def record(database: Database, *facts: dict[str, Any], policy: str = "debt") -> None:
    for fact in facts:
        database.execute("select record_facts(%s, %s)", [Jsonb(fact), policy])


def balance(database: Database, order: Order) -> int:
    row = database.execute(
        """
        select u.balance, sum(t.amount)::bigint as total
        from user_credits u join credit_transactions t using (user_id)
        where u.user_id = %s group by u.balance
        """,
        [order.user_id],
    ).fetchone()
    if row is None:
        return 0
    assert row["balance"] == row["total"]
    amount: int = row["balance"]
    return amount


def kinds(database: Database, order: Order) -> list[tuple[str, int]]:
    rows = database.execute(
        "select kind, amount from credit_transactions where user_id = %s order by id",
        [order.user_id],
    ).fetchall()
    return [(row["kind"], row["amount"]) for row in rows]


@pytest.mark.parametrize(
    ("amount", "left"),
    [(1, 498), (100, 399), (249, 250), (250, 249), (498, 1), (499, 0), (5000, 0)],
)
def test_a_partial_refund_takes_its_share_rounded_against_the_buyer(
    database: Database, amount: int, left: int
) -> None:
    order = Order(credits=500, unit_amount=499)
    record(database, order.facts("paid"), Reversal(order).refund(amount))
    assert balance(database, order) == left


def test_many_small_refunds_are_rounded_once(database: Database) -> None:
    """Rounded one by one, 499 refunds of a cent would take 998 credits."""
    order = Order(credits=500, unit_amount=499)
    record(database, order.facts("paid"))
    for _ in range(498):
        record(database, Reversal(order).refund(1))
    assert balance(database, order) == 1


def test_a_refund_that_fails_gives_the_credits_back(database: Database) -> None:
    order = Order()
    refund = Reversal(order)
    record(database, order.facts("paid"), refund.refund(499), refund.refund(499, "failed"))
    assert kinds(database, order) == [("purchase", 500), ("clawback", -500), ("giveback", 500)]


def test_a_failure_stands_though_the_success_is_told_later(database: Database) -> None:
    order = Order()
    refund = Reversal(order)
    record(
        database,
        order.facts("paid"),
        refund.refund(499, "failed"),
        refund.refund(499, "succeeded"),
        refund.refund(499, "pending"),
    )
    assert balance(database, order) == 500


def test_a_refund_before_its_purchase_waits_and_applies(database: Database) -> None:
    order = Order()
    record(database, Reversal(order).refund(250), order.facts("open"))
    assert balance(database, order) == 0
    record(database, order.facts("paid"))
    assert kinds(database, order) == [("purchase", 249)]


def test_an_inquiry_takes_nothing(database: Database) -> None:
    order = Order()
    record(database, order.facts("paid"), Reversal(order).dispute(499, moves=0))
    assert balance(database, order) == 500


def test_a_dispute_takes_and_gives_back_and_takes_again(database: Database) -> None:
    order = Order()
    dispute = Reversal(order)
    record(database, order.facts("paid"))
    seen = []
    for moves in (0, 1, 2, 3):
        record(database, dispute.dispute(499, moves=moves))
        seen.append(balance(database, order))
    assert seen == [500, 0, 500, 0]


def test_a_dispute_won_after_a_partial_refund_leaves_the_refunds_share(database: Database) -> None:
    order = Order(credits=1000, unit_amount=1000)
    dispute = Reversal(order)
    record(
        database,
        order.facts("paid"),
        Reversal(order).refund(300),
        dispute.dispute(1000, moves=1),
    )
    assert balance(database, order) == 0
    record(database, dispute.dispute(1000, moves=2))
    assert balance(database, order) == 700


def test_what_is_spent_already_becomes_a_debt_that_the_next_purchase_pays(
    database: Database,
) -> None:
    order = Order()
    record(database, order.facts("paid"))
    spend(database, order, 200)
    record(database, Reversal(order).refund(499))
    assert balance(database, order) == -200
    record(database, Order(user_id=order.user_id).facts("paid"))
    assert balance(database, order) == 300


def test_clamp_stops_at_zero_and_forgives_the_rest_for_good(database: Database) -> None:
    order = Order()
    record(database, order.facts("paid"))
    spend(database, order, 200)
    refund = Reversal(order)
    record(database, refund.refund(499), policy="clamp")
    assert balance(database, order) == 0
    record(database, Order(user_id=order.user_id).facts("paid"), policy="clamp")
    record(database, refund.refund(499), order.facts("paid"), policy="clamp")
    assert balance(database, order) == 500
    row = database.execute(
        """
        select p.credits_posted, l.forgiven
        from purchases p join credit_lots l on l.purchase_id = p.id
        where p.id = %s
        """,
        [order.order_id],
    ).fetchone()
    assert row == {"credits_posted": 0, "forgiven": 200}


def test_clamp_gives_back_no_more_than_it_took(database: Database) -> None:
    order = Order()
    refund = Reversal(order)
    record(database, order.facts("paid"))
    spend(database, order, 200)
    record(database, refund.refund(499), refund.refund(499, "failed"), policy="clamp")
    assert balance(database, order) == 300


def test_nothing_charged_leaves_nothing_to_take(database: Database) -> None:
    order = Order()
    record(database, order.facts("paid", amount_paid=0), Reversal(order).refund(100))
    assert balance(database, order) == 500


@pytest.mark.parametrize("wrong", [{"amount_subtotal": 1}, {"currency_paid": "jpy"}])
def test_a_payment_that_is_not_what_was_ordered_waits_for_a_person(
    database: Database, wrong: dict[str, Any]
) -> None:
    order = Order()
    record(database, order.facts("paid", **wrong))
    row = database.execute(
        "select status from purchases where id = %s", [order.order_id]
    ).fetchone()
    assert row == {"status": "mismatch"}
    assert balance(database, order) == 0
    decide = "select purse.decide_mismatch(%s, %s, 'support', 'seen the receipt')"
    database.execute(decide, [order.order_id, False])
    assert balance(database, order) == 0
    database.execute(decide, [order.order_id, True])
    assert balance(database, order) == 500
    record(database, order.facts("paid", **wrong))
    assert balance(database, order) == 500


def test_only_a_mismatch_can_be_decided(database: Database) -> None:
    order = Order()
    record(database, order.facts("paid"))
    with pytest.raises(psycopg.DatabaseError) as refused:
        database.execute("select purse.decide_mismatch(%s, true, 'a', 'b')", [order.order_id])
    assert refused.value.sqlstate == "PT404"


def test_a_discount_or_tax_is_no_mismatch(database: Database) -> None:
    order = Order()
    record(database, order.facts("paid", amount_paid=399))
    assert balance(database, order) == 500


def test_purchase_and_refund_at_the_same_moment_never_miss_each_other(
    stack: RunningStack,
) -> None:
    orders = [Order() for _ in range(60)]

    def tell(fact: dict[str, Any]) -> None:
        with stack.connect() as database:
            record(database, fact)

    told = [fact for order in orders for fact in (order.facts("paid"), Reversal(order).refund(499))]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(tell, told))
    with stack.connect() as database:
        assert [balance(database, order) for order in orders] == [0] * 60
