"""POST /api/redeem: the credits of a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api._lib.credits.codes import new_code
from tests.database.campaigns import campaign
from tests.openapi import as_described

if TYPE_CHECKING:
    import httpx
    from psycopg import Connection

    from tests.support import Accounts, RunningStack, User

REFUSED = (404, "code_not_valid")


@pytest.fixture
def user(stack: RunningStack) -> User:
    """Somebody who has just signed up."""
    return stack.sign_up()


@pytest.fixture
def code(database: Connection[dict[str, Any]]) -> str:
    """A code that works once and gives 50 credits."""
    return campaign(database, once=True).code


def redeem(
    stack: RunningStack, user: User, code: object, network: str = "203.0.113.5"
) -> httpx.Response:
    return as_described(
        stack.post(
            "/api/redeem",
            json={"code": code},
            headers={**user.auth, "X-Forwarded-For": f"198.51.100.1, {network}"},
        )
    )


def error(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_a_code_gives_its_credits_once(stack: RunningStack, user: User, code: str) -> None:
    first = redeem(stack, user, code)
    assert (first.status_code, first.json()) == (
        200,
        {"credits": 50, "campaign": "Book fair", "replayed": False},
    )
    assert "idempotent-replayed" not in first.headers
    again = redeem(stack, user, code)
    assert again.json() == {**first.json(), "replayed": True}
    assert again.headers["idempotent-replayed"] == "true"
    credits_now = stack.get("/api/credits", headers=user.auth).json()
    assert credits_now["balance"] == 50
    assert [(row["kind"], row["description"]) for row in credits_now["transactions"]] == [
        ("bonus", "Book fair")
    ]
    assert error(redeem(stack, stack.sign_up(), code)) == REFUSED


def test_a_code_may_be_typed_as_people_type(stack: RunningStack, user: User, code: str) -> None:
    typed = f"  {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    assert redeem(stack, user, typed).status_code == 200


@pytest.mark.parametrize("typed", ["", "abc", "x" * 1000, "ümlaut", "7K3M-9QXA-T2WB-04HF"])
def test_what_is_no_code_is_refused_like_an_unknown_one(
    stack: RunningStack, user: User, typed: str
) -> None:
    assert error(redeem(stack, user, typed)) == REFUSED


@pytest.mark.parametrize("typed", [None, 7, ["A"]])
def test_a_body_without_a_code_is_not_valid(stack: RunningStack, user: User, typed: object) -> None:
    assert error(redeem(stack, user, typed)) == (400, "invalid_request")


def test_a_guest_is_asked_for_an_address_first(
    stack: RunningStack, accounts: Accounts, user: User, code: str
) -> None:
    guest = accounts.change(user, guest=True)
    assert error(redeem(stack, guest, code)) == (403, "address_required")


def test_nobody_redeems_without_signing_in(stack: RunningStack, code: str) -> None:
    answer = as_described(stack.post("/api/redeem", json={"code": code}))
    assert error(answer) == (401, "unauthorized")


def test_the_eleventh_attempt_in_an_hour_has_to_wait(
    stack: RunningStack, user: User, code: str
) -> None:
    for _ in range(10):
        assert error(redeem(stack, user, new_code())) == REFUSED
    limited = redeem(stack, user, code)
    assert error(limited) == (429, "too_many_attempts")
    assert 3500 < int(limited.headers["retry-after"]) <= 3600


def test_many_accounts_of_one_network_share_a_limit(
    stack: RunningStack, database: Connection[dict[str, Any]], code: str
) -> None:
    database.execute("delete from code_attempts")
    network = "2001:db8:1:2::"
    people = [stack.sign_up() for _ in range(11)]
    for person in people[:10]:
        for number in range(10):
            assert error(redeem(stack, person, "NOSUCHCODE", f"{network}{number}")) == REFUSED
    limited = redeem(stack, people[10], code, f"{network}beef")
    assert error(limited) == (429, "too_many_attempts")
    assert redeem(stack, people[10], code, "2001:db8:1:3::1").status_code == 200
