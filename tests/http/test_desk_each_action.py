"""Each action of the desk: what it does, and when it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests import shop
from tests.desk import Desk, actions_about, code, same_effect
from tests.support import until

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.database.purse import Purse
    from tests.support import User

    Database = Connection[dict[str, Any]]


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
