"""The key of a hold: answered again, freed when the hold ends unpaid, refused for other work."""

from __future__ import annotations

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
