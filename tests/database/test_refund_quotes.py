"""quote_refund: what of a purchase can go back, and why not."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import just_paid, record
from tests.database.purse import Purse
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def bought(purse: Purse, **more: Any) -> Order:
    return just_paid(purse.database, user_id=purse.user_id, **more)


def quote(purse: Purse, order: Order, **more: Any) -> Any:
    return purse.call("quote_refund", order.order_id, more.get("user_id"), more.get("days"))


def brief(purse: Purse, order: Order, **more: Any) -> tuple[int, int, str | None]:
    answer = quote(purse, order, **more)
    assert answer["refundable"] == (answer["reason"] is None)
    return answer["amount"], answer["credits"], answer["reason"]


def test_an_unused_pack_can_go_back_whole(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse)
    assert quote(purse, order) == {
        "purchase_id": order.order_id,
        "user_id": purse.user_id,
        "lot_id": quote(purse, order)["lot_id"],
        "package_name": "Starter",
        "refundable": True,
        "reason": None,
        "amount": 499,
        "tax": 0,
        "credits": 500,
        "unused": 500,
        "bought": 500,
        "paid": 499,
        "refunded": 0,
        "currency": "usd",
        "decimals": 2,
        "paid_at": quote(purse, order)["paid_at"],
    }


def test_what_was_spent_does_not_go_back(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse)
    purse.spend(20)
    assert brief(purse, order) == (399, 400, None)


def test_what_work_in_progress_holds_does_not_go_back(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse)
    hold = purse.hold(20)
    assert brief(purse, order) == (399, 400, None)
    purse.release(hold["hold_id"])
    assert brief(purse, order) == (499, 500, None)


def test_credits_of_other_lots_do_not_count(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse)
    purse.spend(100)
    purse.grant(300)
    bought(purse)
    assert brief(purse, order) == (0, 0, "nothing_unused")


def test_what_expired_does_not_go_back(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse, valid_days=3)
    purse.time_passes(days=4)
    assert brief(purse, order) == (0, 0, "nothing_unused")


def test_an_earlier_refund_counts(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse)
    record(database, Reversal(order).refund(99))
    assert brief(purse, order) == (400, 400, None)
    record(database, Reversal(order).refund(400))
    assert brief(purse, order) == (0, 0, "refunded")


def test_a_credit_that_costs_less_than_a_minor_unit_alone_is_worth_nothing(
    database: Database,
) -> None:
    purse = Purse(database)
    order = bought(purse, credits=500, unit_amount=99)
    purse.spend(99)
    purse.hold()
    purse.grant(1)
    assert brief(purse, order) == (0, 0, "nothing_unused")


def test_rounding_of_an_earlier_refund_is_no_price_of_an_unused_credit(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse, credits=5, unit_amount=500)
    record(database, Reversal(order).refund(1))
    assert brief(purse, order) == (499, 4, None)
    purse.grant(1)
    purse.spend()
    purse.adds_up()
    assert brief(purse, order)[2] == "nothing_unused"


@pytest.mark.parametrize(
    ("currency", "paid", "amount"), [("kwd", 4990, 3990), ("isk", 49_900, 39_900)]
)
def test_a_part_is_rounded_down_to_what_stripe_can_refund(
    database: Database, currency: str, paid: int, amount: int
) -> None:
    purse = Purse(database)
    order = bought(purse, unit_amount=paid, currency=currency)
    assert brief(purse, order) == (paid, 500, None)
    purse.spend(20)
    assert brief(purse, order) == (amount, 400, None)
    record(database, Reversal(order).refund(amount))
    purse.adds_up()
    assert brief(purse, order) == (0, 0, "nothing_unused")


def test_the_whole_rest_goes_back_although_it_is_no_multiple(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse, unit_amount=4990, currency="kwd")
    record(database, Reversal(order).refund(4))
    assert brief(purse, order) == (4986, 499, None)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("open", "unpaid"),
        ("processing", "pending"),
        ("failed", "unpaid"),
        ("expired", "unpaid"),
    ],
)
def test_what_is_not_paid_cannot_go_back(database: Database, state: str, reason: str) -> None:
    purse = Purse(database)
    order = Order(user_id=purse.user_id)
    record(database, order.facts(state))
    assert brief(purse, order) == (0, 0, reason)


def test_a_mismatch_waits_for_a_person(database: Database) -> None:
    purse = Purse(database)
    order = Order(user_id=purse.user_id)
    record(database, order.facts("paid", amount_subtotal=1))
    assert brief(purse, order) == (0, 0, "mismatch")


def test_a_free_pack_has_no_money_to_return(database: Database) -> None:
    purse = Purse(database)
    order = Order(user_id=purse.user_id)
    record(database, order.facts("paid", amount_paid=0, payment_intent_id=None))
    assert brief(purse, order) == (0, 0, "free")


@pytest.mark.parametrize(
    ("moves", "amount", "reason"),
    [(0, 499, None), (1, 400, "disputed"), (1, 499, "refunded"), (2, 499, None)],
)
def test_a_dispute_whose_money_is_gone_counts(
    database: Database, moves: int, amount: int, reason: str | None
) -> None:
    purse = Purse(database)
    order = bought(purse)
    record(database, Reversal(order).dispute(amount, moves=moves))
    assert quote(purse, order)["reason"] == reason


def test_an_order_that_was_paid_twice_needs_a_person(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse)
    record(database, order.facts("paid", payment_intent_id=f"pi_second_{order.suffix}"))
    assert brief(purse, order) == (0, 0, "paid_twice")


def test_a_debt_of_another_purchase_comes_first(database: Database) -> None:
    purse = Purse(database)
    first = bought(purse)
    hold = purse.hold(100)
    second = bought(purse)
    record(database, Reversal(first).refund(499))
    purse.release(hold["hold_id"])
    purse.adds_up()
    assert quote(purse, second)["unused"] <= max(purse.available, 0)


def test_it_can_end_some_days_after_the_payment(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse)
    assert brief(purse, order, days=14) == (499, 500, None)
    purse.time_passes(days=13)
    assert brief(purse, order, days=14) == (499, 500, None)
    purse.time_passes(days=1)
    assert brief(purse, order, days=14) == (0, 0, "too_late")
    assert brief(purse, order) == (499, 500, None)


def test_another_users_purchase_is_as_unknown_as_one_that_is_not(database: Database) -> None:
    purse, other = Purse(database), Purse(database)
    order = bought(purse)
    unknown = purse.refusal("quote_refund", str(uuid.uuid4()), purse.user_id)
    assert unknown == ("PT404", "unknown_purchase")
    assert purse.refusal("quote_refund", order.order_id, other.user_id) == unknown


def test_a_deleted_account_is_for_the_shop_alone(database: Database) -> None:
    purse = Purse(database)
    order = bought(purse)
    purse.call("forget_user", purse.user_id, "ann", "asked")
    assert brief(purse, order)[2] == "account_deleted"
    assert purse.refused("quote_refund", order.order_id, purse.user_id) == "PT403"
