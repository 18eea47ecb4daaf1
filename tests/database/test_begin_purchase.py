"""begin_purchase, link_stripe_customer and refresh_credits."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.ledger import record
from tests.database.locks import waits
from tests.database.purse import Purse
from tests.stripe_events import Order
from tests.support import until

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


def begin(database: Database, user_id: str, package: str = "starter", limit: int = 10) -> Any:
    row = database.execute(
        "select begin_purchase(%s, %s, false, %s) as answer", [user_id, package, limit]
    ).fetchone()
    assert row is not None
    return row["answer"]


def read(database: Database, user_id: str, **arguments: Any) -> Any:
    row = database.execute(
        "select refresh_credits(%s, %s, %s, %s) as answer",
        [
            user_id,
            arguments.get("limit", 20),
            arguments.get("cursor"),
            arguments.get("session_id"),
        ],
    ).fetchone()
    assert row is not None
    return row["answer"]


def link(database: Database, user_id: str, customer: str) -> str:
    row = database.execute(
        "select link_stripe_customer(%s, false, %s) as answer", [user_id, customer]
    ).fetchone()
    assert row is not None
    customer_id: str = row["answer"]
    return customer_id


def renew(database: Database, user_id: str, key: str, gone: str | None = None) -> str:
    row = database.execute(
        "select renew_stripe_customer(%s, false, %s, %s)::text as answer", [user_id, key, gone]
    ).fetchone()
    assert row is not None
    new_key: str = row["answer"]
    return new_key


def test_an_order_is_recorded_at_the_price_of_the_moment(database: Database) -> None:
    user_id = str(uuid.uuid4())
    answer = begin(database, user_id, "creator")
    row = database.execute("select * from purchases where id = %s", [answer["order_id"]]).fetchone()
    assert row is not None
    assert (row["credits"], row["unit_amount"], row["currency"]) == (1500, 1499, "usd")
    assert (row["status"], row["credits_posted"]) == ("open", 0)
    assert answer["customer_id"] is None


@pytest.mark.parametrize("package", ["nonsense", "", "STARTER"])
def test_what_is_not_on_sale_is_not_found(database: Database, package: str) -> None:
    with pytest.raises(psycopg.DatabaseError) as refused:
        begin(database, str(uuid.uuid4()), package)
    assert refused.value.sqlstate == "PT404"


def test_the_limit_holds_under_parallel_clicks(stack: RunningStack) -> None:
    user_id = str(uuid.uuid4())

    def click(_: int) -> tuple[str, int]:
        with stack.connect() as database:
            try:
                begin(database, user_id, limit=10)
            except psycopg.DatabaseError as error:
                return str(error.sqlstate), int(error.diag.message_detail or 0)
            return "begun", 0

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(click, range(20)))
    assert sorted(outcome for outcome, _ in outcomes) == ["PT429"] * 10 + ["begun"] * 10
    assert all(1 <= seconds <= 60 for outcome, seconds in outcomes if outcome == "PT429")


def test_two_orders_at_once_are_counted_one_after_the_other(stack: RunningStack) -> None:
    """While the first is not committed the second must wait, or both would pass the limit."""
    user_id = str(uuid.uuid4())
    with (
        ThreadPoolExecutor(1) as pool,
        stack.connect() as first,
        stack.connect() as second,
        stack.connect() as observer,
    ):
        with first.transaction():
            begin(first, user_id, limit=1)
            outcome = pool.submit(begin, second, user_id, limit=1)
            until(lambda: outcome.done() or waits(observer, second), "the second waits")
        with pytest.raises(psycopg.DatabaseError) as refused:
            outcome.result(30)
    assert refused.value.sqlstate == "PT429"


def test_the_limit_is_each_users_own(database: Database) -> None:
    begin(database, str(uuid.uuid4()), limit=1)
    begin(database, str(uuid.uuid4()), limit=1)


def test_a_user_keeps_the_first_of_two_customers(database: Database) -> None:
    user_id, tag = str(uuid.uuid4()), uuid.uuid4().hex
    begin(database, user_id)
    assert link(database, user_id, f"cus_1{tag}") == f"cus_1{tag}"
    assert link(database, user_id, f"cus_2{tag}") == f"cus_1{tag}"
    assert begin(database, user_id)["customer_id"] == f"cus_1{tag}"


def test_parallel_orders_share_the_key_for_their_customer(database: Database) -> None:
    user_id = str(uuid.uuid4())
    keys = {begin(database, user_id)["customer_key"] for _ in range(3)}
    assert len(keys) == 1


def test_a_key_is_renewed_once_whoever_asks(database: Database) -> None:
    user_id, tag = str(uuid.uuid4()), uuid.uuid4().hex
    old = begin(database, user_id)["customer_key"]
    link(database, user_id, f"cus_1{tag}")
    new = renew(database, user_id, old, f"cus_1{tag}")
    assert new != old
    assert renew(database, user_id, old, f"cus_1{tag}") == new
    assert begin(database, user_id)["customer_id"] is None
    assert link(database, user_id, f"cus_2{tag}") == f"cus_2{tag}"
    assert renew(database, user_id, old, f"cus_1{tag}") == new
    assert begin(database, user_id)["customer_id"] == f"cus_2{tag}"


def test_a_failed_click_does_not_forget_the_customer_of_a_parallel_one(database: Database) -> None:
    user_id, tag = str(uuid.uuid4()), uuid.uuid4().hex
    key = begin(database, user_id)["customer_key"]
    link(database, user_id, f"cus_{tag}")
    assert renew(database, user_id, key) == key
    assert begin(database, user_id)["customer_id"] == f"cus_{tag}"


def test_somebody_new_has_nothing_and_no_history(database: Database) -> None:
    answer = read(database, str(uuid.uuid4()))
    usage = Purse(database).read(usage=True)["usage"]
    assert (usage["spent_per_day"], usage["days_left"]) == (0, None)
    assert [day["spent"] for day in usage["daily"]] == [0] * 30
    assert answer.pop("usage") is None
    assert answer == {
        "balance": 0,
        "held": 0,
        "available": 0,
        "low": True,
        "low_threshold": 15,
        "next_expiry": None,
        "transactions": [],
        "next_cursor": None,
        "payments": None,
        "balances": None,
        "purchase": None,
    }


def test_history_is_paged_without_gap_or_overlap(database: Database) -> None:
    user_id = str(uuid.uuid4())
    for amount in range(1, 8):
        order = Order(user_id=user_id, credits=amount)
        database.execute("select record_facts(%s)", [Jsonb(order.facts("paid"))])
    amounts, cursor = [], None
    for _ in range(3):
        page = read(database, user_id, limit=3, cursor=cursor)
        amounts += [entry["amount"] for entry in page["transactions"]]
        cursor = page["next_cursor"]
    assert amounts == [7, 6, 5, 4, 3, 2, 1]
    assert cursor is None


def test_a_last_page_that_is_full_has_no_next(database: Database) -> None:
    user_id = str(uuid.uuid4())
    for _ in range(3):
        database.execute("select record_facts(%s)", [Jsonb(Order(user_id=user_id).facts("paid"))])
    assert read(database, user_id, limit=3)["next_cursor"] is None


def test_a_session_is_shown_to_its_owner_only(database: Database) -> None:
    order = Order()
    database.execute("select record_facts(%s)", [Jsonb(order.facts("paid"))])
    own = read(database, order.user_id, session_id=order.session_id)["purchase"]
    assert (own["status"], own["credits"], own["credited"]) == ("paid", 500, 500)
    stranger = read(database, str(uuid.uuid4()), session_id=order.session_id)
    assert stranger["purchase"] is None


# Declines ----------------------------------------------------------------------------------------


def decline(database: Database, order: Order, *, minutes_ago: int) -> None:
    facts = order.facts("open", at=int(time.time()) - 60 * minutes_ago)
    record(database, {**facts, "decline_code": "card_declined"})


def minutes_closed(database: Database, user_id: str, limit: int) -> int | None:
    """Return the minutes until checkout opens again, None if it is open."""
    try:
        database.execute("select begin_purchase(%s, 'starter', false, 10, %s)", [user_id, limit])
    except psycopg.Error as error:
        seconds = (error.diag.message_detail or "").removeprefix("declines:")
        return round(int(seconds) / 60)
    return None


def test_checkout_opens_an_hour_after_the_decline_that_reached_the_limit(
    database: Database,
) -> None:
    orders = [Order() for _ in range(2)]
    orders[1] = replace(orders[1], user_id=orders[0].user_id)
    user_id = orders[0].user_id
    for minutes_ago in (70, 50, 30):
        decline(database, orders[0], minutes_ago=minutes_ago)
    assert minutes_closed(database, user_id, 3) is None
    decline(database, orders[1], minutes_ago=20)
    decline(database, orders[1], minutes_ago=20)
    assert minutes_closed(database, user_id, 3) == 10
    assert minutes_closed(database, user_id, 2) == 30
    assert minutes_closed(database, user_id, 4) is None
    assert minutes_closed(database, Order().user_id, 1) is None


def test_checkouts_are_closed_only_at_the_limit(database: Database) -> None:
    order = Order()
    decline(database, order, minutes_ago=1)
    row = database.execute(
        "select checkouts_to_close(%(order)s, 2) as below, checkouts_to_close(%(order)s, 1) as at",
        {"order": order.order_id},
    ).fetchone()
    assert row is not None
    assert row["below"] == []
    assert len(row["at"]) <= 1
