"""Tax and discount: settlement settles what was ordered, and refunds return tax with its share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.ledger import record, row_of
from tests.database.purse import Purse
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

ADDED = {"amount_paid": 594, "amount_tax": 95}
INCLUDED = {"amount_paid": 499, "amount_tax": 80}
REDUCED = {"amount_paid": 475, "amount_tax": 76, "amount_discount": 100}


def just_paid(database: Database, **payment: Any) -> Order:
    order = Order()
    record(database, order.facts("paid", at=int(time.time()), **payment))
    return order


@pytest.mark.parametrize("payment", [ADDED, INCLUDED, REDUCED])
def test_neither_tax_nor_discount_changes_the_credits(
    database: Database, payment: dict[str, int]
) -> None:
    order = just_paid(database, **payment)
    row = row_of(database, "purchases", order.order_id)
    assert (row["status"], row["credits_posted"]) == ("paid", 500)
    assert {name: row[name] for name in payment} == payment
    assert row["amount_excluding_tax"] == payment["amount_paid"] - payment["amount_tax"]


@pytest.mark.parametrize("subtotal", [404, 498, 500, 594])
def test_tax_makes_up_for_no_other_price(database: Database, subtotal: int) -> None:
    """What was ordered is compared, before tax that is added."""
    order = just_paid(database, **ADDED, amount_subtotal=subtotal)
    assert row_of(database, "purchases", order.order_id)["status"] == "mismatch"


@pytest.mark.parametrize(
    "wrong", [{"amount_tax": -1}, {"amount_tax": 500}, {"amount_discount": -1}]
)
def test_a_tax_that_is_no_part_of_the_payment_is_not_recorded(
    database: Database, wrong: dict[str, int]
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        record(database, Order().facts("paid", **wrong))


def test_facts_without_tax_and_discount_have_none(database: Database) -> None:
    order = Order()
    facts = order.facts("paid")
    del facts["amount_tax"], facts["amount_discount"]
    record(database, facts)
    row = row_of(database, "purchases", order.order_id)
    assert (row["amount_tax"], row["amount_discount"], row["status"]) == (0, 0, "paid")


def test_before_the_payment_nothing_is_known_of_it(database: Database) -> None:
    order = Order()
    record(database, order.facts("open", **ADDED))
    row = row_of(database, "purchases", order.order_id)
    assert (row["amount_paid"], row["amount_tax"], row["amount_excluding_tax"]) == (None,) * 3


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_payments_tax_and_discount_are_those_of_the_smaller(
    database: Database, turn: int
) -> None:
    order = Order()
    second = {"payment_intent_id": f"pi_2{order.suffix}", "checkout_session_id": None}
    facts = [order.facts("paid", **ADDED), order.facts("paid", **REDUCED, **second)]
    record(database, *facts[::turn])
    row = row_of(database, "purchases", order.order_id)
    assert {name: row[name] for name in REDUCED} == REDUCED


def test_a_refund_returns_the_tax_with_its_share(database: Database) -> None:
    order = just_paid(database, **ADDED)
    purse = Purse(database, order.user_id)
    purse.spend(20)
    quote = purse.call("quote_refund", order.order_id)
    assert (quote["amount"], quote["tax"], quote["credits"]) == (475, 75, 400)
    assert quote["paid"] == 594


def test_the_refunds_of_a_payment_return_its_tax_without_a_remainder(database: Database) -> None:
    order = just_paid(database, **ADDED)
    purse = Purse(database, order.user_id)
    taxes = []
    for amount in (100, 101, 99):
        before = purse.call("quote_refund", order.order_id)["tax"]
        record(database, Reversal(order).refund(amount))
        taxes.append(before - purse.call("quote_refund", order.order_id)["tax"])
    last = purse.call("quote_refund", order.order_id)
    assert (last["amount"], sum(taxes) + last["tax"]) == (294, 95)
    assert taxes == [15, 17, 15]


def test_where_nothing_can_go_back_no_tax_does(database: Database) -> None:
    order = just_paid(database, **ADDED)
    record(database, Reversal(order).refund(594))
    quote = Purse(database, order.user_id).call("quote_refund", order.order_id)
    assert (quote["reason"], quote["amount"], quote["tax"]) == ("refunded", 0, 0)
    unpaid = Order()
    record(database, unpaid.facts("open"))
    quote = Purse(database, unpaid.user_id).call("quote_refund", unpaid.order_id)
    assert (quote["reason"], quote["tax"]) == ("unpaid", 0)


@pytest.mark.parametrize("refunded", [1, 250, 594])
def test_a_refund_takes_credits_by_what_was_paid_with_tax(
    database: Database, refunded: int
) -> None:
    order = just_paid(database, **ADDED)
    record(database, Reversal(order).refund(refunded))
    posted = row_of(database, "purchases", order.order_id)["credits_posted"]
    assert posted == 500 + (-500 * refunded // 594)
