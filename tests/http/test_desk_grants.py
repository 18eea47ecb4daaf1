"""Grants to many people from a file: dry run, carrying out, once for each line."""

from __future__ import annotations

import json
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.purse import Purse
from tests.desk import Desk, actions_about, code
from tests.openapi import as_described
from tests.stripe_events import Order

if TYPE_CHECKING:
    import httpx
    from psycopg import Connection

    from tests.support import Accounts, RunningStack, User

    Database = Connection[dict[str, Any]]

MARKUP = "<img src=x onerror=alert(1)> =1+1 🪙"


@pytest.fixture
def people(stack: RunningStack) -> list[User]:
    """Three people without credits."""
    return [stack.sign_up() for _ in range(3)]


def file_of(*lines: str) -> str:
    return "\n".join(("person,credits,valid_days,note", *lines)) + "\n"


def post(desk: Desk, key: str | None = None, **body: Any) -> httpx.Response:
    headers = {**desk.staff.auth, "Idempotency-Key": key or secrets.token_hex(8)}
    return as_described(desk.stack.post("/api/admin/grants", json=body, headers=headers))


def send(desk: Desk, csv: str, key: str | None = None, **more: Any) -> httpx.Response:
    """Carry out a file; one request may not get to its end."""
    body = {"campaign": "Launch", "reason": "They helped", "csv": csv, **more}
    return post(desk, key, **body)


def carried_out(desk: Desk, csv: str, key: str, **more: Any) -> Any:
    """Carry out a file to its end; return the batch."""
    for _ in range(100):
        answer = send(desk, csv, key, **more)
        assert answer.status_code == 200, answer.text
        if not answer.json()["left"]:
            return answer.json()
    raise AssertionError(answer.json())


def preview(desk: Desk, csv: str, campaign: str = "Launch") -> Any:
    answer = post(desk, campaign=campaign, csv=csv, preview=True)
    assert answer.status_code == 200, answer.text
    return answer.json()


def batch(desk: Desk, batch_id: str) -> Any:
    return desk.read("grants", batch_id=batch_id)


# The dry run -------------------------------------------------------------------------------------


def test_the_dry_run_says_what_then_happens_and_changes_nothing(
    admin: Desk, people: list[User], person: User, database: Database
) -> None:
    Purse(database, person.id).spend(10)
    csv = file_of(
        f"{people[0].email.upper()},40,30,Called us",
        f"{people[1].id},7",
        f"{person.email},1000000,,",
    )
    told = preview(admin, csv)
    assert (told["faulty"], told["credits"]) == (0, 1_000_047)
    assert [(each["line"], each["user_id"], each["email"]) for each in told["lines"]] == [
        (2, people[0].id, people[0].email),
        (3, people[1].id, people[1].email),
        (4, person.id, person.email),
    ]
    foreseen = [(each["balance"], each["balance_after"]) for each in told["lines"]]
    assert foreseen == [(0, 40), (0, 7), (450, 1_000_450)]
    assert [admin.stack.balance_of(each) for each in (*people, person)] == [0, 0, 0, 450]
    assert actions_about(database, person.id) == []
    begun = carried_out(admin, csv, secrets.token_hex(8))
    done = batch(admin, begun["batch_id"])["lines"]
    assert [each["balance_after"] for each in done] == [after for _, after in foreseen]
    assert admin.stack.balance_of(person) == 1_000_450


def test_the_dry_run_names_each_fault_with_its_line(
    admin: Desk, people: list[User], stack: RunningStack, database: Database
) -> None:
    deleted, moved = stack.sign_up(), stack.sign_up()
    database.execute("select forget_user(%s, 'ann', 'left')", [deleted.id])
    database.execute("select move_purse(%s, %s, 'ann', 'guest')", [moved.id, people[2].id])
    lines = [
        (f"{people[0].email},40", None),
        ("nobody@example.com,1", "Nobody has this address or id."),
        (f"{Order().user_id},1", "Nobody has this address or id."),
        ("ada,1", "Nobody has this address or id."),
        (f"{people[0].id},1", "Line 2 names the same person."),
        (f"{deleted.id},1", "This account was deleted."),
        (f"{moved.id},1", "The purse of this account has moved to another one. Name that one."),
        (f"{people[1].email},1.5", "Credits must be a whole number from 1 to 1,000,000,000."),
        (f"{people[1].id},5", "Line 9 names the same person."),
        (",5", "It names no person."),
        ("a\x00\ud800b@example.com,5", "Nobody is named so."),
    ]
    csv = file_of(*(line for line, _ in lines))
    # httpx writes no lone surrogates; a browser may.
    content = json.dumps({"campaign": "Launch", "csv": csv, "preview": True}).encode("ascii")
    answer = admin.stack.post(
        "/api/admin/grants",
        content=content,
        headers={**admin.staff.auth, "Content-Type": "application/json"},
    )
    told = as_described(answer).json()
    assert [(each["line"], each["fault"]) for each in told["lines"]] == [
        (number, fault) for number, (_, fault) in enumerate(lines, 2)
    ]
    assert told["faulty"] == len(lines) - 1
    assert [each["balance_after"] for each in told["lines"]] == [40, *[None] * (len(lines) - 1)]


def test_the_dry_run_says_who_had_credits_of_the_campaign_before(
    admin: Desk, people: list[User]
) -> None:
    campaign = f"Launch {secrets.token_hex(4)}"
    key = secrets.token_hex(8)
    carried_out(admin, file_of(f"{people[0].id},40"), key, campaign=campaign)
    csv = file_of(f"{people[0].id},5", f"{people[1].id},5")
    told = preview(admin, csv, campaign)
    assert [each["given_before"] for each in told["lines"]] == [40, None]
    other = preview(admin, csv, f"{campaign}, part two")
    assert [each["given_before"] for each in other["lines"]] == [None, None]


# Carrying out ------------------------------------------------------------------------------------


def test_each_grant_is_a_lot_a_ledger_row_an_action_and_a_note(
    admin: Desk, people: list[User], database: Database
) -> None:
    csv = file_of(f"{people[0].id},40,30,Called us", f"{people[1].id},7")
    begun = carried_out(admin, csv, secrets.token_hex(8), campaign="Launch", reason="They helped")
    assert (begun["lines"], begun["granted"], begun["refused"], begun["left"]) == (2, 2, 0, 0)
    assert (begun["credits"], begun["credits_granted"]) == (47, 47)
    assert (begun["began_by"], begun["reason"]) == (admin.staff.email, "They helped")
    purse = Purse(database, people[0].id)
    assert purse.ledger() == [("bonus", 40)]
    purse.adds_up()
    lot = database.execute(
        "select name, source, granted, expires_at - created_at < interval '31 days' as lapses"
        " from credit_lots where user_id = %s",
        [people[0].id],
    ).fetchone()
    assert lot == {"name": "Launch", "source": "bonus", "granted": 40, "lapses": True}
    (entry,) = database.execute(
        "select actor, reason from credit_transactions where user_id = %s", [people[0].id]
    ).fetchall()
    assert entry == {"actor": admin.staff.id, "reason": "Launch"}
    (action,) = actions_about(database, people[0].id)
    assert (action["action"], action["reason"]) == ("bulk_grant", "They helped")
    assert action["arguments"] == {
        "credits": 40,
        "valid_days": 30,
        "batch_id": begun["batch_id"],
        "line": 2,
    }
    shown = admin.read("person", id=people[0].id)
    assert shown["actions"][0]["ledger"][0]["amount"] == 40
    assert [(each["text"], each["author"]) for each in shown["notes"]] == [
        ("Called us", admin.staff.email)
    ]
    assert admin.read("person", id=people[1].id)["notes"] == []
    # The note is kept in one place, from which a deletion takes it.
    kept = database.execute("select note from grant_lines where note = 'Called us'").fetchall()
    assert kept == []


def test_a_file_with_a_fault_grants_nobody_anything(
    admin: Desk, people: list[User], database: Database
) -> None:
    key = secrets.token_hex(8)
    for fault, line in (("nobody@example.com,1", 3), (f"{people[1].id},1.5", 3)):
        answer = send(admin, file_of(f"{people[0].id},40", fault, f"{people[2].id},1"), key)
        assert code(answer) == (400, "faulty_lines")
        error = answer.json()["error"]
        assert (error["faulty"], error["line"]) == (1, line)
    assert [admin.stack.balance_of(each) for each in people] == [0, 0, 0]
    assert actions_about(database, people[0].id) == []
    # Its key is free: the mended file is carried out under it.
    assert carried_out(admin, file_of(f"{people[0].id},40"), key)["granted"] == 1


def test_the_same_batch_again_grants_nobody_twice(
    admin: Desk, colleague: Desk, people: list[User], database: Database
) -> None:
    csv = file_of(*(f"{each.id},40" for each in people))
    key = secrets.token_hex(8)
    first = carried_out(admin, csv, key)
    again = send(admin, csv, key).json()
    assert again == first
    # A colleague who sends the same batch gets the same one.
    assert send(colleague, csv, key).json() == first
    going_on = post(colleague, batch_id=first["batch_id"])
    assert going_on.json() == first
    assert [admin.stack.balance_of(each) for each in people] == [40, 40, 40]
    assert len(actions_about(database, people[0].id)) == 1


def test_a_changed_file_under_the_same_key_is_refused(admin: Desk, people: list[User]) -> None:
    key = secrets.token_hex(8)
    csv = file_of(f"{people[0].id},40,,one")
    carried_out(admin, csv, key)
    for changed, more in (
        (file_of(f"{people[0].id},41,,one"), {}),
        (file_of(f"{people[1].id},40,,one"), {}),
        (file_of(f"{people[0].id},40,5,one"), {}),
        (file_of(f"{people[0].id},40,,ONE"), {}),
        (file_of(f"{people[0].id},40,,one", f"{people[1].id},40"), {}),
        (csv, {"campaign": "Another"}),
        (csv, {"reason": "Another"}),
    ):
        answer = send(admin, changed, key, **more)
        assert code(answer) == (409, "idempotency_key_reused")
    # Another way to write the same lines is the same file.
    assert send(admin, csv.replace(",", ";").replace("\n", "\r\n"), key).status_code == 200
    assert [admin.stack.balance_of(each) for each in people] == [40, 0, 0]


def test_two_admins_who_send_the_same_batch_at_once_grant_it_once(
    admin: Desk, colleague: Desk, stack: RunningStack, database: Database
) -> None:
    people = [stack.sign_up() for _ in range(45)]
    csv = file_of(*(f"{each.id},40" for each in people))
    key = secrets.token_hex(8)
    together = threading.Barrier(4)

    def click(desk: Desk) -> Any:
        together.wait(timeout=30)
        return send(desk, csv, key)

    with ThreadPoolExecutor(4) as clicks:
        answers = list(clicks.map(click, (admin, colleague, admin, colleague)))
    # One of them may have waited too long for the first one's lock.
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len({answer.json()["batch_id"] for answer in answers if answer.is_success}) == 1
    assert carried_out(admin, csv, key)["granted"] == 45
    for each in people:
        purse = Purse(database, each.id)
        assert purse.ledger() == [("bonus", 40)]
        purse.adds_up()
        assert len(actions_about(database, each.id)) == 1


def test_a_person_who_was_deleted_after_the_batch_began_is_an_outcome_of_their_line(
    admin: Desk, people: list[User], database: Database
) -> None:
    lines = json.dumps(
        [
            {"line": at, "person": each.id, "credits": 40, "valid_days": None, "note": "x"}
            for at, each in enumerate(people, 2)
        ]
    )
    row = database.execute(
        "select desk_begin_grants(%s, 'Launch', 'They helped', %s::jsonb, %s) ->> 'batch_id' as id",
        [admin.staff.id, lines, secrets.token_hex(8)],
    ).fetchone()
    assert row is not None
    database.execute("select forget_user(%s, 'ann', 'They asked')", [people[1].id])
    kept = database.execute(
        "select note from grant_lines where user_id = %s", [people[1].id]
    ).fetchone()
    assert kept == {"note": None}
    heir = admin.stack.sign_up()
    database.execute("select move_purse(%s, %s, 'ann', 'guest')", [people[2].id, heir.id])
    ended = post(admin, batch_id=row["id"]).json()
    assert (ended["granted"], ended["refused"], ended["left"]) == (1, 2, 0)
    assert (ended["credits_granted"], ended["ended_at"] is not None) == (40, True)
    told = batch(admin, row["id"])["lines"]
    assert [(each["outcome"], each["refusal"]) for each in told] == [
        ("granted", None),
        ("refused", "This account was deleted."),
        ("refused", "The purse of this account has moved to another one. Name that one."),
    ]
    assert Purse(database, people[1].id).ledger() == []
    assert Purse(database, people[2].id).ledger() == []


def test_batches_are_listed_and_one_with_its_lines(
    admin: Desk, supporter: Desk, people: list[User]
) -> None:
    csv = file_of(f"{people[0].email},40,30")
    begun = carried_out(admin, csv, secrets.token_hex(8), campaign=MARKUP, reason=MARKUP)
    listed = supporter.read("grants")
    assert listed["limits"] == {"lines": 500, "bytes": 262144}
    assert begun in listed["batches"]
    assert (begun["campaign"], begun["reason"]) == (MARKUP, MARKUP)
    shown = batch(supporter, begun["batch_id"])
    assert shown["batch"] == begun
    (line,) = shown["lines"]
    assert (line["email"], line["credits"], line["valid_days"]) == (people[0].email, 40, 30)
    unknown = Order().order_id
    assert code(admin.ask("grants", batch_id=unknown)) == (404, "unknown_batch")
    assert code(post(admin, batch_id=unknown)) == (404, "unknown_batch")
    assert code(admin.ask("grants", batch_id="x")) == (400, "invalid_request")


# Who, and what -----------------------------------------------------------------------------------


def test_only_an_admin_previews_begins_or_goes_on(
    admin: Desk, supporter: Desk, people: list[User], accounts: Accounts, stack: RunningStack
) -> None:
    csv = file_of(f"{people[0].id},40")
    begun = carried_out(admin, file_of(f"{people[1].id},1"), secrets.token_hex(8))
    former = Desk(stack, stack.sign_in(accounts.appoint(stack.sign_up(), "admin")))
    accounts.appoint(former.staff, None)
    nobody = Desk(stack, people[2])
    for desk, refusal in (
        (supporter, "admins_only"),
        (former, "not_staff"),
        (nobody, "not_staff"),
    ):
        for body in (
            {"campaign": "Launch", "csv": csv, "preview": True},
            {"campaign": "Launch", "csv": csv, "reason": "why"},
            {"batch_id": begun["batch_id"]},
        ):
            assert code(post(desk, **body)) == (403, refusal)
    assert code(nobody.ask("grants")) == (403, "not_staff")
    unsigned = as_described(stack.post("/api/admin/grants", json={"csv": csv}, headers={}))
    assert code(unsigned) == (401, "unauthorized")
    assert stack.balance_of(people[0]) == 0


def test_what_a_foreign_form_can_send_is_refused(admin: Desk, people: list[User]) -> None:
    body = {"campaign": "Launch", "csv": file_of(f"{people[0].id},40"), "reason": "why"}
    answer = admin.stack.post(
        "/api/admin/grants",
        content=json.dumps(body).encode(),
        headers={**admin.staff.auth, "Content-Type": "text/plain", "Idempotency-Key": "k"},
    )
    assert code(as_described(answer)) == (415, "unsupported_media_type")
    assert admin.stack.balance_of(people[0]) == 0


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"csv": None}, "invalid_request"),
        ({"csv": ["person,credits"]}, "invalid_request"),
        ({"csv": ""}, "invalid_csv"),
        ({"csv": "person,credits\n" + "a,1\n" * 501}, "invalid_csv"),
        ({"csv": "person,credits\n" + "é" * 131_072}, "invalid_csv"),
        ({"campaign": ""}, "invalid_request"),
        ({"campaign": "x" * 101}, "invalid_request"),
        ({"reason": ""}, "invalid_request"),
        ({"reason": "x" * 501}, "invalid_request"),
        ({"preview": "yes"}, "invalid_request"),
        ({"batch_id": None}, "invalid_request"),
        ({"batch_id": "x"}, "invalid_request"),
    ],
)
def test_what_makes_no_sense_is_refused(admin: Desk, wrong: dict[str, Any], refusal: str) -> None:
    body = {"campaign": "Launch", "csv": file_of("a@example.com,1"), "reason": "why", **wrong}
    assert code(post(admin, **body)) == (400, refusal)


def test_a_file_larger_than_a_body_may_be_is_refused_unread(admin: Desk) -> None:
    assert code(send(admin, "x" * 1_000_000)) == (413, "body_too_large")


def test_without_a_key_only_a_preview_is_made(admin: Desk, people: list[User]) -> None:
    body = {"campaign": "Launch", "csv": file_of(f"{people[0].id},40"), "reason": "why"}
    answer = admin.stack.post("/api/admin/grants", json=body, headers=admin.staff.auth)
    assert code(as_described(answer)) == (400, "invalid_idempotency_key")
    told = admin.stack.post(
        "/api/admin/grants", json={**body, "preview": True}, headers=admin.staff.auth
    )
    assert as_described(told).status_code == 200
    assert admin.stack.balance_of(people[0]) == 0


def test_the_longest_file_is_carried_out(admin: Desk, database: Database) -> None:
    """Of people whom the ledger alone knows, because signing up 500 would take long."""
    ids = [Order().user_id for _ in range(500)]
    database.execute("insert into user_credits (user_id) select unnest(%s::uuid[])", [ids])
    csv = file_of(*(f"{each},40,,{'n' * 300}" for each in ids))
    assert carried_out(admin, csv, secrets.token_hex(8))["granted"] == 500
    row = database.execute(
        "select count(*) as rows, sum(balance) as credits from user_credits"
        " where user_id = any (%s::uuid[])",
        [ids],
    ).fetchone()
    assert row == {"rows": 500, "credits": 20_000}
