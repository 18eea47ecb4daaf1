"""Decisions about a mismatch, and the policy clamp: exact to the credit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.ledger import (
    amounts,
    balance,
    decide,
    forgiven,
    record,
    record_event,
    row_of,
    spend,
)
from tests.stripe_events import Order, Reversal, event

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def test_a_decision_is_signed_and_may_be_taken_back(database: Database) -> None:
    order = Order()
    record(database, order.facts("paid", amount_subtotal=1))
    for accept, decision in ((True, "accepted"), (False, "rejected"), (True, "accepted")):
        decide(database, order, accept=accept)
        row = row_of(database, "purchases", order.order_id)
        assert (row["decision"], row["decided_by"], row["decided_because"]) == (
            *(decision, "ann", "seen"),
        )
        assert row["decided_at"] is not None
    assert [amount for _, amount, _ in amounts(database, order)] == [500, -500, 500]


@pytest.mark.parametrize("facts", [{"state": "open"}, {"state": "paid"}])
def test_what_is_no_mismatch_is_left_as_it_was(database: Database, facts: dict[str, Any]) -> None:
    order, mismatch = Order(), Order()
    record(database, mismatch.facts("paid", amount_subtotal=1), order.facts(**facts))
    with pytest.raises(psycopg.DatabaseError) as refused:
        decide(database, order, accept=True)
    assert refused.value.sqlstate == "PT404"
    assert row_of(database, "purchases", mismatch.order_id)["decision"] is None


def test_a_rejection_under_clamp_takes_what_is_left(database: Database) -> None:
    order = Order()
    record(database, order.facts("paid", currency_paid="jpy"))
    decide(database, order, accept=True)
    spend(database, order, 200)
    decide(database, order, "clamp", accept=False)
    assert balance(database, order) == 0


def test_clamp_and_giving_back_are_exact_in_any_parts(database: Database) -> None:
    order = Order(credits=1000, unit_amount=1000)
    first, second = Reversal(order), Reversal(order)
    record(database, order.facts("paid"))
    spend(database, order, 900)
    seen = []
    for fact in (
        first.refund(600),
        second.refund(400),
        second.refund(400, "failed"),
        first.refund(600, "failed"),
    ):
        record(database, fact, policy="clamp")
        row = row_of(database, "purchases", order.order_id)
        seen.append((row["credits_posted"], forgiven(database, order), balance(database, order)))
    assert seen == [(400, 500, 0), (0, 900, 0), (400, 500, 0), (1000, 0, 100)]
    assert amounts(database, order)[2:] == [("clawback", -100, 0), ("giveback", 100, 100)]


def test_clamp_takes_nothing_from_whoever_is_in_debt(database: Database) -> None:
    order = Order()
    record(database, order.facts("paid"))
    spend(database, order, 600)
    record(database, Reversal(order).refund(499), policy="clamp")
    assert balance(database, order) == -100
    assert forgiven(database, order) == 500


@pytest.mark.parametrize(
    ("spent", "refunded", "left", "not_taken"),
    [(0, 500, 0, 0), (0, 100, 400, 0), (499, 500, 0, 499), (500, 500, 0, 500), (500, 1, 0, 1)],
)
def test_clamp_takes_what_there_is(
    database: Database, spent: int, refunded: int, left: int, not_taken: int
) -> None:
    order = Order(credits=500, unit_amount=500)
    record(database, order.facts("paid"))
    if spent:
        spend(database, order, spent)
    record(database, Reversal(order).refund(refunded), policy="clamp")
    assert balance(database, order) == left
    assert forgiven(database, order) == not_taken


def test_giving_back_a_credit_undoes_the_forgiving_of_one(database: Database) -> None:
    order = Order(credits=500, unit_amount=500)
    refund = Reversal(order)
    record(database, order.facts("paid"))
    spend(database, order, 500)
    record(database, Reversal(order).refund(200), refund.refund(1), policy="clamp")
    record(database, refund.refund(1, "failed"), policy="clamp")
    assert balance(database, order) == 0
    assert forgiven(database, order) == 200


def test_one_credit_is_settled_like_many(database: Database) -> None:
    order = Order(credits=1, unit_amount=1)
    refund = Reversal(order)
    record(database, order.facts("paid"), refund.refund(1), refund.refund(1, "failed"))
    assert amounts(database, order) == [("purchase", 1, 1), ("clawback", -1, 0), ("giveback", 1, 1)]


def test_clamp_leaves_an_order_alone_that_calls_for_nothing(database: Database) -> None:
    order = Order()
    record(database, order.facts("open"), policy="clamp")
    assert amounts(database, order) == []


def test_an_events_policy_is_the_settlements(database: Database) -> None:
    order = Order()
    record_event(database, event("x", {}), order.facts("paid"), "clamp")
    spend(database, order, 200)
    record_event(database, event("y", {}), Reversal(order).refund(499), "clamp")
    assert balance(database, order) == 0
