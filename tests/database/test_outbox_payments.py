"""The outbox announces payments, refunds and disputes once, and old ones to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.database.announced import events, now, purse_with_threshold, types
from tests.database.ledger import decide, record
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.database.purse import Purse

    Database = Connection[dict[str, Any]]

DAY = 24 * 60 * 60


@pytest.fixture
def purse(database: Database) -> Purse:
    """A user with a low threshold of 20 credits."""
    return purse_with_threshold(database)


def test_a_failed_payment_is_announced_once(purse: Purse) -> None:
    order = Order(user_id=purse.user_id)
    record(purse.database, order.facts("processing", at=now()), order.facts("failed", at=now()))
    record(purse.database, order.facts("failed", at=now()))
    (event,) = events(purse)
    assert event["type"] == "purchase.failed"
    assert event["data"] == {
        "user_id": purse.user_id,
        "purchase_id": order.order_id,
        "package_id": "starter",
        "credits": 500,
        "amount": order.unit_amount,
        "currency": "usd",
        "checkout_session_id": order.session_id,
        "payment_intent_id": f"pi_{order.suffix}",
    }


def test_a_payment_that_differs_from_its_order_is_announced(purse: Purse) -> None:
    order = Order(user_id=purse.user_id)
    facts = order.facts("paid", at=now())
    record(purse.database, {**facts, "amount_subtotal": 1})
    assert types(purse) == ["ledger.mismatch"]
    decide(purse.database, order, accept=True)
    assert types(purse) == ["ledger.mismatch", "credits.purchased"]
    decide(purse.database, order, accept=False)
    assert "ledger.mismatch" not in types(purse)[2:]


def test_a_refund_leaves_the_rows_of_earlier_refunds_alone(purse: Purse) -> None:
    """Each row that is written is booked anew: many refunds of one purchase took minutes."""

    def versions() -> set[str]:
        rows = purse.database.execute(
            "select id || xmin::text as version from purchase_reversals"
            " where payment_intent_id = %s",
            [f"pi_{order.suffix}"],
        ).fetchall()
        return {row["version"] for row in rows}

    order = purse.buy(100, at=now())
    record(purse.database, {**Reversal(order).refund(10), "occurred_at": now()})
    record(purse.database, {**Reversal(order).dispute(10, moves=0), "occurred_at": now()})
    before = versions()
    record(purse.database, {**Reversal(order).refund(10), "occurred_at": now()})
    assert before < versions()


def test_a_refund_is_announced_with_the_balance_after_it(purse: Purse) -> None:
    order = purse.buy(100, at=now())
    refund = {**Reversal(order).refund(40), "occurred_at": now()}
    record(purse.database, refund, refund)
    (event,) = events(purse, "purchase.refunded")
    assert event["data"] == {
        "user_id": purse.user_id,
        "purchase_id": order.order_id,
        "payment_intent_id": f"pi_{order.suffix}",
        "refund_id": refund["reversal_id"],
        "amount": 40,
        "currency": "usd",
        "status": "succeeded",
        "balance": 60,
    }


def test_a_dispute_is_announced_with_the_day_on_which_it_is_due(purse: Purse) -> None:
    order = purse.buy(100, at=now())
    dispute = {**Reversal(order).dispute(100, moves=1), "occurred_at": now()}
    record(purse.database, dispute)
    (event,) = events(purse, "dispute.opened")
    assert (event["data"]["dispute_id"], event["data"]["due_at"]) == (
        dispute["reversal_id"],
        "2023-11-21T22:13:20.000Z",
    )


def test_a_refund_that_comes_before_its_purchase_is_announced_with_it(purse: Purse) -> None:
    order = Order(user_id=purse.user_id, credits=100, unit_amount=100)
    record(purse.database, {**Reversal(order).refund(40), "occurred_at": now()})
    assert types(purse) == []
    record(purse.database, order.facts("paid", at=now()))
    assert types(purse) == ["credits.purchased", "purchase.refunded"]


def test_old_facts_are_recorded_and_not_delivered(purse: Purse) -> None:
    order = purse.buy(100, at=now() - 4 * DAY)
    record(purse.database, {**Reversal(order).refund(100), "occurred_at": now() - 4 * DAY})
    assert {event["is_fanned_out"] for event in events(purse)} == {True}
    assert "purchase.refunded" in types(purse)


def test_what_becomes_of_an_old_dispute_is_news(purse: Purse) -> None:
    """Facts of a dispute carry the time at which it was opened."""
    order = purse.buy(100, at=now() - 20 * DAY)
    dispute = Reversal(order)
    opened = {**dispute.dispute(100, moves=1), "occurred_at": now() - 20 * DAY}
    record(purse.database, opened)
    closed = {**dispute.dispute(100, moves=1), "occurred_at": now() - 20 * DAY}
    record(purse.database, {**closed, "status": "lost", "rank": opened["rank"] + 1})
    (event,) = events(purse, "dispute.closed")
    assert event["is_fanned_out"] is False
    assert [e["is_fanned_out"] for e in events(purse, "dispute.opened")] == [True]


def test_what_was_announced_is_not_announced_again_once_the_outbox_has_forgotten_it(
    purse: Purse,
) -> None:
    order = purse.buy(100, at=now())
    record(purse.database, {**Reversal(order).refund(10), "occurred_at": now()})
    failed = Order(user_id=purse.user_id)
    record(purse.database, failed.facts("failed", at=now()))
    purse.database.execute("delete from outbox_events where user_id = %s", [purse.user_id])
    record(purse.database, {**Reversal(order).refund(20), "occurred_at": now()})
    record(purse.database, failed.facts("failed", at=now()))
    assert [event["data"]["amount"] for event in events(purse)] == [20]


def test_credits_that_expired_long_ago_do_not_make_a_refund_look_like_a_low_balance(
    purse: Purse,
) -> None:
    order = purse.buy(100, valid_days=1, at=now() - 2 * DAY)
    purse.read()
    before = types(purse)
    record(purse.database, {**Reversal(order).refund(100), "occurred_at": now()})
    assert types(purse) == [*before, "purchase.refunded"]


@pytest.mark.parametrize("status", ["won", "lost", "prevented", "warning_closed"])
def test_every_end_of_a_dispute_is_announced_once(purse: Purse, status: str) -> None:
    order = purse.buy(100, at=now())
    dispute = {**Reversal(order).dispute(100, moves=0), "occurred_at": now()}
    for _ in range(2):
        record(purse.database, dispute)
    ended = {**dispute, "status": status, "rank": dispute["rank"] + 3}
    for _ in range(2):
        record(purse.database, ended)
    found = [(event["type"], event["data"]["status"]) for event in events(purse)[1:]]
    assert found == [("dispute.opened", dispute["status"]), ("dispute.closed", status)]
