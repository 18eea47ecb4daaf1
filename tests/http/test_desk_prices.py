"""Packs and features, changed at the desk."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk import Desk, code
from tests.openapi import as_described

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

PACK: dict[str, Any] = {
    "name": "Team",
    "credits": 9000,
    "unit_amount": 6900,
    "currency": "usd",
    "valid_days": None,
    "active": True,
    "sort_order": 9,
}


@pytest.fixture(autouse=True)
def the_same_prices_after(database: Database) -> Iterator[None]:
    """Give the other tests the prices they know."""
    kept = {
        table: database.execute(f"select * from {table}").fetchall()
        for table in ("credit_packages", "credit_features", "package_prices")
    }
    yield
    for table, rows in kept.items():
        database.execute(f"delete from {table}")
        for row in rows:
            names = ", ".join(row)
            places = ", ".join(["%s"] * len(row))
            database.execute(
                f"insert into {table} ({names}) values ({places})",
                list(row.values()),
            )


def change(desk: Desk, *, key: str | None = None, **body: Any) -> httpx.Response:
    asked = {"action": "set_pack", "shown": None, "reason": "A bigger pack", **body}
    headers = {**desk.staff.auth, "Idempotency-Key": key or secrets.token_hex(8)}
    return as_described(desk.stack.post("/api/admin/prices", json=asked, headers=headers))


def shown(desk: Desk, kind: str, id_: str) -> dict[str, Any]:
    (row,) = (row for row in desk.read("prices")[kind] if row["id"] == id_)
    return {name: value for name, value in row.items() if name != "decimals"}


def on_sale(desk: Desk) -> dict[str, int]:
    catalogue = desk.stack.get("/api/packages").json()
    return {pack["id"]: pack["unit_amount"] for pack in catalogue["packages"]}


def test_a_pack_is_added_changed_and_taken_off_sale(admin: Desk, database: Database) -> None:
    added = change(admin, id="team", values=PACK).json()
    assert (added["before"], added["after"]["unit_amount"]) == (None, 6900)
    assert on_sale(admin)["team"] == 6900
    cheaper = {**PACK, "unit_amount": 5900, "valid_days": 365}
    before = shown(admin, "packs", "team")
    changed = change(admin, id="team", values=cheaper, shown=before).json()
    assert changed["before"] == before
    assert on_sale(admin)["team"] == 5900
    off = {**cheaper, "active": False}
    change(admin, id="team", values=off, shown=shown(admin, "packs", "team"))
    assert "team" not in on_sale(admin)
    assert shown(admin, "packs", "team")["active"] is False
    rows = database.execute(
        "select action, reason, user_id, arguments->>'unit_amount' as amount from admin_actions"
        " where actor_id = %s order by id desc limit 3",
        [admin.staff.id],
    ).fetchall()
    assert [row["amount"] for row in rows] == ["5900", "5900", "6900"]
    assert {(row["action"], row["reason"], row["user_id"]) for row in rows} == {
        ("set_pack", "A bigger pack", None)
    }


def test_a_feature_costs_what_the_desk_says_from_the_next_use_on(admin: Desk) -> None:
    before = shown(admin, "features", "docx_processing")
    values = {**before, "credits": 7}
    done = change(admin, action="set_feature", id="docx_processing", values=values, shown=before)
    assert done.json()["after"]["credits"] == 7
    person = admin.stack.sign_up()
    admin.done("grant", person, credits=10)
    spent = admin.stack.post(
        "/api/credits",
        json={"feature": "docx_processing"},
        headers={**person.auth, "Idempotency-Key": "k"},
    )
    assert spent.json()["spent"] == 7


def test_the_second_click_changes_nothing_more(admin: Desk) -> None:
    first = change(admin, id="team", values=PACK, key="one-click")
    again = change(admin, id="team", values=PACK, key="one-click")
    assert again.json() == {**first.json(), "replayed": True}
    other = change(admin, id="team", values={**PACK, "credits": 1}, key="one-click")
    assert code(other) == (409, "idempotency_key_reused")


def test_a_colleagues_change_in_between_is_not_overwritten(admin: Desk) -> None:
    before = shown(admin, "packs", "starter")
    change(admin, id="starter", values={**before, "unit_amount": 599}, shown=before)
    late = change(admin, id="starter", values={**before, "unit_amount": 399}, shown=before)
    assert code(late) == (409, "price_changed")
    new = change(admin, id="starter", values=PACK)
    assert code(new) == (409, "price_changed")
    assert on_sale(admin)["starter"] == 599


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"unit_amount": 10}, "unsellable_price"),
        ({"currency": "xxx"}, "unsellable_price"),
        ({"currency": "isk", "unit_amount": 10050}, "unsellable_price"),
        ({"currency": "USD"}, "invalid_request"),
        ({"currency": None}, "invalid_request"),
        ({"unit_amount": 4.99}, "invalid_request"),
        ({"unit_amount": 0}, "invalid_request"),
        ({"credits": 0}, "invalid_request"),
        ({"credits": "9000"}, "invalid_request"),
        ({"name": ""}, "invalid_request"),
        ({"name": "x" * 81}, "invalid_request"),
        ({"valid_days": 0}, "invalid_request"),
        ({"active": "yes"}, "invalid_request"),
        ({"sort_order": None}, "invalid_request"),
    ],
)
def test_what_cannot_be_sold_is_refused(admin: Desk, wrong: dict[str, Any], error: str) -> None:
    assert code(change(admin, id="team", values={**PACK, **wrong})) == (400, error)
    assert "team" not in on_sale(admin)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "Team"},
        {"id": "a b"},
        {"id": None},
        {"values": []},
        {"shown": "x"},
        {"action": "grant"},
        {"reason": " "},
    ],
)
def test_what_makes_no_sense_is_refused(admin: Desk, wrong: dict[str, Any]) -> None:
    answer = change(admin, **{"id": "team", "values": PACK, **wrong})
    assert code(answer) == (400, "invalid_request")


def test_support_reads_prices_and_changes_none(
    admin: Desk, supporter: Desk, stack: RunningStack
) -> None:
    assert supporter.read("prices")["packs"]
    assert code(change(supporter, id="team", values=PACK)) == (403, "admins_only")
    nobody = Desk(stack, stack.sign_up())
    assert code(change(nobody, id="team", values=PACK)) == (403, "not_staff")
    assert code(nobody.ask("prices")) == (403, "not_staff")
    assert "team" not in on_sale(admin)


def test_markup_in_a_packs_name_is_text(admin: Desk) -> None:
    named = {**PACK, "name": "<b>Team</b>"}
    assert change(admin, id="team", values=named).json()["after"]["name"] == "<b>Team</b>"


def set_prices(desk: Desk, prices: Any, shown: Any, **more: Any) -> httpx.Response:
    before = None if shown is None else {"id": more.get("id", "starter"), "prices": shown}
    asked = {"action": "set_prices", "id": "starter", "values": {"prices": prices}, **more}
    return change(desk, **asked, shown=before)


def further(desk: Desk, pack: str = "starter") -> dict[str, int]:
    catalogue = desk.stack.get("/api/packages").json()
    (prices,) = (each["prices"] for each in catalogue["packages"] if each["id"] == pack)
    return {each["currency"]: each["unit_amount"] for each in prices[1:]}


def test_further_prices_are_set_changed_and_taken_away(admin: Desk, database: Database) -> None:
    first = set_prices(admin, {"eur": 449, "jpy": 700}, {}).json()
    assert (first["before"], first["after"]) == (
        {"id": "starter", "prices": {}},
        {"id": "starter", "prices": {"eur": 449, "jpy": 700}},
    )
    assert further(admin) == {"eur": 449, "jpy": 700}
    listed = admin.read("prices")["further_prices"]
    assert [each for each in listed if each["package_id"] == "starter"] == [
        {"package_id": "starter", "currency": "eur", "unit_amount": 449, "decimals": 2},
        {"package_id": "starter", "currency": "jpy", "unit_amount": 700, "decimals": 0},
    ]
    set_prices(admin, {"eur": 459, "kwd": 1530}, {"eur": 449, "jpy": 700})
    assert further(admin) == {"eur": 459, "kwd": 1530}
    set_prices(admin, {}, {"eur": 459, "kwd": 1530})
    assert further(admin) == {}
    rows = database.execute(
        "select action, arguments, reason from admin_actions where actor_id = %s"
        " order by id desc limit 3",
        [admin.staff.id],
    ).fetchall()
    assert [row["arguments"]["prices"] for row in rows] == [
        {},
        {"eur": 459, "kwd": 1530},
        {"eur": 449, "jpy": 700},
    ]
    assert {(row["action"], row["arguments"]["id"], row["reason"]) for row in rows} == {
        ("set_prices", "starter", "A bigger pack")
    }


def test_the_second_click_sets_further_prices_once(admin: Desk) -> None:
    first = set_prices(admin, {"eur": 449}, {}, key="one-click-of-prices")
    again = set_prices(admin, {"eur": 449}, {}, key="one-click-of-prices")
    assert again.json() == {**first.json(), "replayed": True}


def test_a_colleagues_further_price_in_between_is_not_lost(admin: Desk) -> None:
    set_prices(admin, {"eur": 449}, {})
    assert code(set_prices(admin, {"jpy": 700}, {})) == (409, "price_changed")
    assert code(set_prices(admin, {"jpy": 700}, None)) == (409, "price_changed")
    assert further(admin) == {"eur": 449}


@pytest.mark.parametrize(
    ("prices", "error"),
    [
        ({"eur": 10}, "unsellable_price"),
        ({"xxx": 500}, "unsellable_price"),
        ({"eur": 449, "isk": 10050}, "unsellable_price"),
        ({"bhd": 1001}, "unsellable_price"),
        ({"EUR": 449}, "invalid_request"),
        ({"eur": 4.49}, "invalid_request"),
        ({"eur": "449"}, "invalid_request"),
        ({"eur": None}, "invalid_request"),
        ({"eur": 0}, "invalid_request"),
        ([], "invalid_request"),
        (None, "invalid_request"),
    ],
)
def test_a_further_price_that_cannot_be_sold_is_refused(
    admin: Desk, prices: Any, error: str
) -> None:
    assert code(set_prices(admin, prices, {})) == (400, error)
    assert further(admin) == {}


def test_a_pack_has_one_price_in_a_currency(admin: Desk) -> None:
    assert code(set_prices(admin, {"usd": 399}, {})) == (409, "currency_taken")
    set_prices(admin, {"eur": 449}, {})
    before = shown(admin, "packs", "starter")
    moved = change(admin, id="starter", values={**before, "currency": "eur"}, shown=before)
    assert code(moved) == (409, "currency_taken")


def test_further_prices_need_a_pack_and_an_admin(admin: Desk, supporter: Desk) -> None:
    assert code(set_prices(admin, {"eur": 449}, {}, id="nothing")) == (404, "unknown_package")
    assert code(set_prices(supporter, {"eur": 449}, {})) == (403, "admins_only")
    assert further(admin) == {}
