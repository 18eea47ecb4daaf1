"""What staff do at the desk: previewed, done once, and recorded."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk import Desk, actions_about, code, same_effect
from tests.openapi import as_described
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.database.purse import Purse
    from tests.support import User

    Database = Connection[dict[str, Any]]

MARKUP = "<img src=x onerror=alert(1)> & \"quotes\" 'too' -- =1+1 🪙 \u202etxet"


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
