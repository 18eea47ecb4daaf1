"""reverse_spend and grant_credits: once for a spend, once for a key."""

from __future__ import annotations

import time
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


# Undoing -----------------------------------------------------------------------------------------


def test_a_reversal_returns_credits_to_the_lots_they_came_from(purse: Purse) -> None:
    purse.grant(7, days=7)
    purse.buy(10)
    spent = purse.spend(2)
    assert purse.lots() == [0, 7]
    answer = purse.reverse(spent["transaction_id"])
    assert (answer["returned"], answer["lapsed"], answer["balance"]) == (10, 0, 17)
    assert purse.lots() == [7, 10]
    purse.adds_up()


def test_a_spend_is_reversed_once(purse: Purse) -> None:
    purse.buy(10)
    spent = purse.spend()
    first = purse.reverse(spent["transaction_id"])
    assert purse.reverse(spent["transaction_id"]) == {**first, "replayed": True}
    assert purse.balance == 10


def test_one_spend_reversed_by_eight_at_once_is_reversed_once(
    stack: RunningStack, purse: Purse
) -> None:
    purse.buy(10)
    spent = purse.spend()

    def reverse(_number: int) -> Any:
        with stack.connect() as database:
            return Purse(database, purse.user_id).reverse(spent["transaction_id"])

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(reverse, range(8)))
    assert [answer["replayed"] for answer in answers].count(False) == 1
    assert purse.balance == 10


def test_what_goes_back_into_a_lapsed_lot_lapses_and_is_said(purse: Purse) -> None:
    purse.grant(7, days=7)
    purse.buy(10)
    spent = purse.spend(2)
    purse.time_passes(days=8)
    answer = purse.reverse(spent["transaction_id"])
    assert (answer["returned"], answer["lapsed"], answer["balance"]) == (10, 7, 10)
    assert purse.ledger()[-2:] == [("reversal", 10), ("expiry", -7)]
    assert purse.lots() == [0, 10]
    assert purse.reverse(spent["transaction_id"]) == {**answer, "replayed": True}
    purse.adds_up()


def test_what_a_reversal_pays_off_in_a_lapsed_lot_does_not_lapse(purse: Purse) -> None:
    order = purse.buy(20, valid_days=7, at=int(time.time()))
    spends = [purse.spend(2) for _ in range(2)]
    purse.refund(order, 15)
    purse.time_passes(days=8)
    assert purse.lots() == [-15]
    answers = [purse.reverse(spend["transaction_id"]) for spend in spends]
    assert [(answer["lapsed"], answer["balance"]) for answer in answers] == [(0, -5), (5, 0)]
    assert purse.reverse(spends[1]["transaction_id"]) == {**answers[1], "replayed": True}
    assert purse.ledger()[-3:] == [("reversal", 10), ("reversal", 10), ("expiry", -5)]


@pytest.mark.parametrize("kind", ["purchase", "reversal", None])
def test_only_a_spend_can_be_reversed(purse: Purse, kind: str | None) -> None:
    purse.buy(10)
    purse.reverse(purse.spend()["transaction_id"])
    row = purse.database.execute(
        "select id from credit_transactions where user_id = %s and kind = %s", [purse.user_id, kind]
    ).fetchone()
    with pytest.raises(psycopg.Error) as refused:
        purse.reverse(row["id"] if row else "9223372036854775807")
    assert refused.value.sqlstate == "PT404"


# Giving ------------------------------------------------------------------------------------------


def test_a_gift_says_who_and_why(purse: Purse) -> None:
    assert purse.grant(50, reason="Welcome")["balance"] == 50
    entry = purse.read()["transactions"][0]
    assert (entry["kind"], entry["amount"], entry["description"]) == ("bonus", 50, "Welcome")
    row = purse.database.execute(
        "select actor from credit_transactions where user_id = %s", [purse.user_id]
    ).fetchone()
    assert row == {"actor": "ann"}


def test_a_gift_is_given_once_for_a_key(purse: Purse) -> None:
    same = key()
    first = purse.grant(50, key=same)
    assert purse.grant(50, key=same) == {**first, "replayed": True}
    for other in ({"credits_": 51}, {"credits_": 50, "kind": "correction"}):
        with pytest.raises(psycopg.Error) as refused:
            purse.grant(**other, key=same)
        assert refused.value.sqlstate == "PT409"
    assert purse.balance == 50


def test_a_correction_may_take_but_no_more_than_is_free(purse: Purse) -> None:
    purse.buy(20)
    purse.hold()
    with pytest.raises(psycopg.Error) as refused:
        purse.grant(-16, "correction")
    assert refused.value.sqlstate == "PT402"
    assert purse.grant(-15, "correction")["balance"] == 5
    purse.adds_up()


@pytest.mark.parametrize(
    "odd",
    [
        {"credits_": 0},
        {"credits_": -1},
        {"credits_": 10**10},
        {"credits_": 1, "kind": "purchase"},
        {"credits_": 1, "kind": None},
        {"credits_": -1, "kind": "correction", "days": 1},
        {"credits_": 1, "days": 0},
        {"credits_": 1, "key": None},
    ],
    ids=str,
)
def test_a_grant_that_cannot_be_meant_is_refused(purse: Purse, odd: dict[str, Any]) -> None:
    with pytest.raises(psycopg.Error) as refused:
        purse.grant(**odd)
    assert refused.value.sqlstate == "PT422"
    assert purse.ledger() == []


def test_a_gift_pays_debts_first(purse: Purse) -> None:
    order = purse.buy(20)
    purse.spend(4)
    purse.refund(order, 20)
    assert purse.balance == -20
    assert purse.grant(50)["balance"] == 30
    assert purse.lots() == [0, 30]
    purse.adds_up()
