"""SIGNUP_BONUS_CREDITS and LOW_BALANCE_CREDITS, on a site of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from local.stack import running_services
from tests.support import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Running
    from tests.support import Accounts


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack that grants 20 credits to new users and calls a smaller balance low."""
    environ = {"SIGNUP_BONUS_CREDITS": "20", "LOW_BALANCE_CREDITS": "20"}
    folder = tmp_path_factory.mktemp("generous")
    with running_services(folder, environ=environ, report=lambda _line: None) as running:
        yield running


@pytest.fixture(scope="module")
def generous(running: Running) -> RunningStack:
    """The stack, with what tests do to it."""
    return RunningStack.of(running.stack)


def test_somebody_new_is_given_the_bonus_once(generous: RunningStack) -> None:
    user = generous.sign_up()
    with ThreadPoolExecutor(8) as tabs:
        balances = list(tabs.map(lambda _: generous.balance_of(user), range(8)))
    assert balances == [20] * 8
    body = generous.get("/api/credits", headers=user.auth).json()
    assert [(entry["kind"], entry["description"]) for entry in body["transactions"]] == [
        ("bonus", "Welcome")
    ]


def test_an_address_is_given_the_bonus_once_whatever_the_account(
    generous: RunningStack, accounts: Accounts
) -> None:
    first = generous.sign_up()
    assert generous.balance_of(first) == 20
    accounts.delete(first)
    again = generous.sign_up(first.email.upper())
    assert again.id != first.id
    assert [generous.balance_of(again) for _ in range(2)] == [0, 0]
    assert generous.balance_of(generous.sign_up(f"other-{first.email}")) == 20


def test_two_accounts_of_one_address_at_once_are_given_it_once(generous: RunningStack) -> None:
    accounts = [str(uuid4()) for _ in range(6)]

    def welcome(user_id: str) -> bool:
        with generous.connect() as database:
            row = database.execute(
                "select grant_signup_bonus(%s, 'Twin@example.com ', 20) as granted", [user_id]
            ).fetchone()
        assert row is not None
        return bool(row["granted"])

    with ThreadPoolExecutor(6) as tabs:
        assert sorted(tabs.map(welcome, accounts)) == [False] * 5 + [True]


def test_a_guest_is_given_nothing_until_they_have_an_address(
    generous: RunningStack, accounts: Accounts
) -> None:
    guest = accounts.change(generous.sign_up(), guest=True)
    assert generous.balance_of(guest) == 0
    assert generous.balance_of(accounts.change(guest)) == 20


def test_no_address_is_stored_with_the_bonus(generous: RunningStack) -> None:
    user = generous.sign_up()
    generous.balance_of(user)
    with generous.connect() as database:
        row = database.execute(
            """
            select b::text as stored, length(address_hash) as bytes,
                address_hash = sha256(convert_to(%(email)s, 'UTF8')) as is_unkeyed
            from signup_bonuses b where user_id = %(user)s
            """,
            {"email": user.email, "user": user.id},
        ).fetchone()
    assert row is not None
    assert user.email not in row["stored"]
    assert (row["bytes"], row["is_unkeyed"]) == (32, False)


def test_who_has_spent_it_is_not_new_again(generous: RunningStack) -> None:
    user = generous.sign_up()
    assert generous.balance_of(user) == 20
    headers = {**user.auth, "Idempotency-Key": "all"}
    body = {"feature": "docx_processing", "quantity": 4}
    assert generous.post("/api/credits", json=body, headers=headers).json()["balance"] == 0
    assert generous.balance_of(user) == 0


def test_low_is_below_the_deployments_threshold(generous: RunningStack) -> None:
    user = generous.sign_up()

    def low() -> tuple[bool, int]:
        body = generous.get("/api/credits", headers=user.auth).json()
        return body["low"], body["low_threshold"]

    assert low() == (False, 20)
    headers = {**user.auth, "Idempotency-Key": "one"}
    generous.post("/api/credits", json={"feature": "audio_upload"}, headers=headers)
    assert low() == (True, 20)
