"""read_account and export_account: what a person sees of their account as a whole."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import record
from tests.database.purse import Purse, key
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

SECTIONS = ("orders", "transactions", "lots", "holds")
LOOKED_FOR = 20


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def read(purse: Purse) -> dict[str, Any]:
    answer: dict[str, Any] = purse.call("read_account", purse.user_id)
    return answer


def export(purse: Purse, section: str, *, at_once: int = 100) -> list[dict[str, Any]]:
    """Return the rows of all pages; each page but the last is full."""
    rows: list[dict[str, Any]] = []
    after = None
    for _ in range(LOOKED_FOR):
        page = purse.call("export_account", purse.user_id, section, after, at_once)
        rows += page["rows"]
        after = page["next"]
        if after is None:
            assert len(page["rows"]) <= at_once
            return rows
        assert len(page["rows"]) == at_once
    raise AssertionError(f"{section} has no end")


# read_account ------------------------------------------------------------------------------------


def test_an_account_that_was_never_used_is_empty(purse: Purse) -> None:
    assert read(purse) == {
        "balance": 0,
        "held": 0,
        "available": 0,
        "holds": 0,
        "open_checkouts": 0,
        "pending_payments": [],
        "files": 0,
    }


def test_it_counts_credits_open_holds_and_files(database: Database, purse: Purse) -> None:
    other = Purse(database)
    for each in (purse, other):
        each.buy(100)
        each.hold()
    purse.release(purse.hold()["hold_id"])
    deleted, *_kept = (purse.abandoned_upload() for _ in range(3))
    purse.call("delete_file", purse.user_id, deleted)
    found = read(purse)
    assert (found["balance"], found["held"], found["available"]) == (100, 9, 91)
    assert (found["holds"], found["files"]) == (3, 2)


def test_what_has_expired_is_not_in_the_balance(purse: Purse) -> None:
    purse.buy(100)
    purse.grant(20, days=1)
    purse.time_passes(days=2)
    assert read(purse)["balance"] == 100
    assert purse.ledger()[-1] == ("expiry", -20)


def test_a_checkout_counts_while_its_page_may_be_open(database: Database, purse: Purse) -> None:
    now = int(time.time())
    orders = [Order(user_id=purse.user_id) for _ in range(4)]
    record(database, *(order.facts("open", at=now) for order in [*orders, Order()]))
    record(database, orders[1].facts("expired", at=now))
    # A checkout that Stripe has not made yet has no page.
    purse.call("begin_purchase", purse.user_id, "starter", False, 10)
    for order, age in ((orders[0], "23 hours"), (orders[2], "25 hours")):
        database.execute(
            "update purchases set created_at = now() - %s::interval where id = %s",
            [age, order.order_id],
        )
    assert read(purse)["open_checkouts"] == 2
    purse.call("forget_user", purse.user_id, "ann", "why")
    work = purse.call("forgetting_work", purse.user_id)
    assert work["checkout_sessions"] == [orders[3].session_id, orders[0].session_id]


def test_payments_under_way_are_listed_oldest_first(database: Database, purse: Purse) -> None:
    yen = Order(user_id=purse.user_id, currency="jpy", unit_amount=700, package_name="Big")
    dollars = Order(user_id=purse.user_id)
    for order in (yen, dollars, Order()):
        record(database, order.facts("processing", at=int(time.time())))
    purse.buy(100)
    database.execute(
        "update purchases set created_at = now() - interval '1 day' where id = %s", [yen.order_id]
    )
    first, second = read(purse)["pending_payments"]
    assert first.pop("created_at")
    assert first == {
        "order_id": yen.order_id,
        "package_name": "Big",
        "credits": 500,
        "amount": 700,
        "currency": "jpy",
        "decimals": 0,
    }
    assert (second["order_id"], second["decimals"]) == (dollars.order_id, 2)


# export_profile ----------------------------------------------------------------------------------


def test_a_profile_has_the_credits_and_customers_of_this_person_alone(
    database: Database, purse: Purse
) -> None:
    other = Purse(database)
    for each, credits_ in ((purse, 100), (other, 200)):
        each.buy(credits_)
        each.call("begin_purchase", each.user_id, "starter", False, 10)
        each.call("link_stripe_customer", each.user_id, False, f"cus_{each.user_id}")
    other.hold()
    assert purse.call("export_profile", purse.user_id) == {
        "profile": None,
        "account": {
            "balance": 100,
            "held": 0,
            "customers": [{"customer_id": f"cus_{purse.user_id}", "livemode": False}],
        },
    }


# export_account ----------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_each_row_is_on_one_page_of_its_section(
    database: Database, purse: Purse, at_once: int
) -> None:
    orders = [purse.buy(100) for _ in range(3)]
    refund = purse.refund(orders[0], 20)
    holds = [purse.hold() for _ in range(2)]
    purse.capture(holds[0]["hold_id"])
    Purse(database).buy(100)
    found = {section: export(purse, section, at_once=at_once) for section in SECTIONS}
    assert [row["id"] for row in found["orders"]] == sorted(order.order_id for order in orders)
    (refunded,) = [row for row in found["orders"] if row["id"] == orders[0].order_id]
    assert [row["amount"] for row in refunded["reversals"]] == [20]
    assert refunded["reversals"][0]["id"] == f"re_{refund.suffix}"
    kinds = [(row["kind"], row["amount"]) for row in found["transactions"]]
    assert kinds == purse.ledger()
    assert [row["remaining"] for row in found["lots"]] == purse.lots()
    assert {row["id"] for row in found["holds"]} == {hold["hold_id"] for hold in holds}
    captured = next(row for row in found["holds"] if row["status"] == "captured")
    assert captured["transaction_id"] == found["transactions"][-1]["id"]


def test_the_rows_of_a_guest_whose_purse_moved_in_are_exported_too(
    database: Database, purse: Purse
) -> None:
    guest = Purse(database)
    guest.buy(100, at=int(time.time()))
    guest.call("move_purse", guest.user_id, purse.user_id, "ann", "signed in")
    kinds = [row["kind"] for row in export(purse, "transactions")]
    assert kinds == ["purchase", "move_out", "move_in"]


def test_nothing_internal_is_exported(purse: Purse) -> None:
    order = purse.buy(100)
    purse.refund(order, 20)
    purse.hold()
    purse.grant(5)
    internal = {
        "orders": {"user_id", "sealed", "decided_by", "decided_because"},
        "transactions": {"user_id", "actor"},
        "lots": {"user_id", "forgiven_to"},
        "holds": {"user_id"},
    }
    for section, columns in internal.items():
        for row in export(purse, section):
            assert not columns & row.keys(), section
    (exported,) = export(purse, "orders")
    assert not {"rank", "payment_intent_id", "livemode"} & exported["reversals"][0].keys()


def test_an_unknown_section_is_refused(purse: Purse) -> None:
    assert purse.refused("export_account", purse.user_id, key(), None, 10) == "PT422"
