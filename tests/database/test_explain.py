"""refresh_credits and explain_balance: what a person sees of their purse, now and at any moment."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def moment(purse: Purse) -> Any:
    row = purse.database.execute("select clock_timestamp() as at").fetchone()
    assert row is not None
    return row["at"]


def set_own_threshold(purse: Purse, credits_: int | None) -> None:
    purse.database.execute(
        "update user_credits set low_threshold = %s where user_id = %s", [credits_, purse.user_id]
    )


def parts(explained: dict[str, Any]) -> list[tuple[int, int, int]]:
    return [(lot["remaining"], lot["held"], lot["lapsed"]) for lot in explained["lots"]]


# What GET /api/credits answers -------------------------------------------------------------------


def test_history_says_what_for_how_often_and_from_which_lot(purse: Purse) -> None:
    order = purse.buy(500)
    purse.spend(3)
    spent, bought = purse.read()["transactions"]
    assert (spent["description"], spent["feature"], spent["quantity"], spent["amount"]) == (
        *("DOCX processing", "docx_processing"),
        *(3, -15),
    )
    [lot] = spent["lots"]
    assert (lot["name"], lot["source"], lot["credits"], lot["expires_at"]) == (
        *("Starter", "purchase"),
        *(-15, None),
    )
    assert (bought["description"], bought["order_id"]) == ("Starter", order.order_id)


def test_a_receipt_is_offered_only_for_what_was_charged(purse: Purse) -> None:
    order = purse.buy(500)
    purse.spend()
    assert [entry["receipt"] for entry in purse.read()["transactions"]] == [
        None,
        f"/api/receipt?order_id={order.order_id}",
    ]


def test_low_is_below_the_persons_own_threshold_or_the_default_or_the_dearest_feature(
    purse: Purse,
) -> None:
    purse.grant(20)
    assert (purse.read()["low"], purse.read()["low_threshold"]) == (False, 15)
    assert purse.read(low_threshold=21)["low"] is True
    set_own_threshold(purse, 20)
    assert (purse.read(low_threshold=21)["low"], purse.read()["low_threshold"]) == (False, 20)
    purse.hold()
    assert purse.read()["low"] is True
    set_own_threshold(purse, None)
    assert purse.read()["low_threshold"] == 15


def test_usage_tells_what_was_spent_each_day_and_how_long_the_rest_lasts(purse: Purse) -> None:
    purse.grant(100)
    purse.time_passes(days=9)
    purse.spend(3)
    undone = purse.spend(2)
    purse.reverse(undone["transaction_id"])
    usage = purse.read(usage=True)["usage"]
    assert len(usage["daily"]) == 30
    today = datetime.now(UTC).date().isoformat()
    assert usage["daily"][-1] == {"date": today, "spent": 15}
    assert sum(day["spent"] for day in usage["daily"]) == 15
    # Ten days, 1.5 credits a day, 85 left.
    assert (usage["spent_per_day"], usage["days_left"]) == (1.5, 56)


def test_usage_is_told_only_to_those_who_ask(purse: Purse) -> None:
    purse.grant(100)
    purse.spend()
    assert purse.read()["usage"] is None
    page = purse.read(limit=1, usage=True)
    assert page["usage"] is not None
    assert purse.read(limit=1, cursor=int(page["next_cursor"]), usage=True)["usage"] is not None


def test_the_next_expiry_counts_all_lots_of_that_moment(purse: Purse) -> None:
    purse.grant(10, days=20)
    purse.grant(7, days=10)
    assert purse.read()["next_expiry"]["credits"] == 7
    purse.spend()
    assert purse.read()["next_expiry"]["credits"] == 2
    purse.grant(-2, "correction")
    assert purse.read()["next_expiry"]["credits"] == 10


# What support asks -------------------------------------------------------------------------------


def test_a_balance_is_explained_at_every_moment(purse: Purse) -> None:
    before = moment(purse)
    purse.buy(100)
    bought = moment(purse)
    purse.grant(7, days=7)
    spent = purse.spend(2)
    used = moment(purse)
    hold = purse.hold()
    holding = moment(purse)
    purse.capture(hold["hold_id"])
    captured = moment(purse)

    assert purse.explain(before)["lots"] == []
    assert (purse.explain(bought)["balance"], parts(purse.explain(bought))) == (100, [(100, 0, 0)])
    assert parts(purse.explain(used)) == [(0, 0, 0), (97, 0, 0)]
    assert (purse.explain(holding)["available"], purse.explain(holding)["held"]) == (92, 5)
    assert parts(purse.explain(holding)) == [(0, 0, 0), (97, 5, 0)]
    assert parts(purse.explain(captured)) == [(0, 0, 0), (92, 0, 0)]

    bonus, pack = purse.explain(used)["lots"]
    assert (bonus["source"], bonus["name"], bonus["granted"]) == ("bonus", "because", 7)
    assert [(m["kind"], m["credits"]) for m in bonus["movements"]] == [("bonus", 7), ("spend", -7)]
    assert bonus["movements"][1]["transaction_id"] == spent["transaction_id"]
    assert [(m["kind"], m["credits"]) for m in pack["movements"]] == [
        ("purchase", 100),
        ("spend", -3),
    ]


def test_what_lapsed_is_explained_before_and_after_it_is_written(purse: Purse) -> None:
    purse.buy(100, valid_days=30, at=int(time.time()))
    purse.spend(2)
    purse.time_passes(days=31)
    lapsed = moment(purse)
    explained = purse.explain(lapsed)
    assert (explained["balance"], parts(explained)) == (0, [(0, 0, 90)])
    assert purse.balance == 0
    assert parts(purse.explain(moment(purse))) == [(0, 0, 90)]


def test_a_hold_that_lapsed_holds_nothing_from_its_deadline_on(purse: Purse) -> None:
    purse.buy(100)
    purse.hold(seconds=60)
    purse.time_passes(secs=61)
    assert purse.explain(moment(purse))["held"] == 0


def test_what_a_forgiven_refund_will_take_is_explained_before_and_after_it_is_written(
    purse: Purse,
) -> None:
    order = purse.buy(100)
    hold = purse.hold(20, seconds=60)
    purse.refund(order, 100, policy="clamp")
    assert purse.explain(moment(purse))["held"] == 100
    purse.time_passes(secs=61)
    foreseen = purse.explain(moment(purse))
    assert (foreseen["balance"], foreseen["available"], parts(foreseen)) == (0, 0, [(0, 0, 0)])
    assert purse.refused("capture_hold", hold["hold_id"], None) == "PT409"
    assert purse.balance == 0
    assert parts(purse.explain(moment(purse))) == [(0, 0, 0)]


def test_a_moment_before_a_later_movement_foresees_nothing(purse: Purse) -> None:
    order = purse.buy(100)
    purse.hold(20, seconds=60)
    purse.time_passes(days=1)
    free = moment(purse)
    purse.spend()
    purse.refund(order, 100, policy="clamp")
    assert purse.explain(free)["available"] == 100


@pytest.mark.parametrize("own_lot_expires", [False, True])
@pytest.mark.parametrize("debt", [0, 30])
def test_what_several_forgiven_refunds_will_take_is_foreseen_exactly(
    purse: Purse, *, own_lot_expires: bool, debt: int
) -> None:
    """Of two orders in one hold, beside credits that are older and newer than the forgiving."""
    now = int(time.time())
    purse.grant(10, days=400)
    first = purse.buy(100, valid_days=1 if own_lot_expires else None, at=now)
    second = purse.buy(60, at=now)
    purse.hold(33, seconds=60)
    for order, amount in ((first, 80), (second, 50)):
        purse.refund(order, amount, policy="clamp")
    purse.grant(40, days=100)
    if debt:
        third = purse.buy(debt, at=now)
        purse.spend(debt // 5)
        purse.refund(third, debt)
    purse.time_passes(days=2)
    foreseen = purse.explain(moment(purse))
    purse.grant(1, days=900)
    written = purse.explain(moment(purse))
    written["lots"] = [lot for lot in written["lots"] if lot["granted"] != 1]
    assert parts(written) == parts(foreseen)
    assert written["balance"] == foreseen["balance"] + 1
    assert written["available"] == foreseen["available"] + 1
    purse.adds_up()
