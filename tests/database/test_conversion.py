"""Who opened the store, and what became of checkouts: counted once, and added up by day."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import record
from tests.database.purse import Purse
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

DAY_SECONDS = 24 * 60 * 60
ENDS = ("paid", "processing", "open", "declined", "failed", "expired", "abandoned")


@pytest.fixture
def purse(database: Database) -> Purse:
    """Somebody who has begun a checkout, so that the ledger has a mode."""
    purse = Purse(database)
    purse.call("begin_purchase", purse.user_id, "starter", False, 20)
    return purse


def days_ago(days: int) -> int:
    """Return noon of a day that is over, as Unix time."""
    return (int(time.time()) // DAY_SECONDS - days) * DAY_SECONDS + DAY_SECONDS // 2


def visits(purse: Purse) -> int:
    rows = purse.database.execute(
        "select from store_visits where user_id = %s", [purse.user_id]
    ).fetchall()
    return len(rows)


def checkouts_of_day(database: Database, at: int) -> dict[str, int]:
    """Return how the orders of a day ended, as they stand, in days that are summed or not."""
    day = datetime.fromtimestamp(at, UTC).date()
    row = database.execute(
        "select * from purse.checkouts_by_day(%s::date, %s::date + 1) where not livemode", [day] * 2
    ).fetchone()
    return {name: row[name] if row else 0 for name in ("people_began", "people_paid", *ENDS)}


def summed(database: Database, at: int) -> dict[str, Any] | None:
    day = datetime.fromtimestamp(at, UTC).date()
    return database.execute(
        "select * from checkout_days where day = %s and not livemode", [day]
    ).fetchone()


def sum_all(purse: Purse) -> None:
    for _ in range(100):
        if not purse.call("sum_conversion_days"):
            return
    raise AssertionError


def gained(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def test_a_person_who_reloads_opens_the_store_once_a_day(database: Database) -> None:
    purse = Purse(database)
    assert purse.call("note_store_opened", purse.user_id) is True
    assert purse.call("note_store_opened", purse.user_id) is False
    assert visits(purse) == 1
    database.execute(
        "update store_visits set opened_at = opened_at - interval '1 day' where user_id = %s",
        [purse.user_id],
    )
    assert purse.call("note_store_opened", purse.user_id) is True
    assert visits(purse) == 2


def test_who_begins_a_checkout_has_opened_the_store(purse: Purse) -> None:
    assert visits(purse) == 1
    assert purse.call("note_store_opened", purse.user_id) is False


def test_days_that_are_over_are_counted_and_nobody_is_kept(database: Database) -> None:
    purses = [Purse(database) for _ in range(3)]
    day = datetime.fromtimestamp(days_ago(50), UTC)
    for hour, purse in enumerate([*purses, purses[0]]):  # two requests at once may note two rows
        database.execute(
            "insert into store_visits (user_id, opened_at) values (%s, %s)",
            [purse.user_id, day.replace(hour=hour)],
        )
    purses[0].call("note_store_opened", purses[0].user_id)
    sum_all(purses[0])

    def people() -> list[dict[str, Any]]:
        return database.execute(
            "select people from store_days where day = %s", [day.date()]
        ).fetchall()

    assert people() == [{"people": 3}]
    assert [visits(purse) for purse in purses] == [1, 0, 0]
    # A visit that was committed late is added.
    database.execute(
        "insert into store_visits (user_id, opened_at) values (%s, %s)", [purses[1].user_id, day]
    )
    sum_all(purses[0])
    assert people() == [{"people": 4}]


def test_every_order_has_one_end(database: Database) -> None:
    at = days_ago(60)
    before = checkouts_of_day(database, at)
    buyer = Order().user_id
    orders = {name: Order(user_id=buyer) for name in ENDS}
    record(
        database,
        orders["paid"].facts("open", at=at, decline_code="do_not_honor"),
        orders["paid"].facts("paid", at=at),
        orders["processing"].facts("processing", at=at),
        orders["declined"].facts("open", at=at, decline_code="insufficient_funds"),
        orders["declined"].facts("expired", at=at),
        orders["failed"].facts("failed", at=at),
        orders["expired"].facts("expired", at=at),
        orders["abandoned"].facts("open", at=at),
    )
    ends = dict.fromkeys(ENDS, 1)
    del ends["open"]  # checkout pages are open for a day at most
    assert gained(before, checkouts_of_day(database, at)) == {
        **ends,
        "people_began": 1,
        "people_paid": 1,
    }


def test_a_checkout_of_today_is_open_though_its_card_was_declined(database: Database) -> None:
    now = int(time.time())
    before = checkouts_of_day(database, now)
    record(database, Order().facts("open", at=now, decline_code="expired_card"))
    assert gained(before, checkouts_of_day(database, now)) == {"people_began": 1, "open": 1}


def test_sums_are_what_the_orders_say_and_a_late_change_takes_them_back(
    database: Database, purse: Purse
) -> None:
    at = days_ago(70)
    order = Order()
    record(database, order.facts("processing", at=at))
    sum_all(purse)
    sums = summed(database, at)
    assert sums
    assert {name: sums[name] for name in checkouts_of_day(database, at)} == checkouts_of_day(
        database, at
    )
    # The same fact again changes nothing, and costs no sum.
    record(database, order.facts("processing", at=at))
    assert summed(database, at) == sums
    record(database, order.facts("paid", at=at + 20 * DAY_SECONDS))
    assert summed(database, at) is None
    sum_all(purse)
    again = summed(database, at)
    assert again
    assert gained(sums, again) == {"people_paid": 1, "paid": 1, "processing": -1}


def test_an_old_order_that_comes_in_late_takes_the_sums_of_its_day_back(
    database: Database, purse: Purse
) -> None:
    at = days_ago(80)
    record(database, Order().facts("paid", at=days_ago(81)))
    sum_all(purse)
    assert summed(database, at)
    record(database, Order().facts("paid", at=at))
    assert summed(database, at) is None


def test_days_are_not_added_up_while_their_orders_change(
    stack: RunningStack, database: Database, purse: Purse
) -> None:
    at = days_ago(90)
    order = Order()
    record(database, order.facts("processing", at=at))
    with stack.connect() as other, other.transaction():
        other.execute("update purchases set failed_at = now() where id = %s", [order.order_id])
        assert purse.refused("sum_conversion_days") == "55P03"
    sum_all(purse)
    sums = summed(database, at)
    assert sums
    assert {name: sums[name] for name in checkouts_of_day(database, at)} == checkouts_of_day(
        database, at
    )


def test_an_order_paid_twice_has_one_payment_that_came_again(database: Database) -> None:
    order = Order()
    facts = order.facts("paid")
    again = {**facts, "payment_intent_id": f"pi_again{order.suffix}"}
    record(database, facts, facts, again, again, facts)
    rows = database.execute(
        "select again from purchase_payments where purchase_id = %s order by again",
        [order.order_id],
    ).fetchall()
    assert [row["again"] for row in rows] == [False, True]
