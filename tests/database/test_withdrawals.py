"""Withdrawing from a purchase: offered for some days, recorded, announced, refunded."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import just_paid, record
from tests.database.purse import Purse
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

DAYS = 14
WORDING = "I agree that the credits are usable at once and that I lose my right of withdrawal."


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


@pytest.fixture
def order(purse: Purse) -> Order:
    """A pack of 500 credits for 4.99 that was just paid."""
    return just_paid(purse.database, user_id=purse.user_id)


def offer(purse: Purse, order: Order, days: int = DAYS) -> Any:
    return purse.call("quote_withdrawal", order.order_id, purse.user_id, days)


def withdraw(purse: Purse, order: Order, days: int = DAYS, amount: int | None = None) -> Any:
    return purse.call("withdraw", order.order_id, purse.user_id, days, amount)


def events(purse: Purse) -> list[dict[str, Any]]:
    rows = purse.database.execute(
        "select type, data from outbox_events where user_id = %s order by id", [purse.user_id]
    ).fetchall()
    return [row["data"] for row in rows if row["type"] == "purchase.withdrawn"]


def history(purse: Purse, days: int) -> list[tuple[bool, bool]]:
    """Return of each purchase whether it can be withdrawn from, and whether it was."""
    answer = purse.call("refresh_credits", *(purse.user_id, 50, None, None, None, False, days))
    return [
        (entry["withdraw_until"] is not None, entry["withdrawn_at"] is not None)
        for entry in answer["transactions"]
        if entry["kind"] == "purchase"
    ]


def test_a_withdrawal_is_recorded_announced_and_begins_the_refund(
    purse: Purse, order: Order
) -> None:
    purse.spend(20)
    offered = offer(purse, order)
    assert (offered["offered"], offered["reason"]) == (True, None)
    assert (offered["quote"]["amount"], offered["quote"]["credits"]) == (399, 400)
    done = withdraw(purse, order, amount=399)
    assert (done["refund"]["status"], done["refund"]["amount"]) == ("begun", 399)
    assert (done["reason"], done["replayed"]) == (None, False)
    assert purse.available == 0
    (announced,) = events(purse)
    assert announced["purchase_id"] == order.order_id
    assert (announced["amount"], announced["credits"], announced["currency"]) == (399, 400, "usd")
    assert withdraw(purse, order) == {**done, "replayed": True}
    assert len(events(purse)) == 1
    assert offer(purse, order)["reason"] == "withdrawn"


def test_a_withdrawal_counts_although_nothing_is_left_to_refund(purse: Purse, order: Order) -> None:
    purse.spend(100)
    done = withdraw(purse, order, amount=0)
    assert (done["refund"], done["reason"]) == (None, "nothing_unused")
    (announced,) = events(purse)
    assert (announced["amount"], announced["reason"]) == (0, "nothing_unused")


def test_it_is_offered_until_the_last_day_has_ended_everywhere(purse: Purse, order: Order) -> None:
    purse.time_passes(days=14, hours=23)
    assert offer(purse, order)["offered"]
    assert history(purse, DAYS) == [(True, False)]
    purse.time_passes(hours=3)
    assert offer(purse, order)["reason"] == "too_late"
    assert history(purse, DAYS) == [(False, False)]
    assert purse.refusal(withdraw, purse, order) == ("PT409", "too_late")


def test_a_shop_without_the_setting_offers_none(purse: Purse, order: Order) -> None:
    assert offer(purse, order, days=0)["reason"] == "not_offered"
    assert purse.refusal(withdraw, purse, order, days=0) == ("PT409", "not_offered")
    assert history(purse, 0) == [(False, False)]


def test_the_history_says_what_was_withdrawn(purse: Purse, order: Order) -> None:
    assert history(purse, DAYS) == [(True, False)]
    withdraw(purse, order)
    assert history(purse, DAYS) == [(False, True)]


def test_the_amount_must_be_the_one_that_was_shown(purse: Purse, order: Order) -> None:
    purse.spend()
    assert purse.refusal(withdraw, purse, order, amount=499) == ("PT409", "quote_changed")
    assert events(purse) == []


def test_who_waived_the_right_is_not_offered_it(purse: Purse) -> None:
    order = Order(user_id=purse.user_id)
    record(purse.database, order.facts("open"))
    agreed = purse.call("record_waiver", purse.user_id, order.order_id, WORDING)
    assert purse.call("record_waiver", purse.user_id, order.order_id, "other words") == agreed
    row = purse.database.execute(
        "select wording from withdrawal_waivers where purchase_id = %s", [order.order_id]
    ).fetchone()
    assert row == {"wording": WORDING}
    record(purse.database, order.facts("paid", at=int(time.time())))
    assert offer(purse, order)["reason"] == "waived"
    assert purse.refusal(withdraw, purse, order) == ("PT409", "waived")
    assert history(purse, DAYS) == [(False, False)]


def test_a_waiver_is_for_an_open_order_of_ones_own(purse: Purse, order: Order) -> None:
    unknown = ("PT404", "unknown_purchase")
    assert purse.refusal("record_waiver", purse.user_id, order.order_id, WORDING) == unknown
    other = Order()
    record(purse.database, other.facts("open"))
    assert purse.refusal("record_waiver", purse.user_id, other.order_id, WORDING) == unknown


@pytest.mark.parametrize(
    ("state", "more", "reason"),
    [
        ("processing", {}, "pending"),
        ("open", {}, "unpaid"),
        ("paid", {"amount_paid": 0, "payment_intent_id": None}, "free"),
    ],
)
def test_what_was_not_paid_is_not_withdrawn_from(
    purse: Purse, state: str, more: dict[str, Any], reason: str
) -> None:
    order = Order(user_id=purse.user_id)
    record(purse.database, order.facts(state, at=int(time.time()), **more))
    assert offer(purse, order)["reason"] == reason


def test_a_payment_that_differs_from_its_order_is_withdrawn_from_and_the_shop_looks_at_it(
    purse: Purse,
) -> None:
    order = Order(user_id=purse.user_id)
    record(purse.database, order.facts("paid", at=int(time.time()), amount_subtotal=1))
    offered = offer(purse, order)
    assert (offered["offered"], offered["until"] is None) == (True, False)
    done = withdraw(purse, order, amount=0)
    assert (done["refund"], done["reason"]) == (None, "mismatch")
    (announced,) = events(purse)
    assert (announced["amount"], announced["reason"]) == (0, "mismatch")
    assert offer(purse, order)["reason"] == "withdrawn"


def test_what_went_back_whole_is_not_withdrawn_from(purse: Purse, order: Order) -> None:
    record(purse.database, Reversal(order).refund(499))
    assert offer(purse, order)["reason"] == "refunded"
    assert history(purse, DAYS) == [(False, False)]


def test_while_the_shop_refunds_it_the_withdrawal_counts(purse: Purse, order: Order) -> None:
    purse.call("begin_refund", order.order_id, "ann", "asked", "key")
    done = withdraw(purse, order)
    assert (done["refund"], done["reason"]) == (None, "in_progress")


def test_anothers_purchase_is_as_unknown_as_one_that_is_not(purse: Purse) -> None:
    unknown = ("PT404", "unknown_purchase")
    other = Order()
    record(purse.database, other.facts("paid"))
    for id_ in (other.order_id, str(uuid.uuid4())):
        assert purse.refusal("quote_withdrawal", id_, purse.user_id, DAYS) == unknown
        assert purse.refusal("withdraw", id_, purse.user_id, DAYS, None) == unknown


def test_a_deleted_account_withdraws_from_nothing(purse: Purse, order: Order) -> None:
    purse.call("forget_user", purse.user_id, "ann", "asked")
    assert purse.refusal(withdraw, purse, order)[0] == "PT403"


def test_a_copy_of_the_data_names_withdrawal_and_waiver(purse: Purse, order: Order) -> None:
    other = Order(user_id=purse.user_id)
    record(purse.database, other.facts("open"))
    purse.call("record_waiver", purse.user_id, other.order_id, WORDING)
    withdraw(purse, order)
    rows = purse.call("export_account", purse.user_id, "orders", None, 10)["rows"]
    copied = {row["id"]: (row["withdrawn_at"], row["withdrawal_waiver"]) for row in rows}
    assert copied[order.order_id][0] is not None
    assert copied[other.order_id][1]["wording"] == WORDING
