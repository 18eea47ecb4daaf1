"""The desk's conversion: from the opened store to the payment, and why it did not come so far."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx

from tests import shop
from tests.database.ledger import record
from tests.desk import Desk, code
from tests.openapi import as_described
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]


def open_store(stack: RunningStack, user: User) -> httpx.Response:
    return as_described(stack.post("/api/packages", headers=user.auth))


def gained(before: Any, after: Any) -> dict[str, int]:
    old, new = before["total"], after["total"]
    return {name: new[name] - old[name] for name in new if new[name] != old[name]}


def reason(found: Any, name: str) -> dict[str, int]:
    none = {"orders": 0, "people": 0, "paid": 0}
    return next((row for row in found["declines"]["reasons"] if row["code"] == name), none)


def test_the_way_from_the_store_to_the_payment(admin: Desk, stack: RunningStack) -> None:
    before = admin.read("conversion", days="1")
    looks, begins, buys = (stack.sign_up() for _ in range(3))
    for user in (looks, begins, buys, buys):
        assert open_store(stack, user).status_code == httpx.codes.OK
    shop.begin(stack, begins)
    for _ in range(2):
        shop.buy(stack, buys)
    after = admin.read("conversion", days="1")
    assert gained(before, after) == {
        "opened": 3,
        "began": 2,
        "bought": 1,
        "paid": 2,
        "open": 1,
    }
    assert after["from"] == after["to"] == after["daily"][-1]["day"]
    assert after["daily"][-1]["opened"] == after["total"]["opened"]


def test_opening_the_store_is_counted_once_a_day(stack: RunningStack) -> None:
    user = stack.sign_up()
    assert open_store(stack, user).json() == {"counted": True}
    assert open_store(stack, user).json() == {"counted": False}


def test_reading_the_packs_counts_nobody(admin: Desk, stack: RunningStack) -> None:
    user = stack.sign_up()
    before = admin.read("conversion", days="1")
    stack.get("/api/packages", headers=user.auth)
    assert gained(before, admin.read("conversion", days="1")) == {}


def test_who_deleted_their_account_leaves_nothing(stack: RunningStack, database: Database) -> None:
    user = stack.sign_up()
    open_store(stack, user)
    deleted = httpx.request(
        "DELETE", f"{stack.site_url}/api/account", headers=user.auth, json={"balance": 0}
    )
    assert deleted.status_code == httpx.codes.OK
    assert code(open_store(stack, user)) == (403, "account_deleted")
    rows = database.execute("select from store_visits where user_id = %s", [user.id])
    assert rows.fetchall() == []


def test_declined_payments_are_counted_by_reason(admin: Desk, database: Database) -> None:
    before = admin.read("conversion")
    now = int(time.time())
    person = Order().user_id
    orders = [Order(user_id=person) for _ in range(2)] + [Order()]
    record(
        database,
        *(each.facts("open", at=now, decline_code="lost_card") for each in orders),
        # The latest decline counts.
        orders[2].facts("open", at=now + 1, decline_code="pin_try_exceeded"),
        orders[1].facts("paid", at=now + 2),
    )
    after = admin.read("conversion")
    for name, expected in (
        ("lost_card", {"orders": 2, "people": 1, "paid": 1}),
        ("pin_try_exceeded", {"orders": 1, "people": 1, "paid": 0}),
    ):
        old, new = reason(before, name), reason(after, name)
        assert {key: new[key] - old[key] for key in expected} == expected
    totals = ("orders", "people", "paid")
    assert {key: after["declines"][key] - before["declines"][key] for key in totals} == {
        "orders": 3,
        "people": 2,
        "paid": 1,
    }
    assert after["declines"]["cut_at"] is None


def test_the_figures_are_the_same_before_and_after_the_clean_up(
    admin: Desk, stack: RunningStack, database: Database
) -> None:
    shop.begin(stack, stack.sign_up())  # the first order decides which mode the ledger is of
    at = int(time.time()) - 40 * 24 * 60 * 60
    order = Order()
    record(database, order.facts("expired", at=at), Order().facts("paid", at=at))
    database.execute(
        "insert into store_visits (user_id, opened_at) values (%s, to_timestamp(%s))",
        [order.user_id, at],
    )
    before = admin.read("conversion", days="90")
    stack.clean_up()
    assert database.execute("select from checkout_days limit 1").fetchall()
    assert admin.read("conversion", days="90") == before


def test_it_is_for_staff_and_days_have_an_end(
    admin: Desk, supporter: Desk, stack: RunningStack, person: User
) -> None:
    assert supporter.read("conversion", days="366")
    assert code(Desk(stack, person).ask("conversion")) == (403, "not_staff")
    assert code(admin.ask("conversion", days="367")) == (400, "invalid_request")
