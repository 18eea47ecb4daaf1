"""What a balance is made of: lots that expire, lots that owe, and what a refund makes of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import record
from tests.database.purse import Purse
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def now() -> int:
    return int(time.time())


def expiry(purse: Purse, order: Order) -> str | None:
    row = purse.database.execute(
        "select expires_at::text from credit_lots where purchase_id = %s", [order.order_id]
    ).fetchone()
    assert row is not None
    expires_at: str | None = row["expires_at"]
    return expires_at


# Expiry ------------------------------------------------------------------------------------------


def test_what_is_left_of_a_pack_lapses_after_its_days(purse: Purse) -> None:
    purse.buy(500, valid_days=30, at=now())
    purse.buy(100)
    purse.spend(2)
    assert purse.read()["next_expiry"]["credits"] == 490
    purse.time_passes(days=30)
    assert purse.balance == 100
    assert purse.ledger()[2:] == [("spend", -10), ("expiry", -490)]
    assert purse.read()["next_expiry"] is None
    purse.adds_up()


def test_credits_that_have_lapsed_cannot_be_spent_though_nobody_looked(purse: Purse) -> None:
    purse.buy(500, valid_days=30, at=now())
    purse.buy(5)
    purse.time_passes(days=30)
    assert purse.spend()["balance"] == 0
    assert purse.ledger()[-2:] == [("expiry", -500), ("spend", -5)]


def test_several_lots_that_lapsed_are_written_in_the_order_they_did(purse: Purse) -> None:
    purse.grant(10, days=20)
    purse.grant(20, days=10)
    purse.grant(30)
    purse.time_passes(days=21)
    second, first = purse.read()["transactions"][:2]
    assert (first["amount"], first["balance_after"]) == (-20, 40)
    assert (second["amount"], second["balance_after"]) == (-10, 30)


def test_each_lot_lapses_at_its_own_time(purse: Purse) -> None:
    for days in (1, 2, 3):
        purse.grant(10, days=days)
    for left in (20, 10, 0):
        purse.time_passes(days=1)
        assert purse.balance == left
    purse.adds_up()


def test_the_daily_clean_up_writes_what_nobody_came_for(database: Database) -> None:
    purses = [Purse(database) for _ in range(3)]
    for purse in purses:
        purse.grant(10, days=1)
        purse.time_passes(days=2)
    while purses[0].call("expire_credits", 2)["accounts"]:
        pass
    assert [purse.ledger()[-1] for purse in purses] == [("expiry", -10)] * 3
    assert purses[0].call("expire_credits", 2) == {"accounts": 0}


def test_the_clean_up_passes_an_account_that_is_in_use(database: Database, stack: Any) -> None:
    purse = Purse(database)
    purse.grant(10, days=1)
    purse.time_passes(days=2)
    with stack.connect() as other, other.transaction():
        other.execute("select from user_credits where user_id = %s for update", [purse.user_id])
        purse.database.execute("set lock_timeout = '10s'")
        purse.call("expire_credits", 1000)
        assert purse.ledger() == [("bonus", 10)]
    assert purse.balance == 0


def test_a_pack_is_valid_from_its_payment_by_the_earliest_word_of_it(purse: Purse) -> None:
    order = Order(user_id=purse.user_id, valid_days=10)
    record(purse.database, order.facts("paid", at=1_900_000_000))
    record(purse.database, order.facts("paid", at=1_900_000_000 - 86_400))
    record(purse.database, order.facts("paid", at=1_900_000_500))
    other = Order(user_id=purse.user_id, valid_days=10)
    record(purse.database, other.facts("paid", at=1_900_000_000 - 86_400))
    assert expiry(purse, order) == expiry(purse, other)


def test_an_earlier_word_of_the_payment_may_let_a_pack_lapse_at_once(purse: Purse) -> None:
    order = purse.buy(100, valid_days=10, at=now())
    assert purse.balance == 100
    record(purse.database, order.facts("paid", at=now() - 11 * 86_400))
    assert purse.balance == 0
    assert purse.ledger() == [("purchase", 100), ("expiry", -100)]
    purse.adds_up()


def test_a_pack_without_days_never_lapses(purse: Purse) -> None:
    order = purse.buy(500)
    purse.time_passes(years=50)
    assert (purse.balance, expiry(purse, order)) == (500, None)


# Expiry and refunds ------------------------------------------------------------------------------


@pytest.mark.parametrize("refunded_first", [True, False])
@pytest.mark.parametrize("spent", [0, 20])
def test_a_refund_costs_the_same_before_and_after_the_pack_lapsed(
    purse: Purse, spent: int, *, refunded_first: bool
) -> None:
    order = purse.buy(100, valid_days=30, at=now())
    purse.buy(50)
    if spent:
        purse.spend(spent // 5)
    if refunded_first:
        purse.refund(order, 100)
        purse.time_passes(days=31)
    else:
        purse.time_passes(days=31)
        assert purse.balance == 50
        purse.refund(order, 100)
    assert purse.balance == 50 - spent
    purse.adds_up()


def test_a_single_credit_that_lapsed_is_taken_before_any_other(purse: Purse) -> None:
    order = purse.buy(100, valid_days=30, at=now())
    purse.buy(50)
    purse.time_passes(days=31)
    purse.refund(order, 1)
    assert purse.balance == 50
    assert purse.ledger()[-2:] == [("expiry_reversal", 1), ("clawback", -1)]


def test_clamp_forgives_nothing_that_lapsed(purse: Purse) -> None:
    order = purse.buy(100, valid_days=30, at=now())
    purse.spend(4)
    purse.time_passes(days=31)
    purse.refund(order, 100, policy="clamp")
    assert purse.balance == 0
    row = purse.database.execute(
        "select forgiven from credit_lots where purchase_id = %s", [order.order_id]
    ).fetchone()
    assert row == {"forgiven": 20}
    purse.adds_up()


def test_what_lapsed_and_was_taken_back_is_not_taken_back_again(purse: Purse) -> None:
    order = purse.buy(100, valid_days=30, at=now())
    purse.spend(4)
    purse.time_passes(days=31)
    purse.refund(order, 50)
    purse.refund(order, 50)
    assert purse.balance == -20
    assert purse.ledger()[2:] == [
        ("expiry", -80),
        ("expiry_reversal", 50),
        ("clawback", -50),
        ("expiry_reversal", 30),
        ("clawback", -50),
    ]
    assert purse.explain(datetime.now(UTC))["lots"][0]["lapsed"] == 0
    purse.adds_up()


def test_what_is_given_back_to_a_pack_that_lapsed_lapses(purse: Purse) -> None:
    order = purse.buy(100, valid_days=30, at=now())
    refund = purse.refund(order, 100)
    purse.time_passes(days=31)
    record(purse.database, refund.refund(100, "failed"))
    assert purse.balance == 0
    assert purse.ledger()[-2:] == [("giveback", 100), ("expiry", -100)]
    purse.adds_up()


# Clawbacks ---------------------------------------------------------------------------------------


def test_a_refund_drains_its_own_lot_before_others(purse: Purse) -> None:
    purse.grant(30, days=1)
    order = purse.buy(100)
    purse.buy(50)
    purse.refund(order, 60)
    assert purse.lots() == [30, 40, 50]
    purse.refund(order, 40)
    assert purse.lots() == [30, 0, 50]


def test_a_refund_of_what_is_spent_takes_from_others_then_owes(purse: Purse) -> None:
    order = purse.buy(100)
    purse.spend(20)
    purse.buy(50)
    purse.refund(order, 100)
    assert purse.lots() == [-50, 0]
    assert purse.balance == -50
    purse.buy(70)
    assert purse.lots() == [0, 0, 20]
    purse.adds_up()


def test_a_refund_that_fails_gives_other_lots_theirs_back(purse: Purse) -> None:
    order = purse.buy(100)
    purse.spend(16)
    purse.buy(50)
    refund = purse.refund(order, 100)
    assert purse.lots() == [-30, 0]
    record(purse.database, refund.refund(100, "failed"))
    assert purse.lots() == [20, 50]
    purse.adds_up()


def test_what_comes_back_pays_debts_before_other_lots_get_theirs_back(purse: Purse) -> None:
    owing = purse.buy(10)
    purse.spend(2)
    order = purse.buy(20)
    purse.spend(4)
    purse.buy(30)
    refund = purse.refund(order, 20)
    assert purse.lots() == [0, 0, 10]
    purse.spend(2)
    purse.refund(owing, 10)
    assert purse.lots() == [-10, 0, 0]
    record(purse.database, refund.refund(20, "failed"))
    assert purse.lots() == [0, 0, 10]
    purse.adds_up()


def test_a_spend_undone_after_a_refund_pays_what_the_lot_owed(purse: Purse) -> None:
    order = purse.buy(20)
    spent = purse.spend(4)
    purse.refund(order, 20)
    assert purse.balance == -20
    assert purse.reverse(spent["transaction_id"])["balance"] == 0
    assert purse.lots() == [0]


def test_a_reversal_that_came_before_its_purchase_leaves_the_lot_what_remains(purse: Purse) -> None:
    order = Order(user_id=purse.user_id, credits=100, unit_amount=100)
    refund = Reversal(order)
    record(purse.database, refund.refund(40), order.facts("paid"))
    assert (purse.ledger(), purse.lots()) == ([("purchase", 60)], [60])
    record(purse.database, refund.refund(40, "failed"))
    assert purse.lots() == [100]
    purse.adds_up()


def test_a_mismatch_has_no_lot_until_it_is_accepted(purse: Purse) -> None:
    order = Order(user_id=purse.user_id, valid_days=10)
    record(purse.database, order.facts("paid", amount_subtotal=1))
    assert purse.lots() == []
    purse.database.execute(
        "select purse.decide_mismatch(%s, true, 'ann', 'seen')", [order.order_id]
    )
    row = purse.database.execute(
        "select remaining + lapsed as credits from credit_lots where user_id = %s", [purse.user_id]
    ).fetchone()
    assert row == {"credits": 500}
