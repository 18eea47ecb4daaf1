"""forget_user: the balance goes to 0, once, and the ledger stays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.forgetting import account, doctor, forget
from tests.database.ledger import forgiven, record
from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


# Credits -----------------------------------------------------------------------------------------


def test_what_is_left_is_given_up_with_a_posting_of_its_own(purse: Purse) -> None:
    purse.buy(500)
    purse.grant(20)
    purse.spend()
    answer = forget(purse)
    assert (answer["credits_given_up"], answer["debt_written_off"]) == (515, 0)
    assert account(purse) == (0, 0)
    assert purse.ledger()[-1] == ("forfeit", -515)
    row = purse.database.execute(
        "select actor, reason from credit_transactions where user_id = %s and kind = 'forfeit'",
        [purse.user_id],
    ).fetchone()
    assert row == {"actor": "ann", "reason": "they asked"}
    purse.adds_up()


def test_a_single_credit_is_given_up_too(purse: Purse) -> None:
    purse.grant(1)
    purse.buy(1)
    assert forget(purse)["credits_given_up"] == 2
    assert account(purse) == (0, 0)
    purse.adds_up()


def test_open_holds_are_released_first(purse: Purse) -> None:
    purse.buy(500)
    hold = purse.hold()
    answer = forget(purse)
    assert (answer["holds_released"], answer["credits_given_up"]) == (1, 500)
    assert purse.holds() == [("released", 0)]
    assert purse.refusal("capture_hold", hold["hold_id"]) == ("PT403", "account_deleted")
    # A worker that cleans up after itself is not told off.
    assert purse.release(hold["hold_id"])["status"] == "released"
    purse.adds_up()


def test_what_has_expired_counts_as_expired_and_not_as_given_up(purse: Purse) -> None:
    purse.buy(500, valid_days=3, at=int(time.time()))
    purse.grant(20)
    purse.hold(seconds=7 * 24 * 3600)
    purse.time_passes(days=4)
    assert forget(purse)["credits_given_up"] == 20
    assert purse.ledger()[2:] == [("expiry", -495), ("expiry", -5), ("forfeit", -20)]
    purse.adds_up()


def test_a_debt_is_written_off_and_not_given_back_twice(purse: Purse) -> None:
    order = purse.buy(500)
    purse.spend(20)
    refund = purse.refund(order, 500)
    answer = forget(purse)
    assert (answer["credits_given_up"], answer["debt_written_off"]) == (0, 100)
    assert account(purse) == (0, 0)
    assert purse.ledger()[-1] == ("write_off", 100)
    assert forgiven(purse.database, order) == 100
    record(purse.database, refund.refund(500, "failed"))
    # 100 of the 500 were spent.
    assert account(purse) == (400, 0)
    purse.adds_up()
    assert "postings_off" not in doctor(purse)


def test_debts_of_several_purchases_are_written_off_one_by_one(purse: Purse) -> None:
    orders = [purse.buy(100), purse.buy(100)]
    purse.spend(40)
    refunds = [purse.refund(order, 100) for order in orders]
    assert forget(purse)["debt_written_off"] == 200
    assert purse.ledger()[-2:] == [("write_off", 100), ("write_off", 100)]
    for order, refund in zip(orders, refunds, strict=True):
        assert forgiven(purse.database, order) == 100
        record(purse.database, refund.refund(100, "failed"))
    assert account(purse) == (0, 0)
    purse.adds_up()
    assert "postings_off" not in doctor(purse)


def test_credits_beside_a_debt_are_given_up_and_the_debt_written_off(purse: Purse) -> None:
    order = purse.buy(100)
    purse.spend(20)
    purse.grant(30)
    purse.hold(6)
    purse.refund(order, 100)
    answer = forget(purse)
    assert (answer["credits_given_up"], answer["debt_written_off"]) == (30, 100)
    assert account(purse) == (0, 0)
    purse.adds_up()
    assert "postings_off" not in doctor(purse)


def test_what_a_clamped_refund_forgave_is_taken_from_released_holds(purse: Purse) -> None:
    order = purse.buy(100)
    purse.hold(20)
    purse.refund(order, 100, policy="clamp")
    assert forgiven(purse.database, order) == 100
    answer = forget(purse)
    assert answer["credits_given_up"] == 0
    assert purse.ledger()[-1] == ("clawback", -100)
    assert forgiven(purse.database, order) == 0
    purse.adds_up()


def test_a_purse_that_was_never_used_is_deleted_too(purse: Purse) -> None:
    answer = forget(purse)
    assert (answer["credits_given_up"], answer["replayed"]) == (0, False)
    assert account(purse) == (0, 0)
    assert purse.refusal("refresh_credits", purse.user_id, 20) == ("PT403", "account_deleted")


# What the person confirmed -----------------------------------------------------------------------


def test_a_balance_that_was_not_shown_is_refused_and_nothing_happens(purse: Purse) -> None:
    purse.buy(500)
    hold = purse.hold()
    found = purse.refusal("forget_user", purse.user_id, "ann", "they asked", 495)
    assert found == ("PT409", "balance_changed:500")
    assert purse.capture(hold["hold_id"])["balance"] == 495
    assert forget(purse, 495)["credits_given_up"] == 495


@pytest.mark.parametrize(("actor", "reason"), [("", "why"), ("who", " "), (None, "why")])
def test_a_deletion_says_who_and_why(purse: Purse, actor: Any, reason: Any) -> None:
    assert purse.refused("forget_user", purse.user_id, actor, reason) == "PT422"
    assert purse.refused("forget_user", None, "ann", "why") == "PT422"


def test_forgetting_twice_is_the_same_answer(purse: Purse) -> None:
    purse.buy(500)
    first = forget(purse, 500)
    assert forget(purse) == {**first, "replayed": True}
    # The person repeats their own request.
    assert forget(purse, 500) == {**first, "replayed": True}
    assert purse.ledger() == [("purchase", 500), ("forfeit", -500)]
