"""The desk finds people and shows all that is known about one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import shop
from tests.desk import Desk, code
from tests.support import until

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack, User


@pytest.fixture(scope="module")
def buyer(stack: RunningStack) -> User:
    """Somebody who has bought a pack at Stripe."""
    return stack.sign_up()


@pytest.fixture(scope="module")
def bought(stack: RunningStack, buyer: User) -> dict[str, Any]:
    """Their order as the database has it."""
    session_id = shop.buy(stack, buyer)
    until(lambda: stack.balance_of(buyer) == 500, "the webhook has come")
    return shop.purchase(stack, session_id)


def found(admin: Desk, query: str) -> list[tuple[str, str]]:
    people = admin.read("people", q=query)["people"]
    return [(each["user_id"], each["found_by"]) for each in people]


def test_every_id_finds_its_person_at_once(
    admin: Desk, buyer: User, bought: dict[str, Any]
) -> None:
    stack = admin.stack
    payment = bought["payment_intent_id"]
    charge = str(shop.stripe_client(stack).v1.payment_intents.retrieve(payment).latest_charge)
    assert charge.startswith(("ch_", "py_"))
    for query, kind in (
        (buyer.id, "user id"),
        (buyer.id.upper(), "user id"),
        (str(bought["id"]), "order"),
        (buyer.email, "address"),
        (f" {buyer.email.upper()} ", "address"),
        (payment, "Stripe id"),
        (bought["checkout_session_id"], "Stripe id"),
        (bought["customer_id"], "Stripe customer"),
        (charge, "Stripe id"),
    ):
        assert found(admin, query) == [(buyer.id, kind)], query


def test_refunds_disputes_and_events_find_their_person(
    admin: Desk, database: Connection[dict[str, Any]]
) -> None:
    stack = admin.stack
    buyer = stack.sign_up()
    session_id = shop.buy(stack, buyer)
    until(lambda: stack.balance_of(buyer) == 500, "the webhook has come")
    shop.refund(stack, session_id, 100)
    until(lambda: stack.balance_of(buyer) < 500, "the refund has come")
    order = shop.purchase(stack, session_id)["id"]
    rows = database.execute("select id from stripe_events where purchase_id = %s", [order])
    payment = shop.payment_of(stack, session_id)
    reversals = database.execute(
        "select id from purchase_reversals where payment_intent_id = %s", [payment]
    )
    ids = [row["id"] for row in (*rows.fetchall(), *reversals.fetchall())]
    assert {each.partition("_")[0] for each in ids} == {"evt", "re"}
    for each in ids:
        assert found(admin, each) == [(buyer.id, "Stripe id")], each


@pytest.mark.parametrize(
    "query",
    [
        "nobody@example.com",
        "pi_nothing",
        "cs_test_nothing",
        "re_nothing",
        "ch_nothing",
        "cus_nothing",
        "evt_nothing",
        "00000000-0000-4000-8000-000000000000",
        "999999999999999999",
        "%",
        "_",
        "' or 1=1--",
        "<b>nobody</b>",
    ],
)
def test_what_nobody_has_finds_nobody(admin: Desk, query: str) -> None:
    assert admin.read("people", q=query)["people"] == []


@pytest.mark.parametrize("query", ["", " ", "x" * 256, "a\x00b", "a\nb"])
def test_what_cannot_be_looked_for_is_refused(admin: Desk, query: str) -> None:
    assert code(admin.ask("people", q=query)) == (400, "invalid_request")


def test_a_part_of_a_name_finds_people_and_says_how_far_it_looked(
    admin: Desk, database: Connection[dict[str, Any]]
) -> None:
    stack = admin.stack
    named = [stack.sign_up(f"grace-hopper-{number}@example.com") for number in range(25)]
    accounts_there = database.execute("select count(*) as n from auth.users").fetchone()
    assert accounts_there is not None
    first = admin.read("people", q="Grace-HOPPER")
    assert len(first["people"]) == 20
    assert {each["found_by"] for each in first["people"]} == {"name"}
    assert first["next"]
    rest = admin.read("people", q="Grace-HOPPER", after=first["next"])
    assert rest["next"] is None
    ids = [each["user_id"] for page in (first, rest) for each in page["people"]]
    assert sorted(ids) == sorted(user.id for user in named)
    assert first["searched"] + rest["searched"] == accounts_there["n"]


@pytest.mark.parametrize(
    "after", ["", "(1,2", "(1,2)x", "(-1,2)", "00000000-0000-4000-8000-000000000000"]
)
def test_a_search_goes_on_only_from_where_one_ended(admin: Desk, after: str) -> None:
    assert code(admin.ask("people", q="ada", after=after)) == (400, "invalid_request")


def test_a_search_from_the_end_of_the_table_finds_nobody_and_ends(admin: Desk) -> None:
    found = admin.read("people", q="example", after="(999999999,1)")
    assert found == {"people": [], "searched": 0, "next": None}


def test_a_person_is_shown_as_they_see_themselves_and_more(
    admin: Desk, buyer: User, bought: dict[str, Any], database: Connection[dict[str, Any]]
) -> None:
    stack = admin.stack
    database.execute("select hold_credits(%s, 'docx_processing', 1, 'k', 600)", [buyer.id])
    admin.done("note", buyer, reason="Prefers to be written to.")
    shown = admin.read("person", id=buyer.id)
    own = stack.get("/api/credits?usage=true", headers=buyer.auth).json()
    # The desk asks for no purchase.
    assert own.pop("purchase_lookup") is None
    assert shown["purse"] == own
    assert shown["purse"]["held"] == 5
    assert shown["account"]["email"] == buyer.email
    assert shown["account"]["customers"] == [
        {"customer_id": bought["customer_id"], "livemode": False}
    ]
    (lot,) = shown["lots"]
    assert (lot["remaining"], lot["name"]) == (500, "Starter")
    (order,) = shown["orders"]
    assert order["order_id"] == str(bought["id"])
    assert "checkout.session.completed" in [each["type"] for each in order["events"]]
    (hold,) = shown["holds"]
    assert (hold["credits"], hold["status"]) == (5, "held")
    (note,) = shown["notes"]
    assert (note["text"], note["author"]) == ("Prefers to be written to.", admin.staff.email)
    (action,) = shown["actions"]
    assert (action["action"], action["reason"]) == ("note", "a note")


def test_a_persons_files_are_listed_and_those_of_others_are_not(
    admin: Desk, database: Connection[dict[str, Any]]
) -> None:
    person, other = admin.stack.sign_up(), admin.stack.sign_up()
    for user, name in ((person, "A Year in the Garden.docx"), (other, "Not theirs.docx")):
        database.execute(
            "insert into files (user_id, feature, filename, size, content_type, status,"
            " error_code, error_message, completed_at)"
            " values (%s, 'docx_processing', %s, 9, 'text/plain', 'failed', 'x', 'Broken', now())",
            [user.id, name],
        )
    (file,) = admin.read("person", id=person.id)["files"]
    assert (file["filename"], file["status"]) == ("A Year in the Garden.docx", "failed")


def test_the_history_goes_on_page_by_page(
    admin: Desk, database: Connection[dict[str, Any]]
) -> None:
    user = admin.stack.sign_up()
    for number in range(25):
        database.execute(
            "select grant_credits(%s, 1, 'bonus', 'ann', 'x', %s)", [user.id, f"k{number}"]
        )
    first = admin.read("person", id=user.id)["purse"]
    assert len(first["transactions"]) == 20
    more = admin.read("person", id=user.id, cursor=first["next_cursor"])
    assert list(more) == ["purse"]
    assert len(more["purse"]["transactions"]) == 5
    assert more["purse"]["next_cursor"] is None


def test_a_deleted_person_can_still_be_looked_up_without_their_address_or_notes(
    admin: Desk,
) -> None:
    stack = admin.stack
    user = stack.sign_up_buyer()
    admin.done("note", user, reason="Lives in Lisbon.")
    admin.done("forget", user)
    shown = admin.read("person", id=user.id)
    assert shown["account"]["email"] is None
    assert shown["account"]["deleted_at"]
    assert shown["notes"] == []
    assert shown["purse"]["balance"] == 0
    newest, oldest = shown["purse"]["transactions"]
    assert (newest["kind"], oldest["kind"]) == ("forfeit", "purchase")
    older = admin.read("person", id=user.id, cursor=newest["id"])["purse"]
    assert older["transactions"] == [oldest]
    assert "Lisbon" not in str(shown)
    assert [each["action"] for each in shown["actions"]] == ["forget", "note"]
    assert code(admin.act("grant", user, credits=1)) == (409, "person_deleted")
    assert code(admin.act("note", user)) == (409, "person_deleted")
    # The member of staff is still signed in and still staff.
    assert admin.read("today")


@pytest.mark.parametrize("page", ["person", "verdict"])
def test_an_unknown_person_is_said_to_be_unknown(admin: Desk, page: str) -> None:
    unknown = admin.ask(page, id="00000000-0000-4000-8000-000000000000")
    assert code(unknown) == (404, "unknown_person")
    assert code(admin.ask(page, id="ada")) == (400, "invalid_request")


def test_i_paid_and_got_nothing(admin: Desk) -> None:
    """A lost webhook: only Stripe knows of the payment, and the verdict says so."""
    stack = admin.stack
    user = stack.sign_up()
    with shop.no_webhooks(stack):
        session_id = shop.buy(stack, user)
    order = shop.purchase(stack, session_id)
    assert order["status"] == "open"
    findings = admin.read("verdict", id=user.id)["findings"]
    wrong = [each for each in findings if each["level"] == "WRONG"]
    assert len(wrong) == 1
    assert str(order["id"]) in wrong[0]["sentence"]
    assert "no webhook arrived" in wrong[0]["sentence"]
    assert wrong[0]["remedy"].startswith("make reconcile SINCE=")


def test_the_verdict_says_when_stripe_does_not_answer(admin: Desk, buyer: User) -> None:
    with shop.trouble(admin.stack, fail_next=10, status=500):
        assert code(admin.ask("verdict", id=buyer.id)) == (502, "stripe_failed")
