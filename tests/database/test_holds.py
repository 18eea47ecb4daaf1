"""hold_credits, capture_hold, release_hold: credits set aside for work that can fail."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.purse import Purse, key

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def test_held_credits_cannot_be_spent_and_are_still_in_the_balance(purse: Purse) -> None:
    purse.buy(14)
    hold = purse.hold(2)
    assert (hold["credits"], hold["status"]) == (10, "held")
    assert (hold["balance"], hold["available"]) == (14, 4)
    code, detail = purse.refusal(purse.spend)
    assert (code, json.loads(detail or "")) == ("PT402", {"available": 4, "required": 5})
    with pytest.raises(psycopg.Error):
        purse.hold()
    assert purse.ledger() == [("purchase", 14)]
    purse.adds_up()


def test_a_capture_spends_what_was_held(purse: Purse) -> None:
    purse.buy(500)
    hold = purse.hold()
    answer = purse.capture(hold["hold_id"])
    assert (answer["captured"], answer["released"], answer["balance"]) == (5, 0, 495)
    assert purse.ledger()[-1] == ("spend", -5)
    assert purse.holds() == [("captured", 5)]
    assert (purse.balance, purse.available) == (495, 495)
    purse.adds_up()


def test_a_capture_of_a_part_gives_the_rest_back(purse: Purse) -> None:
    purse.grant(7, days=7)
    purse.buy(10)
    hold = purse.hold(3)
    answer = purse.capture(hold["hold_id"], 8)
    assert (answer["captured"], answer["released"], answer["balance"]) == (8, 7, 9)
    assert purse.lots() == [0, 9]
    assert purse.available == 9
    purse.adds_up()


@pytest.mark.parametrize("credits_", [0, -1, 6])
def test_a_capture_takes_from_one_to_what_is_held(purse: Purse, credits_: int) -> None:
    purse.buy(500)
    hold = purse.hold()
    assert purse.refusal(purse.capture, hold["hold_id"], credits_) == ("PT422", "5")
    assert purse.holds() == [("held", 0)]


def test_a_capture_is_answered_again_as_the_first_time(purse: Purse) -> None:
    purse.buy(500)
    hold = purse.hold()
    first = purse.capture(hold["hold_id"])
    assert purse.capture(hold["hold_id"]) == {**first, "replayed": True}
    assert purse.refusal(purse.capture, hold["hold_id"], 4) == ("PT409", "hold_captured")
    assert purse.balance == 495


def test_a_release_gives_all_of_it_back_and_may_be_repeated(purse: Purse) -> None:
    purse.buy(500)
    hold = purse.hold()
    answer = purse.release(hold["hold_id"])
    assert answer == {"released": 5, "status": "released", "balance": 500, "available": 500}
    assert purse.release(hold["hold_id"]) == answer
    assert purse.ledger() == [("purchase", 500)]
    purse.adds_up()


def test_what_has_ended_does_not_end_otherwise(purse: Purse) -> None:
    purse.buy(500)
    released, captured = purse.hold()["hold_id"], purse.hold()["hold_id"]
    purse.release(released)
    purse.capture(captured)
    assert purse.refusal(purse.capture, released) == ("PT409", "hold_released")
    assert purse.refusal(purse.release, captured) == ("PT409", "hold_captured")


@pytest.mark.parametrize("end", ["capture_hold", "release_hold"])
def test_a_hold_that_is_none_is_not_found(purse: Purse, end: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        purse.call(end, purse.user_id)
    assert refused.value.sqlstate == "PT404"


def test_a_capture_whose_spend_was_reversed_says_so(purse: Purse) -> None:
    purse.buy(500)
    same = key()
    hold = purse.hold(key=same)
    purse.reverse(purse.capture(hold["hold_id"])["transaction_id"])
    for again in (lambda: purse.capture(hold["hold_id"]), lambda: purse.hold(key=same)):
        assert purse.refusal(again) == ("PT409", "spend_reversed")
    assert purse.balance == 500


def test_a_capture_may_exceed_the_hold_up_to_a_stated_bound(purse: Purse) -> None:
    purse.buy(500)
    hold = purse.hold()
    answer = purse.capture(hold["hold_id"], 12, at_most=12)
    assert (answer["captured"], answer["released"], answer["balance"]) == (12, 0, 488)
    assert purse.capture(hold["hold_id"], 12, at_most=12) == {**answer, "replayed": True}
    assert purse.ledger()[-1] == ("spend", -12)
    assert purse.holds() == [("captured", 12)]
    purse.adds_up()


def test_a_capture_above_its_bound_is_refused_and_names_the_bound(purse: Purse) -> None:
    purse.buy(500)
    hold = purse.hold()
    assert purse.refusal(purse.capture, hold["hold_id"], 13, at_most=12) == ("PT422", "12")
    # A bound below the hold does not shrink the hold.
    assert purse.capture(hold["hold_id"], 5, at_most=3)["captured"] == 5


def test_a_capture_above_the_hold_takes_only_what_is_free(purse: Purse) -> None:
    purse.grant(6, days=1)
    purse.buy(9)
    hold, other = purse.hold(), purse.hold()
    code, detail = purse.refusal(purse.capture, hold["hold_id"], 11, at_most=20)
    assert (code, json.loads(detail or "")) == ("PT402", {"available": 10, "required": 11})
    assert purse.holds() == [("held", 0)] * 2
    assert purse.capture(hold["hold_id"], 10, at_most=20)["balance"] == 5
    assert purse.available == 0
    assert purse.capture(other["hold_id"])["balance"] == 0
    purse.adds_up()


def test_a_capture_above_the_hold_never_adds_to_a_debt(purse: Purse) -> None:
    order = purse.buy(20)
    hold = purse.hold()
    purse.refund(order, 20)
    with pytest.raises(psycopg.Error) as refused:
        purse.capture(hold["hold_id"], 6, at_most=6)
    assert refused.value.sqlstate == "PT402"
    assert purse.capture(hold["hold_id"])["balance"] == -5
    purse.adds_up()


def test_a_refund_leaves_work_under_way_its_credits_and_the_rest_as_a_debt(purse: Purse) -> None:
    order = purse.buy(20)
    hold = purse.hold()
    purse.refund(order, 20)
    assert (purse.balance, purse.available) == (0, -5)
    assert purse.capture(hold["hold_id"])["balance"] == -5
    purse.buy(20)
    assert purse.balance == 15
    purse.adds_up()


def test_clamp_takes_nothing_that_is_held(purse: Purse) -> None:
    order = purse.buy(20)
    hold = purse.hold()
    purse.refund(order, 20, policy="clamp")
    assert (purse.balance, purse.available) == (5, 0)
    assert purse.capture(hold["hold_id"])["balance"] == 0
    purse.adds_up()


def test_a_capture_owes_nothing_while_other_lots_have_credits(purse: Purse) -> None:
    """Else they would lapse beside the debt, which stayed."""
    order = purse.buy(20)
    hold = purse.hold(4)
    purse.refund(order, 15)
    purse.grant(30, days=1)
    assert (purse.lots(), purse.available) == ([5, 30], 15)
    assert purse.capture(hold["hold_id"])["balance"] == 15
    assert purse.lots() == [0, 15]
    purse.time_passes(days=2)
    assert purse.balance == 0
    purse.adds_up()


def test_a_capture_takes_only_what_other_holds_leave(purse: Purse) -> None:
    order = purse.buy(20)
    purse.grant(30)
    first, second = purse.hold(2), purse.hold(2)
    purse.refund(order, 20)
    assert purse.lots() == [20, 10]
    order = purse.buy(4)
    purse.refund(order, 4)
    purse.capture(first["hold_id"])
    assert purse.lots() == [10, 10, 0]
    purse.capture(second["hold_id"], 3)
    assert purse.lots() == [7, 10, 0]
    purse.adds_up()


def test_one_hold_captured_by_eight_at_once_is_spent_once(
    stack: RunningStack, purse: Purse
) -> None:
    purse.buy(500)
    hold = purse.hold()

    def capture(_number: int) -> Any:
        with stack.connect() as database:
            return Purse(database, purse.user_id).capture(hold["hold_id"])

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(capture, range(8)))
    assert [answer["replayed"] for answer in answers].count(False) == 1
    assert purse.balance == 495


def test_capture_and_release_at_once_end_a_hold_one_way(stack: RunningStack, purse: Purse) -> None:
    purse.buy(500)
    for _ in range(10):
        hold = purse.hold()

        def end(how: str, hold_id: str = hold["hold_id"]) -> str | None:
            with stack.connect() as database:
                return Purse(database).refused(how, hold_id)

        with ThreadPoolExecutor(2) as clients:
            outcomes = list(clients.map(end, ["capture_hold", "release_hold"]))
        assert sorted(outcomes, key=str) == [None, "PT409"]
    purse.adds_up()


def test_a_hold_is_captured_from_its_own_lot_when_a_later_one_is_next(purse: Purse) -> None:
    purse.buy(5)
    purse.buy(10)
    first = purse.hold()
    second = purse.hold()
    purse.capture(first["hold_id"])
    assert purse.lots() == [0, 10]
    purse.capture(second["hold_id"])
    assert purse.lots() == [0, 5]
    purse.adds_up()
