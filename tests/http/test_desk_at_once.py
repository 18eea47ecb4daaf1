"""Staff act at the same time as others, or on what has changed since they saw it."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg

from tests.database.locks import in_turn, meanwhile
from tests.database.purse import Purse
from tests.desk import Desk, actions_about, code

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import User

    Database = Connection[dict[str, Any]]


def notes_left_behind(database: Database, person: User) -> list[str]:
    """Return what make doctor says of notes about somebody who was deleted."""
    row = database.execute("select doctor_deleted() -> 'left_behind' as found").fetchone()
    assert row is not None
    (what,) = (each["what"] for each in row["found"] if each["user_id"] == person.id)
    return [each for each in what if "notes" in each]


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


def test_nothing_is_done_on_a_balance_that_has_changed_since_it_was_shown(
    admin: Desk, colleague: Desk, person: User
) -> None:
    colleague.done("correct", person, credits=-100)
    for action, more in (("correct", {"credits": -100}), ("forget", {}), ("grant", {"credits": 1})):
        answer = admin.act(action, person, balance=500, **more)
        assert code(answer) == (409, "balance_changed"), action
        assert answer.json()["error"]["balance"] == 400
    assert admin.stack.balance_of(person) == 400
