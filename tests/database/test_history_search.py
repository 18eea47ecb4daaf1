"""History: what an entry says, and choosing entries by kind, feature and text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api._lib.credits.history import KINDS
from tests.database.ledger import kinds, record
from tests.database.purse import Purse, key
from tests.database.written import written_ledger
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def file_for(purse: Purse, name: str, feature: str = "txt_upload") -> str:
    """Pay for a file; return its id."""
    begun = purse.call(
        "begin_file", *(purse.user_id, feature, name, 10, "text/plain", key(), 900, [])
    )["file"]
    row = purse.database.execute(
        "select hold_id::text from files where id = %s", [begun["id"]]
    ).fetchone()
    assert row is not None
    purse.capture(row["hold_id"])
    file_id: str = begun["id"]
    return file_id


def found(purse: Purse, *, limit: int = 50, cursor: str | None = None, **chosen: Any) -> Any:
    """Search; kinds, feature and query choose."""
    return purse.call(
        "refresh_credits",
        *(purse.user_id, limit, cursor and int(cursor), None, None, False, 0),
        *(chosen.get("kinds"), chosen.get("feature"), chosen.get("query")),
    )


def descriptions(answer: Any) -> list[str]:
    return [entry["description"] for entry in answer["transactions"]]


# What an entry says ------------------------------------------------------------------------------


def test_a_spend_names_its_file_and_feature(purse: Purse) -> None:
    purse.buy(100)
    file_for(purse, "Harbour.txt")
    purse.spend()
    other, spent, bought = purse.read()["transactions"]
    assert (spent["file_name"], spent["feature_name"]) == ("Harbour.txt", "Text upload")
    assert (other["file_name"], other["feature_name"]) == (None, "DOCX processing")
    assert (bought["file_name"], bought["feature_name"]) == (None, None)


def test_a_file_that_was_deleted_has_no_name(purse: Purse) -> None:
    purse.buy(100)
    file_id = file_for(purse, "Harbour.txt")
    purse.database.execute("update files set deleted_at = now() where id = %s", [file_id])
    assert purse.read()["transactions"][0]["file_name"] is None
    assert found(purse, query="harbour")["transactions"] == []


def test_a_purchase_says_what_was_paid(purse: Purse) -> None:
    order = Order(user_id=purse.user_id, unit_amount=49_900, currency="jpy")
    record(purse.database, order.facts("paid", amount_paid=39_900, amount_discount=10_000))
    purse.spend()
    spent, bought = purse.read()["transactions"]
    assert bought["price"] == {"amount": 39_900, "currency": "jpy", "decimals": 0}
    assert spent["price"] is None


def test_a_purchase_that_moved_away_keeps_its_price_with_its_owner(purse: Purse) -> None:
    owner = Purse(purse.database)
    purse.buy(100)
    purse.call("move_purse", *(purse.user_id, owner.user_id, "ann", "signed up"))
    assert [entry["price"] for entry in purse.read()["transactions"]] == [None, None]
    [moved] = owner.read()["transactions"]
    assert moved["price"] == {"amount": 100, "currency": "usd", "decimals": 2}


# Choosing ----------------------------------------------------------------------------------------


def test_the_kinds_of_the_api_are_those_of_the_ledger(database: Database) -> None:
    assert sorted(KINDS) == kinds(database)


def test_by_kind(purse: Purse) -> None:
    purse.buy(100)
    spent = purse.spend()
    purse.reverse(spent["transaction_id"])
    purse.grant(5)
    kinds = [
        [entry["kind"] for entry in found(purse, kinds=kinds)["transactions"]]
        for kinds in (["spend"], ["bonus", "purchase"], ["expiry"])
    ]
    assert kinds == [["spend"], ["bonus", "purchase"], []]


def test_by_feature_with_what_was_undone(purse: Purse) -> None:
    purse.buy(100)
    purse.reverse(purse.spend()["transaction_id"])
    purse.spend(feature="txt_upload")
    entries = found(purse, feature="docx_processing")["transactions"]
    assert [entry["kind"] for entry in entries] == ["reversal", "spend"]


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("STARTER", ["Starter"]),
        ("text up", ["Text upload"]),
        ("docx", ["DOCX processing"]),
        ("harbour.TXT", ["Text upload"]),
        ("welcome", ["Welcome back"]),
        ("100%", ["100% off_"]),
        ("off_", ["100% off_"]),
        ("f%", []),
        ("nothing like it", []),
    ],
)
def test_by_what_a_person_sees(purse: Purse, query: str, what: list[str]) -> None:
    purse.buy(100)
    file_for(purse, "Harbour.txt")
    purse.spend()
    purse.grant(5, reason="Welcome back")
    purse.grant(5, reason="100% off_")
    assert descriptions(found(purse, query=query)) == what


def test_all_choices_together(purse: Purse) -> None:
    purse.buy(100)
    file_for(purse, "one.txt")
    file_for(purse, "one.docx", feature="docx_processing")
    purse.spend(feature="txt_upload")
    chosen = found(purse, kinds=["spend"], feature="txt_upload", query="one")
    assert [entry["file_name"] for entry in chosen["transactions"]] == ["one.txt"]


def test_nobody_finds_anothers_entries(purse: Purse) -> None:
    purse.buy(100)
    file_for(purse, "Harbour.txt")
    assert found(Purse(purse.database), query="harbour")["transactions"] == []


def test_a_page_ends_after_5_000_entries_and_the_next_goes_on(database: Database) -> None:
    with written_ledger(database) as ledger:
        row = database.execute("select now() as at").fetchone()
        assert row is not None
        oldest = ledger.write(5, row["at"], reason="The very first")
        database.execute(
            """
            insert into credit_transactions (
                user_id, kind, amount, balance_after, lots, feature, quantity
            )
            select %s, 'spend', -1, 5 - n, '{}', 'txt_upload', 1 from generate_series(1, 5000) n
            """,
            [ledger.purse.user_id],
        )
        first = found(ledger.purse, query="very first")
        assert first["transactions"] == []
        second = found(ledger.purse, query="very first", cursor=first["next_cursor"])
        assert [entry["id"] for entry in second["transactions"]] == [oldest]
        assert second["next_cursor"] is None
        # By kind alone nothing has to be looked up, so a page looks at more.
        by_kind = found(ledger.purse, kinds=["bonus"])
        assert [entry["id"] for entry in by_kind["transactions"]] == [oldest]
        assert by_kind["next_cursor"] is None


# The table of one's own --------------------------------------------------------------------------


def test_the_export_has_a_row_for_each_entry(purse: Purse) -> None:
    order = purse.buy(100)
    file_for(purse, "Harbour.txt")
    rows = purse.call("export_history", *(purse.user_id, None, 10))
    assert [
        (row["what"], row["kind"], row["feature"], row["quantity"], row["credits"], row["balance"])
        for row in rows
    ] == [
        ("Harbour.txt", "spend", "Text upload", 1, -3, 97),
        ("Starter", "purchase", None, None, 100, 100),
    ]
    assert rows[1]["price"] == {"amount": 100, "currency": "usd"}
    assert rows[1]["order_id"] == order.order_id
    later = purse.call("export_history", *(purse.user_id, int(rows[0]["id"]), 10))
    assert later == rows[1:]
