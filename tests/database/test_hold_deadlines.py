"""Holds at their deadline: they lapse by themselves, for whoever looks next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


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
