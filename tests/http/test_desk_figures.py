"""What the desk counts: today's work, money, and use."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.books.balance import about, movement, read
from tests.books.ledger import Books
from tests.database.ledger import record
from tests.database.purse import Purse
from tests.desk import Desk, code
from tests.stripe_events import Order, Reversal, event

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import User


def test_today_counts_money_and_names_what_needs_a_person(
    admin: Desk, database: Connection[dict[str, Any]]
) -> None:
    before = _usd(admin.read("today"))
    buyer = admin.stack.sign_up()
    paid = Order(user_id=buyer.id)
    admin.stack.deliver(event("checkout.session.completed", paid.session()))
    pending = Order(user_id=buyer.id)
    admin.stack.deliver(event("checkout.session.completed", pending.session("complete", "unpaid")))
    odd = Order(user_id=buyer.id)
    session = {**odd.session(), "amount_subtotal": 1, "amount_total": 1}
    admin.stack.deliver(event("checkout.session.completed", session))
    # Lists show the twenty oldest, and property tests leave orders of the year 1970.
    for column, order in (("processing_at", pending), ("created_at", odd)):
        database.execute(
            f"update purchases set {column} = '0001-01-01' where id = %s", [order.order_id]
        )
    found = admin.read("today")
    after = _usd(found)
    # The odd payment of a cent is money as well.
    assert after["purchases"] - before["purchases"] == 2
    assert after["paid"] - before["paid"] == 499 + 1
    mine = [row for row in found["pending"] if row["order_id"] == pending.order_id]
    assert [(row["email"], row["amount"]) for row in mine] == [(buyer.email, 499)]
    assert odd.order_id in [row["order_id"] for row in found["mismatches"]]
    assert found["webhook"]["last_type"] == "checkout.session.completed"
    assert found["balances"]["off"] == []
    assert found["balances"]["checked"] > 0


def test_a_balance_that_does_not_add_up_is_named(
    admin: Desk, person: User, database: Connection[dict[str, Any]]
) -> None:
    database.execute("update user_credits set balance = 777 where user_id = %s", [person.id])
    try:
        (off,) = admin.read("today")["balances"]["off"]
        assert off == {"user_id": person.id, "balance": 777, "ledger": 500, "lots": 500}
        (found,) = admin.read("checks")["balances_off"]
        assert found["user_id"] == person.id
    finally:
        database.execute("update user_credits set balance = 500 where user_id = %s", [person.id])
    assert admin.read("checks")["balances_off"] == []


def _usd(found: Any) -> dict[str, int]:
    none = {"purchases": 0, "paid": 0}
    return next((row for row in found["money"]["today"] if row["currency"] == "usd"), none)


def test_money_counts_by_day_pack_and_currency(admin: Desk) -> None:
    before = admin.read("money", days="1")
    buyer = admin.stack.sign_up()
    euros = Order(user_id=buyer.id, currency="eur", unit_amount=1000, package_id="euro_pack")
    order = Order(user_id=buyer.id)
    for each in (euros, order):
        admin.stack.deliver(event("checkout.session.completed", each.session()))
    after = admin.read("money", days="1")
    assert after["from"] == after["to"]
    assert _row(after["currencies"], currency="eur")["paid"] - _paid(before, "eur") == 1000
    assert _row(after["currencies"], currency="usd")["paid"] - _paid(before, "usd") == 499
    (day,) = (row for row in after["daily"] if row["currency"] == "eur")
    assert day["day"] == after["to"]
    pack = _row(after["packs"], package_id="euro_pack")
    # The pack is not on sale any more, so it has no name.
    assert (pack["name"], pack["paid"]) == ("euro_pack", 1000)


def test_money_of_others_does_not_count_and_a_second_payment_does(
    admin: Desk, database: Connection[dict[str, Any]]
) -> None:
    before = (_usd(admin.read("today")), _row(admin.read("money")["currencies"], currency="usd"))
    now = int(time.time())
    others, order = Order(), Order()
    again = {"payment_intent_id": f"pi_again{order.suffix}", "amount_paid": 700}
    twice = {**Reversal(order).refund(700), "payment_intent_id": again["payment_intent_id"]}
    record(
        database,
        *(
            {**Reversal(others).refund(100), "occurred_at": now},
            {**Reversal(others).dispute(200, moves=1), "occurred_at": now},
            order.facts("paid", at=now),
            order.facts("paid", at=now, **again),
            {**twice, "occurred_at": now},
        ),
    )
    after = (_usd(admin.read("today")), _row(admin.read("money")["currencies"], currency="usd"))
    for one, other, names in zip(
        before, after, (("refunded", "disputed"), ("refunded",)), strict=True
    ):
        gained = {name: other[name] - one.get(name, 0) for name in ("purchases", "paid", *names)}
        assert gained == {
            **dict.fromkeys(names, 0),
            "purchases": 1,
            "paid": 499 + 700,
            "refunded": 700,
        }


def test_money_after_stripes_fees(admin: Desk, database: Connection[dict[str, Any]]) -> None:
    """An order's payment and refund, Stripe's own fee, and a payment that is not ours."""
    now = datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    before = _row(admin.read("money", days="1")["stripe"], currency="usd")
    order = Order()
    record(database, order.facts("paid", at=int(time.time())))
    books = Books(database, admin.stack.database_url)
    read(
        books,
        about(order, "charge", 499, fee=44, at=now),
        about(order, "refund", -100, at=now),
        about(Order(), "charge", 1000, fee=59, at=now),
        movement("fee", -30, at=now),
        movement("payout", -200, at=now),
    )
    after = _row(admin.read("money", days="1")["stripe"], currency="usd")
    gained = {name: after[name] - before.get(name, 0) for name in ("gross", "fees")}
    assert gained == {"gross": 399, "fees": 74}
    assert after["decimals"] == 2


def test_days_without_end_are_refused(admin: Desk) -> None:
    for days in ("0", "367", "-1", "1.5", "x", "9" * 30):
        assert code(admin.ask("money", days=days)) == (400, "invalid_request")
    assert admin.read("money", days="366")


def test_use_counts_by_feature_day_and_person_less_what_was_undone(
    admin: Desk, person: User, database: Connection[dict[str, Any]]
) -> None:
    before = admin.read("use")
    purse = Purse(database, person.id)
    # The ten who used most are shown, and others have used this stack too.
    purse.grant(50_000)
    purse.spend(9_000)
    purse.reverse(purse.spend(3)["transaction_id"])
    after = admin.read("use")
    kind = {"feature": "docx_processing"}
    assert after["cut_at"] is None
    uses = _row(after["features"], **kind)["uses"] - _row(before["features"], **kind)["uses"]
    assert uses == 9_000
    mine = _row(after["people"], user_id=person.id)
    assert (mine["email"], mine["uses"], mine["credits"]) == (person.email, 9_000, 45_000)


def _row(rows: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    """Return the row with these values; one of zeros if there is none."""
    none = {"paid": 0, "uses": 0, "credits": 0}
    return next((row for row in rows if wanted.items() <= row.items()), none)


def _paid(money: Any, currency: str) -> int:
    paid: int = _row(money["currencies"], currency=currency)["paid"]
    return paid
