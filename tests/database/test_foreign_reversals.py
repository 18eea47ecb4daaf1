"""Refunds and disputes in another currency than the payment's; disputes that wait for an answer."""

from __future__ import annotations

import time
from itertools import permutations
from typing import TYPE_CHECKING, Any

from tests.database.ledger import balance, record
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def doctor(database: Database, name: str) -> list[dict[str, Any]]:
    """Return a list that the function doctor found."""
    row = database.execute("select doctor() -> %s as found", [name]).fetchone()
    assert row is not None
    found: list[dict[str, Any]] = row["found"]
    return found


def test_a_reversal_in_another_currency_takes_its_share_by_what_was_settled(
    database: Database,
) -> None:
    order = Order(unit_amount=500)
    dispute = Reversal(order).dispute(375, moves=1)
    record(
        database,
        order.facts("paid"),
        {**dispute, "currency": "jpy", "settled_amount": 250, "settled_currency": "usd"},
    )
    assert balance(database, order) == 250


def test_a_reversal_in_another_currency_takes_all_if_its_share_is_unknown(
    database: Database,
) -> None:
    for settled in (
        {"settled_amount": None, "settled_currency": None},
        {"settled_amount": 3, "settled_currency": "eur"},
    ):
        order = Order(unit_amount=500)
        refund = {**Reversal(order).refund(375), "currency": "jpy", **settled}
        record(database, order.facts("paid"), refund)
        assert balance(database, order) == 0
        [case] = [
            case
            for case in doctor(database, "foreign_reversals")
            if case["order_id"] == order.order_id
        ]
        assert case["id"] == refund["reversal_id"]
        assert (case["amount"], case["currency"], case["currency_paid"]) == (375, "jpy", "usd")
        assert case["share_is_known"] is False


def test_what_was_settled_is_known_in_whichever_order_it_is_told(database: Database) -> None:
    order = Order(unit_amount=500)
    refund = {**Reversal(order).refund(375), "currency": "jpy"}
    settled = {**refund, "settled_amount": 250, "settled_currency": "usd"}
    pending = {**refund, "status": "pending", "rank": 1}
    for history in permutations([refund, settled, {**pending, **settled, "rank": 1}, pending]):
        again = Order(unit_amount=500)
        told = [
            {**fact, "reversal_id": again.order_id, "payment_intent_id": f"pi_{again.suffix}"}
            for fact in history
        ]
        record(database, again.facts("paid"), *told)
        assert balance(database, again) == 250


def test_a_dispute_that_waits_for_an_answer_is_named_until_its_due_date(
    database: Database,
) -> None:
    order = Order()
    due_at = int(time.time()) + 3600
    waiting = Reversal(order).dispute(499, moves=1) | {"status": "needs_response", "due_at": due_at}
    late = Reversal(order).dispute(1, moves=1) | {"status": "needs_response"}
    record(database, order.facts("paid"), waiting, late)

    def named() -> list[str]:
        return [
            case["id"]
            for case in doctor(database, "disputes_to_answer")
            if case["order_id"] == order.order_id
        ]

    assert named() == [waiting["reversal_id"]]
    record(database, {**waiting, "status": "under_review", "rank": 12})
    assert named() == []
