"""What settlement keeps of each fact, to the column.

Each test is here because a mutation of the SQL went unnoticed without it (tests/mutation).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.ledger import amounts, record, record_event, row_of, spend
from tests.stripe_events import Order, Reversal, event

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

AT = 1_700_000_000


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


STATES = {
    "processing": "processing_at",
    "paid": "paid_at",
    "failed": "failed_at",
    "expired": "expired_at",
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("known", [False, True])
def test_an_orders_row_is_what_was_told(database: Database, state: str, *, known: bool) -> None:
    order = Order()
    if known:
        nothing = {"checkout_session_id": None, "payment_intent_id": None, "customer_id": None}
        record(database, order.facts("open", at=AT, **nothing))
    facts = order.facts(state, at=AT, amount_paid=399 if state == "paid" else 7)
    record(database, facts)
    row = row_of(database, "purchases", order.order_id)
    paid = state == "paid"
    same = ("checkout_session_id", "payment_intent_id", "customer_id", "package_id", "package_name")
    same += ("credits", "unit_amount", "currency", "livemode")
    assert {name: row[name] for name in same} == {name: facts[name] for name in same}
    assert str(row["user_id"]) == order.user_id
    assert row["created_at"] == moment(AT)
    assert row["amount_subtotal"] == (499 if paid else None)
    assert row["amount_paid"] == (399 if paid else None)
    assert row["currency_paid"] == ("usd" if paid else None)
    expected = {column: moment(AT) if state == name else None for name, column in STATES.items()}
    assert {column: row[column] for column in STATES.values()} == expected
    assert (row["declined_at"], row["decline_code"]) == (None, None)


@pytest.mark.parametrize("order_told", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_of_several_amounts_and_times_the_least_is_kept(
    database: Database, order_told: tuple[int, ...]
) -> None:
    order = Order()
    told = [
        order.facts("paid", at=AT + n, amount_subtotal=499 + n, amount_paid=300 + n) for n in (0, 1)
    ]
    told.append(order.facts("open", at=AT + 2))
    record(database, *(told[n] for n in order_told))
    row = row_of(database, "purchases", order.order_id)
    assert (row["paid_at"], row["amount_subtotal"], row["amount_paid"]) == (moment(AT), 499, 300)


@pytest.mark.parametrize("state", STATES)
def test_of_several_times_of_a_state_the_earliest_is_kept(database: Database, state: str) -> None:
    order = Order()
    record(database, *(order.facts(state, at=AT + n) for n in (1, 0, 2)))
    assert row_of(database, "purchases", order.order_id)[STATES[state]] == moment(AT)


@pytest.mark.parametrize(
    "name", ["checkout_session_id", "payment_intent_id", "customer_id", "currency_paid"]
)
def test_of_several_names_the_least_is_kept(database: Database, name: str) -> None:
    order = Order()
    least, greatest = f"a{order.suffix}", f"b{order.suffix}"
    record(database, *(order.facts("paid", **{name: value}) for value in (greatest, least)))
    assert row_of(database, "purchases", order.order_id)[name] == least


def test_a_decline_is_kept_with_its_time(database: Database) -> None:
    order = Order()
    record(database, order.facts("open", at=AT, decline_code="b"))
    record(database, order.facts("open", at=AT, decline_code="a"))
    record(database, order.facts("open", at=AT + 5))
    row = row_of(database, "purchases", order.order_id)
    assert (row["declined_at"], row["decline_code"]) == (moment(AT), "b")


def test_a_reversals_row_is_what_was_told(database: Database) -> None:
    refund = {**Reversal(Order()).refund(100, "pending"), "currency": "eur", "livemode": True}
    with database.transaction(force_rollback=True):
        database.execute("update purse.ledger set livemode = true, began_at = now()")
        record(database, refund)
        row = row_of(database, "purchase_reversals", refund["reversal_id"])
    assert row.pop("received_at") is not None
    # The purchase is not known, so nobody was told.
    assert (row.pop("announced_at"), row.pop("end_announced_at")) == (None, None)
    # It was made in Stripe's dashboard.
    assert refund.pop("refund_request_id") is None
    assert {**row, "occurred_at": AT, "reversal_id": row["id"]} == {**refund, "id": row["id"]}
    assert row["occurred_at"] == moment(AT)
    refund["livemode"] = False
    later = {**refund, "rank": 2, "status": "failed", "amount": 50, "in_effect": False}
    record(database, {**later, "occurred_at": AT + 1}, refund)
    row = row_of(database, "purchase_reversals", refund["reversal_id"])
    assert (row["rank"], row["status"], row["amount"]) == (2, "failed", 50)
    assert (row["in_effect"], row["occurred_at"]) == (False, moment(AT + 1))


@pytest.mark.parametrize(
    ("lesser", "greater"),
    [
        ({"status": "a", "amount": 2}, {"status": "b", "amount": 1}),
        ({"amount": 1, "occurred_at": AT + 1}, {"amount": 2}),
        ({"occurred_at": AT}, {"occurred_at": AT + 1}),
        ({"rank": 1, "status": "b", "amount": 2}, {"rank": 2, "status": "a", "amount": 1}),
    ],
)
def test_of_two_words_about_a_reversal_one_stands_in_any_order(
    database: Database, lesser: dict[str, Any], greater: dict[str, Any]
) -> None:
    for words in ((lesser, greater), (greater, lesser)):
        refund = Reversal(Order()).refund(1)
        record(database, *({**refund, **word} for word in words))
        row = row_of(database, "purchase_reversals", refund["reversal_id"])
        assert (row["rank"], row["status"], row["amount"], int(row["occurred_at"].timestamp())) == (
            greater.get("rank", 2),
            greater.get("status", "succeeded"),
            greater.get("amount", 1),
            greater.get("occurred_at", AT),
        )


def test_an_events_row_is_what_was_told(database: Database) -> None:
    order = Order()
    told = event("refund.created", {}, created=AT, livemode=True)
    assert record_event(database, told, Reversal(order).refund(100)) == "applied"
    row = row_of(database, "stripe_events", told["id"])
    assert (row["type"], row["livemode"], row["created_at"]) == ("refund.created", True, moment(AT))
    assert (row["outcome"], row["purchase_id"], row["deliveries"]) == ("applied", None, 1)
    assert record_event(database, told, Reversal(order).refund(100)) == "duplicate"
    again = row_of(database, "stripe_events", told["id"])
    assert again["deliveries"] == 2
    assert again["last_received_at"] > row["last_received_at"] == row["received_at"]


def test_an_event_ignored_again_is_a_duplicate_and_stays_ignored(database: Database) -> None:
    told = event("customer.created", {})
    assert [record_event(database, told, None) for _ in range(3)] == [
        *("ignored", "duplicate", "duplicate")
    ]
    assert row_of(database, "stripe_events", told["id"])["outcome"] == "ignored"


def test_a_movement_dates_the_balance(database: Database) -> None:
    order = Order()
    ask = "select created_at, updated_at from user_credits where user_id = %s"
    record(database, order.facts("paid"))
    first = database.execute(ask, [order.user_id]).fetchone()
    spend(database, order, 1)
    second = database.execute(ask, [order.user_id]).fetchone()
    assert first is not None
    assert second is not None
    assert second["updated_at"] > first["updated_at"]
    assert second["created_at"] == first["created_at"]


def test_facts_that_say_nothing_of_a_mark_are_not_ours(database: Database) -> None:
    order = Order()
    record(database, {**order.facts("paid"), "ledger_id": None})
    assert amounts(database, order) == []


@pytest.mark.parametrize("broken", [{"state": "settled"}, {"state": None}, {"occurred_at": None}])
def test_facts_without_state_or_time_are_refused_by_name(
    database: Database, broken: dict[str, Any]
) -> None:
    with pytest.raises(psycopg.DatabaseError) as refused:
        record(database, {**Order().facts("open"), **broken})
    assert refused.value.sqlstate == "PT422"


def test_a_late_purchase_counts_its_reversals_only(database: Database) -> None:
    order, other = Order(), Order()
    record(database, Reversal(other).refund(499), Reversal(order).refund(100, "failed"))
    record(database, order.facts("paid"))
    assert amounts(database, order) == [("purchase", 500, 500)]


def test_an_event_applied_leaves_other_events_alone(database: Database) -> None:
    ignored, applied = event("customer.created", {}), event("checkout.session.completed", {})
    record_event(database, ignored, None)
    record_event(database, applied, Order().facts("paid"))
    row = row_of(database, "stripe_events", ignored["id"])
    assert (row["outcome"], row["purchase_id"]) == ("ignored", None)
