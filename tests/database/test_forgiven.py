"""CLAWBACK_POLICY=clamp: what was only set aside is not forgiven, in any order of events."""

from __future__ import annotations

import time
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import forgiven, record, row_of
from tests.database.purse import Purse
from tests.stripe_events import Reversal

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def state(purse: Purse) -> tuple[int, int]:
    """Return balance and free credits, after checking that everything adds up."""
    purse.adds_up()
    return purse.balance, purse.available


def test_a_released_hold_pays_for_the_refund(database: Database) -> None:
    purse = Purse(database)
    order = purse.buy(500)
    hold = purse.hold(100)
    purse.refund(order, 500, policy="clamp")
    assert state(purse) == (500, 0)
    assert purse.release(hold["hold_id"])["available"] == 0
    assert state(purse) == (0, 0)
    assert forgiven(database, order) == 0
    assert purse.ledger() == [("purchase", 500), ("clawback", -500)]
    assert row_of(database, "purchases", order.order_id)["credits_posted"] == 0


def test_an_undone_spend_pays_for_the_refund(database: Database) -> None:
    purse = Purse(database)
    order = purse.buy(500)
    spent = purse.spend(100)
    purse.refund(order, 500, policy="clamp")
    assert forgiven(database, order) == 500
    answer = purse.reverse(spent["transaction_id"])
    assert (answer["returned"], answer["balance"]) == (500, 0)
    assert state(purse) == (0, 0)
    assert purse.reverse(spent["transaction_id"]) == {**answer, "replayed": True}


def test_the_rest_of_a_capture_pays_for_the_refund(database: Database) -> None:
    purse = Purse(database)
    order = purse.buy(500)
    hold = purse.hold(100)
    purse.refund(order, 500, policy="clamp")
    purse.capture(hold["hold_id"], 200)
    assert state(purse) == (0, 0)
    assert forgiven(database, order) == 200


@pytest.mark.parametrize("policy", ["clamp", "debt"])
def test_a_hold_that_expires_pays_for_the_refund(database: Database, policy: str) -> None:
    purse = Purse(database)
    order = purse.buy(500)
    purse.hold(100, seconds=60)
    purse.refund(order, 500, policy=policy)
    purse.time_passes(mins=2)
    assert purse.refused("spend_credits", purse.user_id, "audio_upload", 1, "k") == "PT402"
    assert state(purse) == (0, 0)


def test_what_comes_back_to_an_expired_pack_pays_for_its_refund(database: Database) -> None:
    purse = Purse(database)
    order = purse.buy(500, valid_days=3, at=int(time.time()))
    spent, hold = purse.spend(40), purse.hold(60, seconds=604_800)
    purse.refund(order, 500, policy="clamp")
    purse.time_passes(days=4)
    assert state(purse) == (300, 0)
    purse.release(hold["hold_id"])
    assert (state(purse), forgiven(database, order)) == ((0, 0), 200)
    purse.reverse(spent["transaction_id"])
    assert (state(purse), forgiven(database, order)) == ((0, 0), 0)
    assert purse.lots() == [0]


def test_credits_of_another_lot_that_were_set_aside_pay_too(database: Database) -> None:
    purse = Purse(database)
    purse.grant(100, days=1)
    order = purse.buy(100)
    hold = purse.hold(20)
    purse.spend(20)
    purse.refund(order, 100, policy="clamp")
    purse.release(hold["hold_id"])
    assert state(purse) == (0, 0)


def test_later_credits_do_not_pay_for_what_was_forgiven(database: Database) -> None:
    purse = Purse(database)
    order = purse.buy(100)
    purse.spend(20)
    purse.refund(order, 100, policy="clamp")
    purse.grant(15, days=1)
    purse.buy(30)
    hold = purse.hold(3)
    spent = purse.spend(3)
    purse.release(hold["hold_id"])
    purse.reverse(spent["transaction_id"])
    assert state(purse) == (45, 45)
    assert forgiven(database, order) == 100


def test_what_the_refund_could_not_take_is_owed_only_once(database: Database) -> None:
    purse = Purse(database)
    order = purse.buy(100)
    hold = purse.hold(20)
    refunds = [purse.refund(order, 60, policy="clamp"), purse.refund(order, 40, policy="clamp")]
    purse.capture(hold["hold_id"], 30)
    assert (state(purse), forgiven(database, order)) == ((0, 0), 30)
    record(database, refunds[0].refund(60, "failed"), policy="clamp")
    assert (state(purse), forgiven(database, order)) == ((30, 30), 0)
    record(database, refunds[1].refund(40, "failed"), policy="clamp")
    assert state(purse) == (70, 70)


def test_a_refund_that_fails_pays_for_the_refund_of_another_pack(database: Database) -> None:
    purse = Purse(database)
    first, second = purse.buy(100), purse.buy(100)
    purse.spend(20)
    refund = purse.refund(second, 100, policy="clamp")
    purse.refund(first, 100, policy="clamp")
    assert (state(purse), forgiven(database, first)) == ((0, 0), 100)
    record(database, refund.refund(100, "failed"), policy="clamp")
    assert (state(purse), forgiven(database, first)) == ((0, 0), 0)


STEPS = ("refund", "release", "reverse", "capture")


@pytest.mark.parametrize("bonus", [0, 60])
@pytest.mark.parametrize("order_of_steps", [*permutations(STEPS)], ids="-".join)
def test_every_order_of_the_same_steps_ends_in_the_same_balance(
    database: Database, order_of_steps: tuple[str, ...], bonus: int
) -> None:
    purse = Purse(database)
    if bonus:
        purse.grant(bonus, days=1)
    order = purse.buy(300)
    spent, released, captured = purse.spend(20), purse.hold(20), purse.hold(20)
    steps: dict[str, Callable[[], Any]] = {
        "refund": lambda: record(database, Reversal(order).refund(300), policy="clamp"),
        "release": lambda: purse.release(released["hold_id"]),
        "reverse": lambda: purse.reverse(spent["transaction_id"]),
        "capture": lambda: purse.capture(captured["hold_id"], 35),
    }
    for step in order_of_steps:
        steps[step]()
    # Of all credits 35 were used. The refund takes the pack's 300, as far as there are any.
    assert state(purse) == (max(bonus - 35, 0), max(bonus - 35, 0))
    assert forgiven(database, order) == max(35 - bonus, 0)
