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


def test_the_same_hold_is_answered_again_and_says_what_became_of_it(purse: Purse) -> None:
    purse.buy(500)
    same = key()
    first = purse.hold(key=same)
    again = purse.hold(key=same)
    assert again == {**first, "replayed": True}
    purse.capture(first["hold_id"])
    assert purse.hold(key=same)["status"] == "captured"
    assert purse.refusal(purse.hold, 2, key=same) == ("PT409", "idempotency_key_reused")


@pytest.mark.parametrize("end", ["released", "lapsed"])
def test_a_hold_that_ended_unpaid_frees_its_key_for_the_same_work(purse: Purse, end: str) -> None:
    purse.buy(500)
    same = key()
    first = purse.hold(key=same, seconds=60)
    if end == "released":
        purse.release(first["hold_id"])
    else:
        purse.time_passes(secs=61)
    again = purse.hold(key=same)
    assert (again["status"], again["replayed"], again["available"]) == ("held", False, 495)
    assert again["hold_id"] != first["hold_id"]
    assert purse.hold(key=same) == {**again, "replayed": True}
    purse.capture(again["hold_id"])
    assert purse.hold(key=same)["status"] == "captured"
    assert purse.holds() == [(end, 0), ("captured", 5)]
    assert purse.balance == 495
    purse.adds_up()


def test_a_freed_key_is_still_refused_for_other_work(purse: Purse) -> None:
    purse.buy(500)
    same = key()
    purse.release(purse.hold(key=same)["hold_id"])
    for other in (lambda: purse.hold(2, key=same), lambda: purse.spend(key=same)):
        assert purse.refusal(other) == ("PT409", "idempotency_key_reused")


def test_a_freed_key_holds_only_what_can_be_paid(purse: Purse) -> None:
    purse.buy(7)
    same = key()
    purse.release(purse.hold(key=same)["hold_id"])
    purse.spend()
    with pytest.raises(psycopg.Error) as refused:
        purse.hold(key=same)
    assert refused.value.sqlstate == "PT402"


def test_a_freed_key_taken_up_by_eight_at_once_holds_once(
    stack: RunningStack, purse: Purse
) -> None:
    purse.buy(500)
    same = key()
    purse.release(purse.hold(key=same)["hold_id"])

    def hold(_number: int) -> Any:
        with stack.connect() as database:
            return Purse(database, purse.user_id).hold(key=same)

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(hold, range(8)))
    assert [answer["replayed"] for answer in answers].count(False) == 1
    assert len({answer["hold_id"] for answer in answers}) == 1
    assert purse.available == 495
    purse.adds_up()


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


@pytest.mark.parametrize("seconds", [0, -1, 604_801, None])
def test_a_hold_lasts_from_a_second_to_a_week(purse: Purse, seconds: int | None) -> None:
    purse.buy(500)
    with pytest.raises(psycopg.Error) as refused:
        purse.hold(seconds=seconds)
    assert refused.value.sqlstate == "PT422"


# Time --------------------------------------------------------------------------------------------


def test_a_hold_lapses_by_itself_for_whoever_looks_next(purse: Purse) -> None:
    purse.buy(14)
    hold = purse.hold(2, seconds=60)
    purse.time_passes(secs=61)
    assert (purse.available, purse.read()["held"]) == (14, 0)
    assert purse.holds() == [("lapsed", 0)]
    assert purse.refusal(purse.capture, hold["hold_id"]) == ("PT409", "hold_lapsed")
    purse.adds_up()


def test_each_hold_lapses_at_its_own_time(purse: Purse) -> None:
    purse.buy(14)
    for seconds in (60, 120):
        purse.hold(seconds=seconds)
    for held in (5, 0):
        purse.time_passes(secs=60)
        assert purse.read()["held"] == held
    assert purse.holds() == [("lapsed", 0)] * 2
    purse.adds_up()


def test_a_spend_needs_no_sweeper_to_find_a_hold_lapsed(purse: Purse) -> None:
    purse.buy(14)
    purse.hold(2, seconds=60)
    purse.time_passes(secs=61)
    assert purse.spend(2)["balance"] == 4
    purse.adds_up()


def test_a_capture_at_the_deadline_comes_too_late_though_nobody_looked(purse: Purse) -> None:
    purse.buy(14)
    hold = purse.hold(seconds=60)
    purse.time_passes(secs=60)
    assert purse.refusal(purse.capture, hold["hold_id"]) == ("PT409", "hold_lapsed")


def test_a_release_after_the_deadline_says_that_it_lapsed(purse: Purse) -> None:
    purse.buy(14)
    hold = purse.hold(seconds=60)
    purse.time_passes(secs=61)
    answer = purse.release(hold["hold_id"])
    assert answer == {"released": 5, "status": "lapsed", "balance": 14, "available": 14}


def test_a_lot_keeps_what_is_held_past_its_own_deadline(purse: Purse) -> None:
    purse.grant(12, days=1)
    hold = purse.hold(seconds=7 * 24 * 3600)
    purse.time_passes(days=2)
    assert (purse.balance, purse.available) == (5, 0)
    assert purse.ledger()[-1] == ("expiry", -7)
    assert purse.capture(hold["hold_id"])["balance"] == 0
    purse.adds_up()


def test_what_is_released_into_a_lapsed_lot_lapses(purse: Purse) -> None:
    purse.grant(12, days=1)
    hold = purse.hold(seconds=7 * 24 * 3600)
    purse.time_passes(days=2)
    assert purse.balance == 5
    assert purse.release(hold["hold_id"])["balance"] == 0
    assert purse.ledger()[-2:] == [("expiry", -7), ("expiry", -5)]
    purse.adds_up()


# Beside refunds ----------------------------------------------------------------------------------


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


def test_holds_that_ended_are_passed_over_however_many(purse: Purse) -> None:
    purse.grant(5)
    purse.hold()
    with purse.database.transaction(force_rollback=True):
        purse.database.execute(
            """
            insert into credit_holds (
                user_id, feature, quantity, credits, lots, status, idempotency_key, expires_at,
                ended_at
            )
            select %s, 'docx_processing', 1, 5, '{}', 'released', n, now() - interval '1 hour',
                now()
            from generate_series(1, 10000) n
            """,
            [purse.user_id],
        )
        for _ in range(2):  # the first call also reads the catalogue
            row = purse.database.execute(
                "explain (analyze, buffers, format json) select from purse.open_holds(%s)",
                [purse.user_id],
            ).fetchone()
    assert row is not None
    plan = row["QUERY PLAN"][0]["Plan"]
    assert plan["Actual Rows"] == 1
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 50
