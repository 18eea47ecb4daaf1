"""make forget and make export-user, and what doctor says of deleted accounts."""

from __future__ import annotations

import json
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.stack import ROOT
from tests import shop
from tests.stripe_events import Order, event
from tests.support import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ops.conftest import Operator
    from tests.ops.forked import Outcome
    from tests.support import User

SIGNED = {"APPLY": "1", "WHO": "ann", "WHY": "they asked"}
AWAY = "http://127.0.0.1:1"


@pytest.fixture
def user(operator: Operator) -> User:
    """Somebody who bought 500 credits, and began to buy more."""
    user = operator.stack.sign_up()
    shop.buy(operator.stack, user)
    until(lambda: operator.stack.balance_of(user) == 500, "the webhook has come")
    shop.begin(operator.stack, user)
    return user


def said(outcome: Outcome) -> str:
    return " ".join(outcome.text.split())


def status_of(operator: Operator, user: User) -> int:
    """Return what GET /api/credits answers to the person's token."""
    return operator.stack.get("/api/credits", headers=user.auth).status_code


def in_auth(operator: Operator, user: User) -> bool:
    answer = httpx.get(
        f"{operator.stack.supabase_url}/auth/v1/admin/users/{user.id}",
        headers={"apikey": operator.stack.secret_key},
    )
    return answer.status_code == 200


def customers(operator: Operator, user: User) -> list[Any]:
    """Return the customers that Stripe has with the person's address."""
    return shop.stripe_client(operator.stack).v1.customers.list({"email": user.email}).data


def tombstone(operator: Operator, user: User) -> dict[str, Any] | None:
    with operator.stack.connect() as database:
        return database.execute(
            "select finished_at is not null as finished, customers, actor, reason"
            " from deleted_accounts where user_id = %s",
            [user.id],
        ).fetchone()


# Deleting ----------------------------------------------------------------------------------------


def test_it_shows_first_and_needs_a_name_and_a_reason(operator: Operator, user: User) -> None:
    shown = operator.run("forget", user.email)
    assert shown.status == 0, shown.text
    assert "Nothing is written" in shown.text
    assert "give up 500 credits" in said(shown)
    assert "close 1 payment page" in said(shown)
    assert operator.run("forget", user.email, APPLY="1").status == 2
    assert operator.run("forget", user.email, APPLY="1", WHO="ann").status == 2
    assert operator.run("forget").status == 2
    assert tombstone(operator, user) is None
    assert operator.stack.balance_of(user) == 500


def test_a_person_is_deleted_everywhere_by_their_address(operator: Operator, user: User) -> None:
    assert customers(operator, user)
    done = operator.run("forget", user.email, **SIGNED)
    assert done.status == 0, done.text
    assert "500 credits given up" in done.text
    assert customers(operator, user) == []
    assert not in_auth(operator, user)
    assert status_of(operator, user) == 403
    assert tombstone(operator, user) == {
        "finished": True,
        "customers": {},
        "actor": "ann",
        "reason": "they asked",
    }
    again = operator.run("forget", user.id, **SIGNED)
    assert again.status == 0, again.text
    assert "It was deleted on" in again.text
    assert "deleted already" in operator.run("forget", user.id).text
    gone = operator.run("forget", user.email, **SIGNED)
    assert (gone.status, "name its id" in gone.text) == (1, True)
    doctor = operator.run("doctor")
    assert doctor.status == 0, doctor.text
    assert "Nothing personal is left of" in doctor.text


@pytest.mark.parametrize(
    ("settings", "stays"),
    [
        # The processes that would have gone on ended at the first step that did not answer.
        ({"STORAGE_S3_ENDPOINT": AWAY}, "files"),
        ({"STRIPE_API_BASE": AWAY}, "customer"),
    ],
    ids=["before the storage", "before Stripe"],
)
def test_a_deletion_that_was_interrupted_goes_on_where_it_was(
    operator: Operator, user: User, settings: dict[str, str], stays: str
) -> None:
    broken = operator.run("forget", user.email, **SIGNED, **settings)
    assert broken.status == 1
    assert "Run this again to delete the rest" in broken.text
    # Nobody can use the account from here on, and the address still finds it.
    assert status_of(operator, user) == 403
    assert in_auth(operator, user)
    assert customers(operator, user), stays
    found = tombstone(operator, user)
    assert found is not None
    assert not found["finished"]
    doctor = operator.run("doctor")
    assert doctor.status == 1
    assert f"user {user.id}: a user in Supabase Auth, a Stripe customer" in said(doctor)

    done = operator.run("forget", user.email, **SIGNED)
    assert done.status == 0, done.text
    assert not in_auth(operator, user)
    assert customers(operator, user) == []
    assert operator.run("doctor").status == 0


def test_a_crash_after_the_user_is_gone_is_finished_by_the_id(
    operator: Operator, user: User
) -> None:
    """Everything outside is done; the note that it is was not written."""
    assert operator.run("forget", user.email, **SIGNED).status == 0
    operator.tamper("update deleted_accounts set finished_at = null where user_id = %s", user.id)
    assert operator.run("doctor").status == 1
    assert operator.run("forget", user.id, **SIGNED).status == 0
    found = tombstone(operator, user)
    assert found is not None
    assert found["finished"]


def test_the_daily_clean_up_finishes_what_was_interrupted(operator: Operator, user: User) -> None:
    assert operator.run("forget", user.email, **SIGNED, STRIPE_API_BASE=AWAY).status == 1
    operator.stack.clean_up()
    assert not in_auth(operator, user)
    assert customers(operator, user) == []


def test_customers_of_the_other_mode_are_named_until_their_key_runs_it(
    operator: Operator, user: User
) -> None:
    operator.tamper(
        "insert into stripe_customers (user_id, livemode, customer_id) values (%s, true, %s)",
        user.id,
        f"cus_live_{user.id}",
    )
    done = operator.run("forget", user.email, **SIGNED)
    assert done.status == 1
    assert "Stripe still has customers of live mode" in said(done)
    found = tombstone(operator, user)
    assert found is not None
    assert found["customers"] == {f"cus_live_{user.id}": True}
    assert f"user {user.id}: a Stripe customer" in said(operator.run("doctor"))
    operator.tamper("update deleted_accounts set customers = '{}' where user_id = %s", user.id)
    assert operator.run("forget", user.id, **SIGNED).status == 0


def test_nobody_is_deleted_for_somebody_unknown(operator: Operator) -> None:
    unknown = operator.run("forget", "nobody@example.com", **SIGNED)
    assert unknown.status == 1
    assert "Nobody has signed up as nobody@example.com" in unknown.text


def test_make_takes_a_user_that_was_given_and_not_the_shells() -> None:
    for target, module in (("forget", "ops.forget"), ("export-user", "ops.export_user")):
        shown = [
            subprocess.run(
                ["make", "-n", target, *given],
                cwd=ROOT,
                env={"PATH": "/usr/bin:/bin", "USER": "root"},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.splitlines()[-1]
            for given in ([], ["USER=ada@example.com"])
        ]
        assert [line.strip() for line in shown] == [
            f".venv/bin/python -m {module}",
            f'.venv/bin/python -m {module} "$USER"',
        ]


# Money and Supabase ------------------------------------------------------------------------------


def test_doctor_says_to_refund_what_was_paid_after_the_deletion(
    operator: Operator, user: User
) -> None:
    session_id = shop.begin(operator.stack, user)
    shop.pay_by_bank(operator.stack, session_id)
    pending = f"select from purchases where user_id = '{user.id}' and status = 'processing'"
    with operator.stack.connect() as database:
        until(lambda: database.execute(pending).fetchone() is not None, "the webhook has come")
    shown = operator.run("forget", user.email)
    assert "NOT stop 4.99 USD for Starter" in said(shown)
    assert operator.run("forget", user.email, **SIGNED).status == 0
    operator.stack.simulate(f"sessions/{session_id}/settle", outcome="succeeded")
    credits_ = f"select balance from user_credits where user_id = '{user.id}'"
    with operator.stack.connect() as database:
        until(lambda: database.execute(credits_).fetchone() == {"balance": 500}, "it has arrived")
    doctor = operator.run("doctor")
    assert doctor.status == 1
    order_id = shop.purchase(operator.stack, session_id)["id"]
    assert f"user {user.id}: 500 credits, order {order_id}" in said(doctor)
    shop.refund(operator.stack, session_id, 499)
    with operator.stack.connect() as database:
        until(lambda: database.execute(credits_).fetchone() == {"balance": 0}, "it is refunded")
    assert operator.run("doctor").status == 0


def test_doctor_names_a_user_who_is_deleted_in_supabase_alone(
    operator: Operator, user: User
) -> None:
    operator.tamper("delete from auth.users where id = %s", user.id)
    doctor = operator.run("doctor")
    assert doctor.status == 0, doctor.text
    assert "A user was deleted in Supabase, and not here" in doctor.text
    assert f"user {user.id}" in doctor.text
    assert operator.run("forget", user.id, **SIGNED).status == 0
    assert f"user {user.id}" not in operator.run("doctor").text


# The copy ----------------------------------------------------------------------------------------


def test_an_export_is_one_document(operator: Operator, user: User, tmp_path: Path) -> None:
    stack = operator.stack
    for number in range(3):
        stack.deliver(event("checkout.session.completed", Order(user_id=user.id).session()))
        stack.post(
            "/api/credits",
            json={"feature": "docx_processing"},
            headers={**user.auth, "Idempotency-Key": f"k{number}"},
        )
    printed = operator.run("export_user", user.email)
    assert printed.status == 0, printed.text
    data = json.loads(printed.text)
    assert "next_cursor" not in data
    assert (data["user_id"], data["profile"]["email"]) == (user.id, user.email)
    assert [customer["livemode"] for customer in data["account"]["customers"]] == [False]
    assert len(data["orders"]) == 5
    assert sum(row["amount"] for row in data["transactions"]) == data["account"]["balance"] == 1985

    path = tmp_path / "ada.json"
    written = operator.run("export_user", user.id, OUT=str(path))
    assert written.status == 0, written.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    same = json.loads(path.read_text("utf-8"))
    assert {**same, "exported_at": ""} == {**data, "exported_at": ""}


def test_an_export_of_nobody_is_refused(operator: Operator, user: User) -> None:
    assert operator.run("export_user", "nobody@example.com").status == 1
    assert operator.run("export_user").status == 2
    assert operator.run("forget", user.email, **SIGNED).status == 0
    refused = operator.run("export_user", user.id)
    assert (refused.status, refused.text) == (1, "This account was deleted.\n")
