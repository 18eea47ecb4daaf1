"""What staff do at the desk: previewed, done once, and recorded."""

from __future__ import annotations

import json
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests import shop
from tests.database.locks import in_turn, meanwhile
from tests.database.purse import Purse
from tests.desk import Desk, code
from tests.openapi import as_described
from tests.support import Order, until

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import User

    Database = Connection[dict[str, Any]]

MARKUP = "<img src=x onerror=alert(1)> & \"quotes\" 'too' -- =1+1 🪙 \u202etxet"


@pytest.fixture
def purse(database: Database, person: User) -> Purse:
    """Their purse, as the server reaches it."""
    return Purse(database, person.id)


def actions_about(database: Database, user_id: str) -> list[dict[str, Any]]:
    return database.execute(
        "select * from admin_actions where user_id = %s order by id", [user_id]
    ).fetchall()


def same_effect(previewed: Any, done: Any) -> bool:
    """Whether two results say the same but for ids of rows."""

    def told(result: Any) -> Any:
        rows = [(row["kind"], row["amount"], row["balance_after"]) for row in result["ledger"]]
        return result["accounts"], rows

    return bool(told(previewed) == told(done))


# Previews ----------------------------------------------------------------------------------------


def test_a_preview_says_what_then_happens_and_changes_nothing(
    admin: Desk, person: User, purse: Purse, database: Database
) -> None:
    spend = purse.spend(10)["transaction_id"]
    hold = purse.hold(2)["hold_id"]
    for action, more, balance in (
        ("grant", {"credits": 40, "valid_days": 30}, 490),
        ("correct", {"credits": -25}, 465),
        ("undo", {"transaction_id": spend}, 515),
        ("release", {"hold_id": hold}, 515),
    ):
        before = purse.ledger(), purse.lots(), purse.holds(), purse.balance
        previewed = admin.preview(action, person, **more)
        assert (purse.ledger(), purse.lots(), purse.holds(), purse.balance) == before
        assert previewed["action_id"] is None
        done = admin.done(action, person, **more)
        assert same_effect(previewed, done), action
        assert done["accounts"][0]["after"]["balance"] == purse.balance == balance
        purse.adds_up()
    recorded = actions_about(database, person.id)
    assert [row["action"] for row in recorded] == ["grant", "correct", "undo", "release"]


def test_a_preview_announces_nothing(admin: Desk, person: User, database: Database) -> None:
    count = "select count(*) as n from outbox_events where user_id = %s"
    before = database.execute(count, [person.id]).fetchone()
    admin.preview("grant", person, credits=5)
    assert database.execute(count, [person.id]).fetchone() == before


def test_what_is_refused_in_the_preview_is_refused_when_done(admin: Desk, person: User) -> None:
    for preview in (True, False):
        answer = admin.act("correct", person, credits=-501, preview=preview)
        assert code(answer) == (402, "insufficient_credits")
        assert answer.json()["error"]["available"] == 500


# Once, and recorded ------------------------------------------------------------------------------


def test_an_action_is_recorded_with_who_what_why_and_its_effect(
    admin: Desk, person: User, database: Database
) -> None:
    done = admin.done("grant", person, credits=40, reason="An apology")
    (row,) = actions_about(database, person.id)
    assert str(row["id"]) == done["action_id"]
    assert (str(row["actor_id"]), row["actor_role"]) == (admin.staff.id, "admin")
    assert (row["action"], row["arguments"]) == ("grant", {"credits": 40})
    assert row["reason"] == "An apology"
    assert row["result"]["ledger"] == done["ledger"]
    entry = database.execute(
        "select actor, reason from credit_transactions where id = %s",
        [done["ledger"][0]["transaction_id"]],
    ).fetchone()
    assert entry == {"actor": admin.staff.id, "reason": "An apology"}


def test_a_refused_action_leaves_no_row(admin: Desk, person: User, database: Database) -> None:
    admin.act("correct", person, credits=-501)
    assert actions_about(database, person.id) == []


def test_the_same_key_twice_does_it_once(
    admin: Desk, person: User, purse: Purse, database: Database
) -> None:
    first = admin.done("grant", person, credits=40, key="one-click")
    again = admin.done("grant", person, credits=40, key="one-click")
    assert again == {**first, "replayed": True}
    assert purse.balance == 540
    assert len(actions_about(database, person.id)) == 1


def test_two_clicks_at_the_same_moment_do_it_once(
    admin: Desk, person: User, purse: Purse, database: Database
) -> None:
    together = threading.Barrier(4)

    def click(_number: int) -> Any:
        together.wait(timeout=30)
        return admin.act("grant", person, credits=40, key="double-click")

    with ThreadPoolExecutor(4) as clicks:
        answers = list(clicks.map(click, range(4)))
    # One of them may have waited too long for the lock.
    done = [answer.json() for answer in answers if answer.status_code == 200]
    assert [each["replayed"] for each in done].count(False) == 1
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert purse.balance == 540
    assert len(actions_about(database, person.id)) == 1


def test_a_key_is_for_one_request(admin: Desk, colleague: Desk, person: User) -> None:
    admin.done("grant", person, credits=40, key="k")
    for more in (
        {"credits": 41},
        {"credits": 40, "reason": "Another"},
        {"credits": 40, "valid_days": 1},
    ):
        answer = admin.act("grant", person, key="k", **more)
        assert code(answer) == (409, "idempotency_key_reused")
    # Another member of staff has keys of their own.
    assert colleague.done("grant", person, credits=40, key="k")["replayed"] is False
    admin.done("note", person, reason="One", key="n")
    assert admin.done("note", person, reason="One", key="n")["replayed"] is True
    assert code(admin.act("note", person, reason="Two", key="n")) == (409, "idempotency_key_reused")


def test_without_a_key_only_a_preview_is_made(admin: Desk, person: User) -> None:
    body = {"action": "grant", "user_id": person.id, "credits": 1, "reason": "why"}
    answer = admin.stack.post("/api/admin/act", json=body, headers=admin.staff.auth)
    assert code(as_described(answer)) == (400, "invalid_idempotency_key")
    preview = admin.stack.post(
        "/api/admin/act", json={**body, "preview": True}, headers=admin.staff.auth
    )
    assert as_described(preview).status_code == 200


# Two at once -------------------------------------------------------------------------------------


def test_two_admins_who_undo_one_spend_undo_it_once(
    admin: Desk, colleague: Desk, person: User, purse: Purse
) -> None:
    spend = purse.spend(10)["transaction_id"]
    together = threading.Barrier(2)

    def undo(desk: Desk) -> Any:
        together.wait(timeout=30)
        return desk.act("undo", person, transaction_id=spend, balance=450)

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(undo, (admin, colleague)))
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 503])
    assert purse.balance == 500
    purse.adds_up()


def test_what_was_done_before_is_not_recorded_as_theirs(
    admin: Desk, colleague: Desk, person: User, purse: Purse, database: Database
) -> None:
    heir = admin.stack.sign_up()
    spend, hold = purse.spend(10)["transaction_id"], purse.hold()["hold_id"]
    steps: list[tuple[str, User, dict[str, Any]]] = [
        ("undo", person, {"transaction_id": spend}),
        ("release", person, {"hold_id": hold}),
        ("move", person, {"to_user_id": heir.id}),
        ("forget", heir, {}),
    ]
    for action, about, more in steps:
        # Of a moved purse and a deleted account the balance is 0. That is not what there is to say.
        shown = admin.stack.balance_of(about) if action in {"move", "forget"} else None
        admin.done(action, about, **more)
        for preview in (True, False):
            again = colleague.act(action, about, balance=shown, preview=preview, **more)
            assert code(again) == (409, "already_done"), action
    rows = [*actions_about(database, person.id), *actions_about(database, heir.id)]
    assert [(row["action"], str(row["actor_id"])) for row in rows] == [
        (action, admin.staff.id) for action, *_ in steps
    ]


def test_a_note_and_a_deletion_at_once_leave_no_note(
    admin: Desk, person: User, database: Database
) -> None:
    refused: list[str | None] = []

    def note(other: Database) -> None:
        try:
            other.execute(
                "select desk_act(%s, 'note', %s, '{}', 'Lives in Lisbon.', %s, false)",
                [admin.staff.id, person.id, secrets.token_hex(8)],
            )
        except psycopg.Error as error:
            refused.append(error.diag.message_detail)

    with meanwhile(
        admin.stack,
        lambda one: one.execute("select forget_user(%s, 'ann', 'They asked')", [person.id]),
        note,
    ):
        assert refused == ["account_deleted"]
    assert notes_left_behind(database, person) == []
    database.execute(
        "insert into person_notes (user_id, author_id, text) values (%s, %s, 'x')",
        [person.id, admin.staff.id],
    )
    assert notes_left_behind(database, person) == ["notes of staff"]
    database.execute("delete from person_notes where user_id = %s", [person.id])


def test_a_spend_beside_a_note_is_not_recorded_as_the_notes(
    admin: Desk, person: User, purse: Purse
) -> None:
    recorded: list[Any] = []

    def note(other: Database) -> None:
        row = other.execute(
            "select desk_act(%s, 'note', %s, '{}', 'Called.', %s, false) as result",
            [admin.staff.id, person.id, secrets.token_hex(8)],
        ).fetchone()
        assert row is not None
        recorded.append(row["result"])

    in_turn(
        admin.stack,
        lambda one: one.execute(
            "select pg_advisory_xact_lock(hashtextextended('orders of:' || %s, 0))", [person.id]
        ),
        [note],
        lambda one: Purse(one, person.id).spend(),
    )
    assert purse.balance == 495
    (result,) = recorded
    assert result["ledger"] == []
    (account,) = result["accounts"]
    assert account["before"] == account["after"]


def notes_left_behind(database: Database, person: User) -> list[str]:
    """Return what make doctor says of notes about somebody who was deleted."""
    row = database.execute("select doctor_deleted() -> 'left_behind' as found").fetchone()
    assert row is not None
    (what,) = (each["what"] for each in row["found"] if each["user_id"] == person.id)
    return [each for each in what if "notes" in each]


def test_what_was_shown_is_no_longer_so(admin: Desk, colleague: Desk, person: User) -> None:
    colleague.done("correct", person, credits=-100)
    for action, more in (("correct", {"credits": -100}), ("forget", {}), ("grant", {"credits": 1})):
        answer = admin.act(action, person, balance=500, **more)
        assert code(answer) == (409, "balance_changed"), action
        assert answer.json()["error"]["balance"] == 400
    assert admin.stack.balance_of(person) == 400


# One by one --------------------------------------------------------------------------------------


def test_a_spend_or_hold_of_somebody_else_is_not_theirs(
    admin: Desk, person: User, purse: Purse
) -> None:
    other = admin.stack.sign_up()
    spend, hold = purse.spend()["transaction_id"], purse.hold()["hold_id"]
    undo = admin.act("undo", other, transaction_id=spend)
    assert code(undo) == (404, "unknown_transaction")
    assert code(admin.act("release", other, hold_id=hold)) == (404, "unknown_hold")
    order = admin.read("person", id=person.id)["orders"][0]["order_id"]
    assert code(admin.act("resend", other, order_id=order)) == (404, "unknown_order")
    assert purse.balance == 495


def test_a_hold_that_was_captured_is_refused(admin: Desk, person: User, purse: Purse) -> None:
    hold = purse.hold()["hold_id"]
    purse.capture(hold)
    assert code(admin.act("release", person, hold_id=hold)) == (409, "hold_captured")


def test_a_purse_moves_and_both_accounts_are_told(admin: Desk, person: User, purse: Purse) -> None:
    heir = admin.stack.sign_up()
    purse.spend(10)
    previewed = admin.preview("move", person, to_user_id=heir.id)
    assert purse.balance == 450
    done = admin.done("move", person, to_user_id=heir.id, balance=450)
    assert same_effect(previewed, done)
    assert [each["after"]["balance"] for each in done["accounts"]] == [0, 450]
    assert admin.stack.balance_of(heir) == 450
    again = admin.act("move", heir, to_user_id=person.id)
    assert code(again) == (409, "purse_moved")


def test_a_purse_that_cannot_move_says_why(admin: Desk, person: User, purse: Purse) -> None:
    rich, poor = admin.stack.sign_up(), admin.stack.sign_up()
    admin.done("grant", rich, credits=1)
    assert code(admin.act("move", person, to_user_id=rich.id)) == (409, "purse_not_empty")
    hold = purse.hold()["hold_id"]
    assert code(admin.act("move", person, to_user_id=poor.id)) == (409, "purse_in_use")
    admin.done("release", person, hold_id=hold)
    nobody = "00000000-0000-4000-8000-000000000000"
    assert code(admin.act("move", person, to_user_id=nobody)) == (404, "unknown_person")
    assert code(admin.act("move", person, to_user_id=person.id)) == (400, "invalid_request")


def test_a_person_is_forgotten_everywhere(admin: Desk, person: User) -> None:
    previewed = admin.preview("forget", person)
    assert admin.stack.balance_of(person) == 500
    done = admin.done("forget", person, balance=500)
    assert same_effect(previewed, done)
    assert [row["kind"] for row in done["ledger"]] == ["forfeit"]
    assert done["finished"] is True
    refused = admin.stack.get("/api/credits", headers=person.auth)
    assert code(refused) == (403, "account_deleted")


def test_staff_are_not_forgotten_by_mistake(admin: Desk, colleague: Desk) -> None:
    for staff in (admin.staff, colleague.staff):
        assert code(admin.act("forget", staff)) == (409, "is_staff")


def test_the_receipt_mail_is_sent_again_to_the_person_alone(
    admin: Desk, database: Database
) -> None:
    stack = admin.stack
    buyer = stack.sign_up()
    session_id = shop.buy(stack, buyer)
    until(lambda: stack.balance_of(buyer) == 500, "the webhook has come")
    order = shop.purchase(stack, session_id)["id"]
    database.execute("delete from outbox_deliveries")
    database.execute("delete from outbox_endpoints")
    assert code(admin.act("resend", buyer, order_id=str(order))) == (409, "mails_off")
    database.execute("insert into outbox_endpoints (name) values ('mail'), ('app')")
    try:
        done = admin.done("resend", buyer, order_id=str(order))
        assert done["details"] == {"sent_before_at": None, "last_outcome": None}
        rows = database.execute(
            "select d.endpoint, e.type from outbox_deliveries d"
            " join outbox_events e on e.id = d.event_id where d.user_id = %s",
            [buyer.id],
        ).fetchall()
        assert rows == [{"endpoint": "mail", "type": "credits.purchased"}]
        unpaid = shop.purchase(stack, shop.begin(stack, buyer))["id"]
        answer = admin.act("resend", buyer, order_id=str(unpaid))
        assert code(answer) == (409, "no_receipt_mail")
    finally:
        database.execute("delete from outbox_deliveries")
        database.execute("delete from outbox_endpoints")


def test_an_export_is_recorded_first_and_read_by_who_began_it(
    admin: Desk, colleague: Desk, person: User, database: Database
) -> None:
    assert code(admin.ask("export", action_id="1")) == (404, "unknown_export")
    begun = admin.done("export", person, reason="They asked for a copy")
    page = admin.read("export", action_id=begun["action_id"])
    own = admin.stack.get("/api/account/export", headers=person.auth).json()
    assert {**page, "exported_at": None} == {**own, "exported_at": None}
    stolen = colleague.ask("export", action_id=begun["action_id"])
    assert code(stolen) == (404, "unknown_export")
    granted = admin.done("grant", person, credits=1)["action_id"]
    assert code(admin.ask("export", action_id=granted)) == (404, "unknown_export")
    assert [row["action"] for row in actions_about(database, person.id)] == ["export", "grant"]


# What is written ---------------------------------------------------------------------------------


def test_markup_in_names_notes_and_reasons_is_text(
    admin: Desk, person: User, database: Database
) -> None:
    admin.done("note", person, reason=MARKUP)
    admin.done("grant", person, credits=1, reason=MARKUP)
    shown = admin.read("person", id=person.id)
    assert shown["notes"][0]["text"] == MARKUP
    assert shown["purse"]["transactions"][0]["reason"] == MARKUP
    assert actions_about(database, person.id)[-1]["reason"] == MARKUP


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "refund_all"},
        {"action": None},
        {"action": ["grant"]},
        {"user_id": "ada"},
        {"user_id": None},
        {"credits": 0},
        {"credits": -1},
        {"credits": 1.0},
        {"credits": True},
        {"credits": "1"},
        {"credits": 10**12},
        {"valid_days": 0},
        {"valid_days": 4000},
        {"reason": ""},
        {"reason": "   "},
        {"reason": "x" * 501},
        {"reason": "a\x00b"},
        {"reason": "\ud800"},
        {"reason": 7},
        {"preview": "yes"},
        {"balance": "500"},
        {"balance": 2**60},
        {"action": "correct", "credits": 0},
        {"action": "undo", "transaction_id": 5},
        {"action": "undo", "transaction_id": "5 or 1=1"},
        {"action": "release", "hold_id": "5"},
        {"action": "resend", "order_id": ""},
        {"action": "move"},
    ],
)
def test_what_makes_no_sense_is_refused(
    admin: Desk, person: User, purse: Purse, wrong: dict[str, Any]
) -> None:
    body = {"action": "grant", "user_id": person.id, "credits": 1, "reason": "why", **wrong}
    headers = {
        **admin.staff.auth,
        "Content-Type": "application/json",
        "Idempotency-Key": "k",
    }
    content = json.dumps(body).encode()
    answer = admin.stack.post("/api/admin/act", content=content, headers=headers)
    assert code(as_described(answer)) == (400, "invalid_request")
    assert purse.balance == 500


def test_somebody_whom_nobody_knows_gets_nothing(admin: Desk, database: Database) -> None:
    nobody = Order().user_id
    assert code(admin.act("grant", nobody, credits=1)) == (404, "unknown_person")
    assert actions_about(database, nobody) == []
