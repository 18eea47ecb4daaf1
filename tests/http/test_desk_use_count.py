"""The figures about use that are counted once a day: free credits, and the age of those left."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import pytest

from api._lib.desk.use_count import count_use
from tests.database.campaigns import campaign
from tests.database.purse import Purse
from tests.desk import Desk, code
from tests.openapi import as_described
from tests.stripe_events import Order, event

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


def counted(desk: Desk) -> Any:
    """Count anew; return the figures."""
    answer = as_described(desk.stack.post("/api/admin/use", headers=desk.staff.auth))
    assert answer.status_code == 200, answer.text
    return answer.json()["counted"]


def of_name(figures: Any, name: str | None) -> list[dict[str, Any]]:
    return [row for row in figures["sources"] if row["name"] == name]


def gained(before: Any, after: Any) -> dict[str, int]:
    """Return what was added in all, over days."""
    names = ("given", "used", "expired", "remain")
    return {
        name: sum(row[name] for row in after["daily"]) - sum(row[name] for row in before["daily"])
        for name in names
    }


def aged(before: Any, after: Any, kind: str) -> list[int]:
    return [new[kind] - old[kind] for old, new in zip(before["ages"], after["ages"], strict=True)]


def lots_date_back(database: Database, purse: Purse, days: int) -> None:
    database.execute(
        "update credit_lot_rows set created_at = created_at - make_interval(days => %s)"
        " where user_id = %s",
        [days, purse.user_id],
    )


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def test_what_was_given_is_counted_by_day_and_by_what_became_of_it(
    supporter: Desk, purse: Purse
) -> None:
    before = counted(supporter)
    # More than anything else that this stack has given: the twenty largest have names.
    million, name = 1_000_000, f"Fair {secrets.token_hex(4)}"
    purse.grant(10 * million, reason=name)
    purse.grant(2 * million, reason=name, days=2)
    purse.spend(60_000)  # at 5 credits, of what expires first
    purse.hold(20_000)  # held is not used
    purse.database.execute(
        "update credit_lot_rows set expires_at = now()"
        " where user_id = %s and expires_at is not null",
        [purse.user_id],
    )
    after = counted(supporter)
    assert gained(before, after) == {
        "given": 12 * million,
        "used": 300_000,
        # Not written yet, but expired; but for what is held.
        "expired": 1_600_000,
        "remain": 10_100_000,
    }
    assert of_name(after, name) == [
        {
            "source": "grant",
            "name": name,
            "given": 12 * million,
            "used": 300_000,
            "expired": 1_600_000,
            "remain": 10_100_000,
        }
    ]
    # What is counted is kept, and the page shows it with its time.
    assert supporter.read("use")["counted"] == after
    assert after["at"] > before["at"]
    purse.adds_up()


def test_a_purchase_is_not_free_and_one_at_no_charge_is(admin: Desk) -> None:
    before = counted(admin)
    buyer = admin.stack.sign_up()
    admin.stack.deliver(event("checkout.session.completed", Order(user_id=buyer.id).session()))
    after = counted(admin)
    assert gained(before, after)["given"] == 0
    assert aged(before, after, "paid") == [500, 0, 0, 0, 0]
    free = Order(user_id=buyer.id, credits=3_000_000, package_name="Gratis")
    session = {**free.session(), "amount_total": 0, "payment_intent": None}
    admin.stack.deliver(event("checkout.session.completed", session))
    free_too = counted(admin)
    assert gained(after, free_too)["given"] == 3_000_000
    assert [row["source"] for row in of_name(free_too, "Gratis")] == ["order"]
    assert aged(after, free_too, "free") == [3_000_000, 0, 0, 0, 0]
    assert aged(after, free_too, "paid") == [0, 0, 0, 0, 0]


def test_sources_are_told_apart(admin: Desk, database: Database, stack: RunningStack) -> None:
    suffix, million = secrets.token_hex(4), 1_000_000
    person = stack.sign_up()
    made = campaign(database, credits=4 * million, name=f"Code {suffix}")
    redeemed = stack.post("/api/redeem", json={"code": made.code}, headers=person.auth)
    assert redeemed.status_code == 200, redeemed.text
    csv = f"person,credits\n{person.email},{5 * million}\n"
    sent = stack.post(
        "/api/admin/grants",
        json={"campaign": f"File {suffix}", "reason": "why", "csv": csv},
        headers={**admin.staff.auth, "Idempotency-Key": suffix},
    )
    assert sent.json()["granted"] == 1
    admin.done("grant", person, credits=6 * million, reason=f"Grant {suffix}")
    admin.done("correct", person, credits=7 * million, reason=f"Correction {suffix}")
    other = Purse(database)
    other.call("grant_signup_bonus", other.user_id, f"{suffix}@example.com", 8 * million)
    figures = counted(admin)
    found = {
        row["name"]: (row["source"], row["given"])
        for row in figures["sources"]
        if row["name"] and row["name"].endswith(suffix)
    }
    assert found == {
        f"Code {suffix}": ("code", 4 * million),
        f"File {suffix}": ("file", 5 * million),
        f"Grant {suffix}": ("grant", 6 * million),
        f"Correction {suffix}": ("correction", 7 * million),
    }
    (welcome,) = of_name(figures, "Welcome")
    assert welcome["source"] == "signup"
    assert welcome["given"] >= 8 * million


def test_gifts_of_which_there_are_many_names_are_added_up_by_source(
    admin: Desk, purse: Purse
) -> None:
    for number in range(25):
        purse.grant(1, reason=f"A reason of its own, {number}, {purse.user_id}")
    figures = counted(admin)
    assert len([row for row in figures["sources"] if row["name"]]) <= 20
    rest = [row for row in figures["sources"] if row["name"] is None]
    assert sum(row["given"] for row in rest if row["source"] == "grant") >= 5
    # Nothing is lost: days and sources add up to the same.
    for name in ("given", "used", "expired", "remain"):
        assert sum(row[name] for row in figures["sources"]) == sum(
            row[name] for row in figures["daily"]
        )


@pytest.mark.parametrize(
    ("days", "place"),
    [(0, 0), (30, 0), (31, 1), (90, 1), (91, 2), (180, 2), (181, 3), (365, 3), (366, 4), (4000, 4)],
)
def test_credits_left_are_counted_by_the_age_of_their_lot(
    admin: Desk, purse: Purse, database: Database, days: int, place: int
) -> None:
    before = counted(admin)
    purse.buy(500)
    purse.grant(40)
    purse.spend(2)
    lots_date_back(database, purse, days)
    after = counted(admin)
    assert sum(aged(before, after, "paid")) + sum(aged(before, after, "free")) == 530
    for kind in ("paid", "free"):
        assert [bool(each) for each in aged(before, after, kind)] == [
            at == place for at in range(5)
        ]


def test_debts_are_not_taken_off_what_others_have_left(admin: Desk, purse: Purse) -> None:
    before = counted(admin)
    order = purse.buy(500)
    purse.spend(100)
    purse.refund(order, 500)
    assert purse.balance == -500
    after = counted(admin)
    assert [aged(before, after, kind) for kind in ("paid", "free")] == [[0] * 5, [0] * 5]


def test_what_expires_within_thirty_days_is_counted(admin: Desk, purse: Purse) -> None:
    before = counted(admin)["expiring"]
    purse.grant(7, days=29)
    purse.grant(100, days=31)
    purse.grant(1000)
    purse.database.execute(
        "update credit_lot_rows set expires_at = now() + interval '3 days' where id in"
        " (select id from credit_lots where user_id = %s and granted = 1000)",
        [purse.user_id],
    )
    after = counted(admin)["expiring"]
    assert (after["free"] - before["free"], after["paid"] - before["paid"]) == (1007, 0)


def test_free_credits_are_valued_at_what_a_credit_cost_in_each_currency(
    admin: Desk, purse: Purse
) -> None:
    before = counted(admin)
    buyer = admin.stack.sign_up()
    order = Order(user_id=buyer.id, currency="eur", unit_amount=1000, credits=100)
    admin.stack.deliver(event("checkout.session.completed", order.session()))
    purse.grant(50)
    purse.spend(3)
    after = counted(admin)

    def euros(figures: Any) -> dict[str, Any]:
        none = {"orders": 0, "paid": 0, "credits": 0}
        return next((row for row in figures["prices"] if row["currency"] == "eur"), none)

    used = sum(row["used"] for row in after["daily"])
    assert euros(after)["orders"] - euros(before)["orders"] == 1
    assert euros(after)["paid"] - euros(before)["paid"] == 1000
    assert euros(after)["credits"] - euros(before)["credits"] == 100
    assert gained(before, after)["used"] == 15
    assert euros(after)["value"] == used * euros(after)["paid"] // euros(after)["credits"]
    assert euros(after)["decimals"] == 2


def test_only_staff_count(stack: RunningStack, admin: Desk) -> None:
    nobody = stack.sign_up()
    refused = as_described(stack.post("/api/admin/use", headers=nobody.auth))
    assert code(refused) == (403, "not_staff")
    assert code(as_described(stack.post("/api/admin/use"))) == (401, "unauthorized")
    assert counted(admin)


def test_the_daily_job_counts(stack: RunningStack, admin: Desk, purse: Purse) -> None:
    before = counted(admin)
    purse.grant(11)
    stack.clean_up()
    after = admin.read("use")["counted"]
    assert gained(before, after)["given"] == 11


def test_a_count_that_cannot_be_kept_leaves_the_last_one_and_comes_next_time(
    stack: RunningStack, admin: Desk
) -> None:
    before = counted(admin)
    with stack.connect() as holder, holder.transaction():
        holder.execute("select from purse.use_figures for update")
        assert not stack.scheduled("/api/cleanup").json()["complete"]
        assert admin.read("use")["counted"] == before
    stack.clean_up()
    assert admin.read("use")["counted"]["at"] > before["at"]


def test_while_somebody_counts_others_get_the_last_count(stack: RunningStack, admin: Desk) -> None:
    before = counted(admin)
    with stack.connect() as holder, holder.transaction():
        holder.execute("select pg_advisory_xact_lock(hashtextextended('count_use', 0))")
        assert counted(admin) == before
    assert counted(admin)["at"] > before["at"]


def test_a_count_that_could_end_too_late_is_not_begun() -> None:
    assert not count_use(before=time.monotonic() + 1)
