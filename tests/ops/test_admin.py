"""`make admin`: who may use the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.desk import Desk

if TYPE_CHECKING:
    from tests.ops.conftest import Operator


def test_a_role_is_given_changed_and_taken_away(operator: Operator) -> None:
    user = operator.stack.sign_up()
    desk = Desk(operator.stack, user)
    assert desk.ask("today").status_code == 403

    made = operator.run("admin", user.email.upper())
    assert made.status == 0
    assert made.text.startswith(f"{user.email.upper()} has the role admin. The desk is at http")
    assert desk.ask("today").status_code == 200
    assert operator.run("admin", EMAIL=user.email, ROLE="support").status == 0
    refused = desk.act("grant", user, credits=1)
    assert refused.json()["error"]["code"] == "admins_only"
    assert operator.run("admin", user.email, "--role", "none").status == 0
    assert desk.ask("today").status_code == 403


def test_other_metadata_stays(operator: Operator) -> None:
    user = operator.stack.sign_up()
    read = "select raw_app_meta_data as data from auth.users where id = %s"
    with operator.superuser() as database:
        before = database.execute(read, [user.id]).fetchone()
        operator.run("admin", user.email)
        operator.run("admin", user.email, "--role", "none")
        assert database.execute(read, [user.id]).fetchone() == before


def test_it_says_what_is_missing(operator: Operator) -> None:
    unnamed = operator.run("admin")
    assert (unnamed.status, unnamed.text.startswith("Name the person")) == (2, True)
    assert operator.run("admin", "a@example.com", "--role", "owner").status == 2
    unknown = operator.run("admin", "nobody@example.com")
    assert unknown.status == 1
    assert unknown.text.startswith("Nobody has signed up as nobody@example.com")
