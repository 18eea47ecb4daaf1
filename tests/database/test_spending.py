"""spend_credits: once for a key, never beyond what is there."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.locks import waits
from tests.database.purse import Purse, key
from tests.support import until

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def test_a_spend_takes_what_the_feature_costs(purse: Purse) -> None:
    purse.buy(500)
    answer = purse.spend()
    assert answer == {
        "transaction_id": answer["transaction_id"],
        "spent": 5,
        "balance": 495,
        "replayed": False,
    }
    assert purse.ledger() == [("purchase", 500), ("spend", -5)]
    purse.adds_up()


def test_a_spend_whose_lots_do_not_have_the_balance_is_refused(purse: Purse) -> None:
    """The balance was changed by hand, so the lots lack what it promises."""
    purse.grant(3)
    purse.grant(3)
    with purse.database.transaction(force_rollback=True):
        purse.database.execute(
            "update user_credits set balance = 20 where user_id = %s", [purse.user_id]
        )
        with (
            pytest.raises(psycopg.errors.CheckViolation, match="do not add up to -10 credits"),
            purse.database.transaction(),
        ):
            purse.spend(2)
        assert (purse.lots(), purse.balance) == ([3, 3], 20)
        purse.database.execute("delete from credit_lot_rows where user_id = %s", [purse.user_id])
        with (
            pytest.raises(psycopg.errors.CheckViolation, match=r"\{\} of this user do not"),
            purse.database.transaction(),
        ):
            purse.spend(2)
    assert purse.spend()["balance"] == 1
    purse.adds_up()


def test_quantity_multiplies(purse: Purse) -> None:
    purse.buy(500)
    assert purse.spend(3, "premium_export")["balance"] == 455


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, None])
def test_a_quantity_that_cannot_be_meant_is_refused(purse: Purse, quantity: int) -> None:
    purse.buy(500)
    with pytest.raises(psycopg.Error) as refused:
        purse.spend(quantity)
    assert refused.value.sqlstate == "PT422"


@pytest.mark.parametrize("feature", ["nothing", "", None])
def test_an_unknown_feature_is_refused(purse: Purse, feature: str) -> None:
    purse.buy(500)
    with pytest.raises(psycopg.Error) as refused:
        purse.spend(1, feature)
    assert refused.value.sqlstate == "PT404"


def test_a_feature_that_is_not_offered_is_refused(purse: Purse) -> None:
    purse.buy(500)
    with purse.database.transaction(force_rollback=True):
        purse.database.execute("update credit_features set active = false")
        with pytest.raises(psycopg.Error) as refused:
            purse.spend()
    assert refused.value.sqlstate == "PT404"


def test_nothing_is_spent_beyond_what_is_there(purse: Purse) -> None:
    purse.buy(14)
    code, detail = purse.refusal(purse.spend, 3)
    assert (code, json.loads(detail or "")) == ("PT402", {"available": 14, "required": 15})
    assert purse.spend(2)["balance"] == 4
    with pytest.raises(psycopg.Error):
        purse.spend()
    assert purse.balance == 4


def test_somebody_without_an_account_has_nothing_to_spend(purse: Purse) -> None:
    code, detail = purse.refusal(purse.spend)
    assert (code, json.loads(detail or "")) == ("PT402", {"available": 0, "required": 5})


def test_the_same_request_is_answered_as_the_first_time(purse: Purse) -> None:
    purse.buy(500)
    same = key()
    first = purse.spend(2, key=same)
    purse.spend()
    assert purse.spend(2, key=same) == {**first, "replayed": True}
    assert purse.balance == 485


def test_a_spend_that_was_reversed_is_not_replayed_as_paid(purse: Purse) -> None:
    purse.buy(500)
    same = key()
    purse.reverse(purse.spend(key=same)["transaction_id"])
    assert purse.refusal(purse.spend, key=same) == ("PT409", "spend_reversed")
    assert purse.refused("spend_credits", purse.user_id, "docx_processing", 2, same) == "PT409"
    assert purse.balance == 500


def test_a_price_change_does_not_change_a_replay(purse: Purse) -> None:
    purse.buy(500)
    same = key()
    first = purse.spend(key=same)
    with purse.database.transaction(force_rollback=True):
        purse.database.execute("update credit_features set credits = 99, active = false")
        assert purse.spend(key=same) == {**first, "replayed": True}


@pytest.mark.parametrize(("quantity", "feature"), [(2, "docx_processing"), (1, "txt_upload")])
def test_another_request_under_a_used_key_is_refused(
    purse: Purse, quantity: int, feature: str
) -> None:
    purse.buy(500)
    same = key()
    purse.spend(key=same)
    refusal = purse.refusal(purse.spend, quantity, feature, key=same)
    assert refusal == ("PT409", "idempotency_key_reused")
    assert purse.balance == 495


def test_a_key_belongs_to_one_user(database: Database) -> None:
    ann, bob, same = Purse(database), Purse(database), key()
    ann.buy(10)
    bob.buy(10)
    assert ann.spend(key=same)["replayed"] is False
    assert bob.spend(key=same)["replayed"] is False


def test_a_key_of_a_hold_does_not_serve_for_a_spend_or_the_other_way(purse: Purse) -> None:
    purse.buy(500)
    of_hold, of_spend = key(), key()
    purse.hold(key=of_hold)
    purse.spend(key=of_spend)
    assert purse.refusal(purse.spend, key=of_hold) == ("PT409", "idempotency_key_reused")
    assert purse.refusal(purse.hold, key=of_spend) == ("PT409", "idempotency_key_reused")


@pytest.mark.parametrize("end", ["released", "lapsed", "captured", "never"])
@pytest.mark.parametrize("lots", [(5,), (2, 3)], ids=["usual", "by steps"])
def test_a_key_of_a_hold_never_serves_for_a_spend(
    purse: Purse, lots: tuple[int, ...], end: str
) -> None:
    for credits_ in lots:
        purse.grant(credits_)
    same = key()
    hold_id = purse.hold(key=same)["hold_id"]
    match end:
        case "released":
            purse.release(hold_id)
        case "captured":
            purse.capture(hold_id)
        case "lapsed":
            purse.time_passes(days=8)
    purse.grant(10)
    # The first writes what has lapsed, so the second is a usual one.
    assert purse.spend()["spent"] == 5
    assert purse.refusal(purse.spend, key=same) == ("PT409", "idempotency_key_reused")
    purse.adds_up()


def test_a_spend_that_waited_for_the_first_hold_under_its_key_is_refused(
    stack: RunningStack, purse: Purse
) -> None:
    purse.buy(500)
    same = key()
    with ThreadPoolExecutor(1) as pool, stack.connect() as one, stack.connect() as other:
        waiting = Purse(other, purse.user_id)
        with one.transaction():
            Purse(one, purse.user_id).hold(key=same)
            refusal = pool.submit(waiting.refusal, waiting.spend, key=same)
            until(lambda: waits(purse.database, other), "the spend waits")
        assert refusal.result(30) == ("PT409", "idempotency_key_reused")
    purse.adds_up()


def test_a_key_of_a_hold_is_refused_as_such_also_when_there_is_too_little(purse: Purse) -> None:
    purse.buy(5)
    same = key()
    purse.hold(key=same)
    assert purse.refusal(purse.spend, key=same) == ("PT409", "idempotency_key_reused")


def test_a_request_that_waited_for_itself_to_spend_the_last_is_answered_as_the_first_time(
    stack: RunningStack, purse: Purse
) -> None:
    purse.buy(5)
    same = key()
    with ThreadPoolExecutor(1) as pool, stack.connect() as one, stack.connect() as other:
        with one.transaction():
            first = Purse(one, purse.user_id).spend(key=same)
            again = pool.submit(Purse(other, purse.user_id).spend, key=same)
            until(lambda: waits(purse.database, other), "the same request waits")
        assert again.result(30) == {**first, "replayed": True}
    assert purse.ledger() == [("purchase", 5), ("spend", -5)]


def test_a_key_of_a_hold_does_not_serve_for_a_gift(purse: Purse) -> None:
    purse.buy(500)
    same = key()
    purse.hold(key=same)
    for credits_, kind in ((5, "bonus"), (-5, "correction")):
        refusal = purse.refusal(purse.grant, credits_, kind, key=same)
        assert refusal == ("PT409", "idempotency_key_reused")
    assert purse.balance == 500


@pytest.mark.parametrize(
    "odd",
    [None, "", "x" * 256, "caf\u00e9", "two\nlines", "a line\n"],
    ids=["none", "empty", "long", "accented", "of two lines", "a line"],
)
@pytest.mark.parametrize("what", ["spend", "hold", "grant"])
def test_what_cannot_be_a_key_is_refused(purse: Purse, what: str, odd: str | None) -> None:
    purse.buy(500)
    acts = {
        "spend": lambda: purse.spend(key=odd),
        "hold": lambda: purse.hold(key=odd),
        "grant": lambda: purse.grant(5, key=odd),
    }
    with pytest.raises(psycopg.Error) as refused:
        acts[what]()
    assert refused.value.sqlstate == "PT422"
    assert purse.ledger() == [("purchase", 500)]


def test_a_key_may_be_of_all_that_can_be_printed(purse: Purse) -> None:
    purse.buy(500)
    printable = "".join(chr(code) for code in range(0x20, 0x7F))
    assert purse.spend(key=printable)["balance"] == 495
    assert purse.spend(key="x" * 255)["balance"] == 490


def test_a_refused_request_leaves_its_key_free(purse: Purse) -> None:
    same = key()
    with pytest.raises(psycopg.Error):
        purse.spend(key=same)
    purse.buy(500)
    assert purse.spend(key=same)["balance"] == 495


def test_64_clients_spend_the_last_credits_exactly(stack: RunningStack, purse: Purse) -> None:
    purse.buy(5 * 20 + 4)

    def spend(_number: int) -> str | None:
        own = key()
        with stack.connect() as database:
            # A caller that met the lock for too long is told to try again, and does, under its key.
            while True:
                refusal = Purse(database).refused(
                    "spend_credits", purse.user_id, "docx_processing", 1, own
                )
                if refusal != "55P03":
                    return refusal

    with ThreadPoolExecutor(64) as clients:
        outcomes = list(clients.map(spend, range(64)))
    assert Counter(outcomes) == {None: 20, "PT402": 44}
    assert purse.balance == 4
    purse.adds_up()


def test_one_request_from_16_clients_at_once_is_spent_once(
    stack: RunningStack, purse: Purse
) -> None:
    purse.buy(500)
    same = key()

    def spend(_number: int) -> Any:
        with stack.connect() as database:
            return Purse(database, purse.user_id).spend(key=same)

    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(spend, range(16)))
    assert [answer["replayed"] for answer in answers].count(False) == 1
    assert {(answer["transaction_id"], answer["balance"]) for answer in answers} == {
        (answers[0]["transaction_id"], 495)
    }
    assert purse.balance == 495


# The burn order ----------------------------------------------------------------------------------


def test_the_lot_that_expires_soonest_is_spent_first_then_the_oldest(purse: Purse) -> None:
    purse.grant(10)
    purse.grant(10)
    purse.grant(10, days=30)
    purse.grant(10, days=7)
    for _ in range(7):
        purse.spend()
    assert purse.lots() == [0, 5, 0, 0]
    purse.adds_up()


def test_one_spend_may_take_from_several_lots(purse: Purse) -> None:
    purse.buy(7)
    purse.buy(7)
    purse.buy(7)
    purse.spend(3)
    assert purse.lots() == [0, 0, 6]
    lots = purse.read()["transactions"][0]["lots"]
    assert [lot["credits"] for lot in lots] == [-7, -7, -1]
    assert {lot["name"] for lot in lots} == {"Starter"}
