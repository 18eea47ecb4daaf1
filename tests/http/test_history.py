"""GET /api/credits: choosing entries, payments and balances; and the history as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from api._lib.credits import export
from api._lib.http_client import supabase_http
from api._lib.settings import settings
from local.environment import functions_settings
from tests.database.purse import Purse, key
from tests.openapi import as_described
from tests.stripe_events import Order, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from psycopg import Connection

    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]


def read(stack: RunningStack, user: User, query: str) -> Any:
    response = as_described(stack.get(f"/api/credits?{query}", headers=user.auth))
    assert response.status_code == 200
    return response.json()


def file_for(purse: Purse, name: str) -> None:
    """Pay for a file of this name."""
    begun = purse.call(
        "begin_file", *(purse.user_id, "txt_upload", name, 10, "text/plain", key(), 900, [])
    )
    row = purse.database.execute(
        "select hold_id::text from files where id = %s", [begun["file"]["id"]]
    ).fetchone()
    assert row is not None
    purse.capture(row["hold_id"])


# Choosing ----------------------------------------------------------------------------------------


def test_entries_are_chosen_by_kind_feature_and_text(
    stack: RunningStack, person: User, purse: Purse
) -> None:
    file_for(purse, "Harbour.txt")
    purse.spend()
    purse.grant(5, reason="Welcome")

    def kinds(query: str) -> list[tuple[str, str | None]]:
        found = read(stack, person, query)["transactions"]
        return [(entry["kind"], entry["file_name"]) for entry in found]

    assert kinds("kind=purchase,bonus") == [("bonus", None), ("purchase", None)]
    assert kinds("feature=txt_upload") == [("spend", "Harbour.txt")]
    assert kinds("q=HARBOUR") == [("spend", "Harbour.txt")]
    assert kinds("q=%20harbour%20") == [("spend", "Harbour.txt")]
    assert kinds("kind=spend&feature=docx_processing&q=docx") == [("spend", None)]
    assert kinds("kind=expiry") == []
    assert len(kinds("q=%20")) == 4


def test_pages_continue_within_what_was_chosen(
    stack: RunningStack, person: User, purse: Purse
) -> None:
    for _ in range(3):
        purse.spend()
        purse.grant(1)
    first = read(stack, person, "kind=spend&limit=2")
    second = read(stack, person, f"kind=spend&limit=2&cursor={first['next_cursor']}")
    pages = [[entry["amount"] for entry in page["transactions"]] for page in (first, second)]
    assert pages == [[-5, -5], [-5]]
    assert second["next_cursor"] is None


def test_a_choice_that_finds_nothing_gives_no_bonus_again(stack: RunningStack) -> None:
    user = stack.sign_up()
    assert read(stack, user, "kind=spend")["transactions"] == []
    assert read(stack, user, "")["transactions"] == []


@pytest.mark.parametrize(
    "query",
    [
        "kind=",
        "kind=spends",
        "kind=spend,",
        "kind=spend%00",
        "kind=SPEND",
        "feature=",
        "feature=DOCX",
        "feature=a'--",
        "q=",
        "q=" + "a" * 81,
        "q=a%00b",
        "q=%0a",
        "payments=",
        "payments=false",
        "balances=0",
        "balances=367",
        "balances=-1",
        "balances=ten",
        "balances=",
        "balances=%C2%B2",
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    stack: RunningStack, person: User, query: str
) -> None:
    response = as_described(stack.get(f"/api/credits?{query}", headers=person.auth))
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"
    assert query.partition("=")[0] in response.json()["error"]["message"]


# Payments and balances ---------------------------------------------------------------------------


def test_payments_come_with_the_history_if_asked_for(stack: RunningStack, person: User) -> None:
    debit, card = Order(user_id=person.id), Order(user_id=person.id)
    now = int(datetime.now(UTC).timestamp())
    told = (
        event("checkout.session.completed", debit.session("complete", "unpaid"), created=now - 1),
        event("payment_intent.payment_failed", card.declined_intent(), created=now),
        event("checkout.session.expired", card.session("expired", "unpaid"), created=now),
    )
    for each in told:
        assert stack.deliver(each).status_code == 200
    assert read(stack, person, "")["payments"] is None
    listed = read(stack, person, "payments=true")["payments"]
    assert [(each["order_id"], each["status"]) for each in listed] == [
        (card.order_id, "failed"),
        (debit.order_id, "pending"),
    ]


def test_balances_come_with_the_history_if_asked_for(stack: RunningStack, person: User) -> None:
    assert read(stack, person, "")["balances"] is None
    days = read(stack, person, "balances=30")["balances"]
    assert len(days) == 30
    assert days[-1]["balance"] == 500
    assert days[0]["balance"] == 0


# CSV ---------------------------------------------------------------------------------------------


def exported(stack: RunningStack, user: User, query: str = "") -> httpx.Response:
    return as_described(stack.get(f"/api/credits/export{query}", headers=user.auth))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_history_as_csv(stack: RunningStack, person: User, purse: Purse) -> None:
    file_for(purse, "Übersee, Hafen.txt")
    purse.grant(5, reason="=HYPERLINK(1)")
    response = exported(stack, person)
    today = datetime.now(UTC).date()
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    disposition = response.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="credits-')
    assert str(today)[:7] in disposition
    assert "next-cursor" not in response.headers
    header, gift, spend, purchase = rows(response.content.decode("utf-8-sig"))
    assert header == [
        *("date", "what", "kind", "feature", "quantity", "credits", "balance", "price"),
        *("currency", "order"),
    ]
    assert gift[1:] == ["'=HYPERLINK(1)", "bonus", "", "", "5", "502", "", "", ""]
    assert spend[1:] == [
        *("Übersee, Hafen.txt", "spend", "Text upload", "1", "-3", "497", "", "", "")
    ]
    assert purchase[1:9] == ["Starter", "purchase", "", "", "500", "500", "4.99", "USD"]
    assert datetime.fromisoformat(purchase[0]).tzinfo is not None


def test_a_page_of_csv_goes_on_where_the_last_one_ended(
    stack: RunningStack, person: User, purse: Purse
) -> None:
    purse.spend()
    entries = read(stack, person, "")["transactions"]
    whole = exported(stack, person).text
    later = exported(stack, person, f"?cursor={entries[0]['id']}").text
    assert rows(later) == rows(whole)[2:]


def test_csv_is_for_the_person_alone(stack: RunningStack, person: User) -> None:
    stranger = stack.sign_up()
    assert len(rows(exported(stack, stranger).text)) == 1
    assert as_described(stack.get("/api/credits/export")).status_code == 401
    wrong = as_described(stack.get("/api/credits/export?cursor=x", headers=person.auth))
    assert wrong.status_code == 400
    posted = as_described(stack.post("/api/credits/export", headers=person.auth))
    assert posted.status_code == 405


def test_exports_are_limited(stack: RunningStack, person: User, database: Database) -> None:
    assert exported(stack, person).status_code == 200
    database.execute(
        "update request_counts set requests = 200 where user_id = %s and kind = 'export'",
        [person.id],
    )
    refused = exported(stack, person)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


@pytest.fixture
def in_process(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give this process the settings of a function, and a client of its own."""
    for name, value in functions_settings(stack).items():
        monkeypatch.setenv(name, value)
    _forget()
    yield
    supabase_http().close()
    _forget()


def _forget() -> None:
    settings.cache_clear()
    supabase_http.cache_clear()


@pytest.mark.usefixtures("in_process")
def test_pages_together_are_the_whole_file(
    stack: RunningStack, person: User, purse: Purse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        purse.grant(1, reason=f"gift {number}")
    monkeypatch.setattr(export, "PAGE_BYTES", 700)
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 7)
    pages, cursor = [], None
    for _ in range(40):
        page = export.export_history(person.id, cursor)
        assert len(page.content) <= 700
        pages.append(page.content)
        if page.next_cursor is None:
            break
        cursor = int(page.next_cursor)
    assert len(pages) > 2
    assert b"".join(pages) == exported(stack, person).content
