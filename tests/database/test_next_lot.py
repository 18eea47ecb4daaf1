"""What the next lot has free is in the user's row, and every lot still says what is left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from tests.database.actors import as_user
from tests.database.locks import behind
from tests.database.purse import Purse, key

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    """A purse of a pack of 20 and a bonus of 100, whose next spends are quick."""
    purse = Purse(database)
    purse.buy(20)
    purse.grant(100)
    purse.spend()
    assert noted(purse) == 15
    return purse


def noted(purse: Purse) -> int | None:
    """Return what is noted as free in the next lot."""
    row = purse.database.execute(
        "select next_lot_free as free from user_credits where user_id = %s", [purse.user_id]
    ).fetchone()
    assert row is not None
    free: int | None = row["free"]
    return free


def written(purse: Purse) -> list[int]:
    """Return what the lots' rows say is left."""
    rows = purse.database.execute(
        "select remaining from credit_lot_rows where user_id = %s order by id", [purse.user_id]
    )
    return [row["remaining"] for row in rows]


def test_a_quick_spend_leaves_the_lots_row_alone_and_everybody_sees_what_is_left(
    database: Database, purse: Purse
) -> None:
    before = written(purse)
    purse.spend()
    assert (written(purse), purse.lots(), noted(purse)) == (before, [10, 100], 10)
    purse.adds_up()
    with as_user(database, purse.user_id):
        assert purse.lots() == [10, 100]
    assert [lot["remaining"] for lot in purse.explain(datetime.now(UTC))["lots"]] == [10, 100]


def test_the_last_credits_of_a_lot_are_spent_quickly_and_the_next_lot_follows(
    purse: Purse,
) -> None:
    for left in (10, 5, 0):
        purse.spend()
        assert (purse.lots(), noted(purse)) == ([left, 100], left)
    purse.spend()
    assert (purse.lots(), noted(purse)) == ([0, 95], 95)
    purse.adds_up()


def test_a_spend_over_two_lots_writes_both(purse: Purse) -> None:
    purse.spend(7)
    assert (purse.lots(), written(purse), noted(purse)) == ([0, 80], [0, 80], 80)
    purse.adds_up()


@pytest.mark.parametrize("used_by", ["a spend", "a hold"])
def test_a_key_that_is_used_up_gives_back_what_was_taken(purse: Purse, used_by: str) -> None:
    used = key()
    (purse.spend if used_by == "a spend" else purse.hold)(key=used)
    before = (noted(purse), purse.lots(), purse.available)
    assert purse.refusal(purse.spend, 2, key=used)[0] == "PT409"
    assert purse.refusal(purse.hold, 2, key=used)[0] == "PT409"
    assert (purse.lots(), purse.available) == before[1:]
    assert noted(purse) in (before[0], None)
    purse.adds_up()


MOVEMENTS: dict[str, Callable[[Purse], Any]] = {
    "bonus": lambda purse: purse.grant(7),
    "a lot that expires sooner": lambda purse: purse.grant(7, days=1),
    "correction": lambda purse: purse.grant(-7, "correction"),
    "purchase": lambda purse: purse.buy(30),
    "refund": lambda purse: purse.refund(purse.buy(30), 30),
    "reversal": lambda purse: purse.reverse(purse.spend()["transaction_id"]),
    "hold": lambda purse: purse.hold(),
    "hold over two lots": lambda purse: purse.hold(7),
    "capture": lambda purse: purse.capture(purse.hold()["hold_id"]),
    "capture of a part": lambda purse: purse.capture(purse.hold()["hold_id"], 2),
    "capture of more": lambda purse: purse.capture(purse.hold()["hold_id"], 9, at_most=9),
    "release": lambda purse: purse.release(purse.hold()["hold_id"]),
    "expired hold": lambda purse: (purse.hold(), purse.time_passes(hours=1), purse.read()),
    "expired lot": lambda purse: (
        purse.grant(7, days=1),
        purse.spend(),
        purse.time_passes(days=2),
        purse.read(),
    ),
    "lot that the daily job expires": lambda purse: (
        purse.grant(7, days=1),
        purse.spend(),
        purse.time_passes(days=2),
        purse.call("expire_credits", 1000),
    ),
    "batch": lambda purse: batch(purse, [1, 1]),
    "batch over two lots": lambda purse: batch(purse, [1, 4, 1]),
    "batch that is refused": lambda purse: batch(purse, [99]),
}


def batch(purse: Purse, quantities: list[int]) -> Any:
    """Spend in one call."""
    spends = [
        {
            "user_id": purse.user_id,
            "feature": "docx_processing",
            "quantity": quantity,
            "idempotency_key": key(),
        }
        for quantity in quantities
    ]
    return purse.call("spend_batch", Jsonb(spends))


@pytest.mark.parametrize("second", MOVEMENTS)
@pytest.mark.parametrize("first", MOVEMENTS)
def test_every_movement_between_quick_spends_adds_up(purse: Purse, first: str, second: str) -> None:
    for movement in (first, second):
        before = (purse.balance, len(purse.ledger()))
        MOVEMENTS[movement](purse)
        purse.adds_up()
        moved = sum(amount for _, amount in purse.ledger()[before[1] :])
        assert purse.balance == before[0] + moved
        purse.spend()
        purse.adds_up()
        purse.spend()
        purse.adds_up()


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("act", [Purse.spend, Purse.hold], ids=["spend", "hold"])
def test_the_same_request_at_once_gives_back_what_it_took(
    stack: RunningStack, purse: Purse, act: Callable[..., Any]
) -> None:
    """The second finds the key under the first's lock, after it has taken from the lot itself."""
    used = key()
    answers = behind(
        stack,
        lambda one: one.execute(
            "select from user_credits where user_id = %s for update", [purse.user_id]
        ),
        [lambda each: act(Purse(each, purse.user_id), key=used)] * 3,
    )
    assert sorted(answer["replayed"] for answer in answers) == [False, True, True]
    assert purse.available == 110
    purse.adds_up()
    purse.spend()
    purse.spend()
    assert purse.available == 100
    purse.adds_up()


@pytest.mark.parametrize("act", [Purse.spend, Purse.hold], ids=["spend", "hold"])
def test_a_debt_in_another_lot_bounds_what_can_be_taken_quickly(
    database: Database, act: Callable[..., Any]
) -> None:
    purse = Purse(database)
    order = purse.buy(20)
    purse.spend(4)
    purse.grant(20)
    hold = purse.hold(4)
    purse.refund(order, 10)
    purse.release(hold["hold_id"])
    purse.spend()
    assert (purse.lots(), noted(purse), purse.available) == ([-10, 15], 15, 5)
    act(purse)
    assert (noted(purse), purse.available) == (10, 0)
    assert purse.refusal(act, purse)[0] == "PT402"
    purse.adds_up()


def test_a_batch_notes_the_next_lot_when_the_noted_one_is_used_up(purse: Purse) -> None:
    assert {answer["outcome"] for answer in batch(purse, [1, 1, 1])} == {"spent"}
    assert (purse.lots(), noted(purse)) == ([0, 100], 0)
    batch(purse, [1])
    assert (purse.lots(), noted(purse)) == ([0, 95], 95)
    before = written(purse)
    batch(purse, [2, 3])
    assert (purse.lots(), written(purse), noted(purse)) == ([0, 70], before, 70)
    purse.adds_up()


def test_a_batch_over_two_lots_takes_each_credit_once(purse: Purse) -> None:
    assert {answer["outcome"] for answer in batch(purse, [1, 4, 1])} == {"spent"}
    assert (purse.lots(), purse.balance) == ([0, 85], 85)
    purse.adds_up()
    purse.spend()
    assert purse.lots() == [0, 80]


def test_a_purse_that_moves_takes_its_quick_spends_along(database: Database, purse: Purse) -> None:
    purse.spend()
    owner = Purse(database)
    purse.call("move_purse", purse.user_id, owner.user_id, "ann", "signed up")
    assert (owner.lots(), noted(purse), noted(owner)) == ([10, 100], None, None)
    owner.spend()
    owner.spend()
    assert (owner.lots(), noted(owner)) == ([0, 100], 0)
    owner.adds_up()


def test_an_account_that_is_deleted_gives_up_what_is_left(purse: Purse) -> None:
    purse.spend()
    purse.call("forget_user", purse.user_id, "ann", "asked")
    assert (purse.lots(), noted(purse)) == ([0, 0], None)
    assert purse.refused("spend_credits", purse.user_id, "docx_processing", 1, key()) == "PT403"
    purse.adds_up()
