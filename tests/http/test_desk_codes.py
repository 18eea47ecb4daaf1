"""Codes at the desk: made once under a key, shown once, and redeemed by people."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from api._lib.credits.codes import hash_of
from tests.desk import Desk, code
from tests.openapi import as_described

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from psycopg import Connection

    from local.stack import Running
    from tests.support import Accounts, RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def terms() -> dict[str, Any]:
    """A request for three codes of a campaign of its own."""
    return {
        "id": f"fair-{secrets.token_hex(6)}",
        "name": "Book fair",
        "credits": 50,
        "count": 3,
        "reason": "The fair in May",
    }


def make(desk: Desk, body: dict[str, Any], key: str | None = None) -> httpx.Response:
    headers = {**desk.staff.auth, "Idempotency-Key": key or secrets.token_hex(8)}
    return as_described(desk.stack.post("/api/admin/codes", json=body, headers=headers))


def campaign_of(desk: Desk, id_: str) -> dict[str, Any]:
    """Return a campaign as the desk lists it."""
    (found,) = (each for each in desk.read("codes")["campaigns"] if each["id"] == id_)
    assert isinstance(found, dict)
    return found


def redeem(stack: RunningStack, word: str) -> httpx.Response:
    person = stack.sign_up()
    return stack.post("/api/redeem", json={"code": word}, headers=person.auth)


def test_codes_are_made_listed_and_redeemed(
    admin: Desk, terms: dict[str, Any], stack: RunningStack
) -> None:
    answer = make(admin, {**terms, "valid_days": 30, "from": "2026-01-01", "until": "2099-12-31"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    made = answer.json()
    assert (made["campaign_id"], made["made"], len(set(made["codes"]))) == (terms["id"], 3, 3)
    listed = campaign_of(admin, terms["id"])
    assert (listed["codes"], listed["redeemed"]) == (3, 0)
    assert (listed["name"], listed["credits"], listed["valid_days"]) == ("Book fair", 50, 30)
    assert (listed["codes_work_once"], listed["new_customers_only"]) == (True, False)
    assert listed["starts_at"].startswith("2026-01-01T00:00:00")
    assert listed["ends_at"].startswith("2100-01-01T00:00:00")
    first = redeem(stack, made["codes"][0])
    assert (first.status_code, first.json()["credits"]) == (200, 50)
    assert redeem(stack, made["codes"][0]).status_code == 404
    assert campaign_of(admin, terms["id"])["redeemed"] == 1


def test_the_most_codes_are_made_at_once(admin: Desk, terms: dict[str, Any]) -> None:
    made = make(admin, {**terms, "count": 10_000}).json()
    assert (made["made"], len(set(made["codes"]))) == (10_000, 10_000)


def test_a_word_works_once_for_each_person(
    admin: Desk, terms: dict[str, Any], stack: RunningStack
) -> None:
    word = f"HELLO{secrets.token_hex(4)}"
    del terms["count"]
    body = {**terms, "code": f"-{word}", "new_customers_only": True}
    # No hyphen in front: a spreadsheet would take it for a formula.
    assert make(admin, body).json()["codes"] == [word]
    assert [redeem(stack, word).status_code for _ in range(2)] == [200, 200]
    listed = campaign_of(admin, terms["id"])
    assert (listed["codes_work_once"], listed["new_customers_only"]) == (False, True)
    assert code(make(admin, body)) == (409, "code_exists")
    other = {**body, "id": f"{terms['id']}-2"}
    assert code(make(admin, other)) == (409, "campaign_differs")


def test_a_repeated_request_makes_no_second_set(
    admin: Desk, terms: dict[str, Any], database: Database
) -> None:
    key = secrets.token_hex(8)
    assert make(admin, terms, key).status_code == 200
    again = make(admin, terms, key)
    assert code(again) == (409, "already_done")
    assert "cannot be shown again" in again.json()["error"]["message"]
    assert campaign_of(admin, terms["id"])["codes"] == 3
    assert code(make(admin, {**terms, "count": 4}, key)) == (409, "idempotency_key_reused")
    actions = database.execute(
        "select count(*) as n from admin_actions where idempotency_key = %s", [key]
    ).fetchone()
    assert actions == {"n": 1}
    # Under a new key the same terms add codes; other terms are refused.
    assert make(admin, terms).status_code == 200
    assert campaign_of(admin, terms["id"])["codes"] == 6
    assert code(make(admin, {**terms, "credits": 51})) == (409, "campaign_differs")
    assert campaign_of(admin, terms["id"])["codes"] == 6


def test_no_code_is_kept_or_logged(
    admin: Desk, terms: dict[str, Any], database: Database, running: Running
) -> None:
    key = secrets.token_hex(8)
    codes = make(admin, terms, key).json()["codes"]
    action = database.execute(
        "select a.*, a::text as whole from admin_actions a where idempotency_key = %s", [key]
    ).fetchone()
    assert action
    assert (action["action"], action["reason"]) == ("make_codes", "The fair in May")
    assert (action["arguments"]["codes"], action["result"]["made"]) == (3, 3)
    logs: list[Path] = [service.log for service in running.services.values()]
    texts = [action["whole"], *(log.read_text("utf-8", "replace") for log in logs)]
    for each in codes:
        hashed = hash_of(each)
        assert hashed
        assert not any(each in text or hashed in text for text in texts)


def test_support_sees_the_list_and_makes_nothing(
    stack: RunningStack, accounts: Accounts, admin: Desk, terms: dict[str, Any]
) -> None:
    supporter = Desk(stack, accounts.appoint(stack.sign_up(), "support"))
    assert code(make(supporter, terms)) == (403, "admins_only")
    assert code(make(Desk(stack, stack.sign_up()), terms)) == (403, "not_staff")
    assert make(admin, terms).status_code == 200
    assert campaign_of(supporter, terms["id"])["codes"] == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "Fair"},
        {"name": " "},
        {"credits": 0},
        {"count": 10_001},
        {"count": None},
        {"code": "WELCOME20"},
        {"count": None, "code": "=1+1"},
        {"valid_days": 3651},
        {"from": "soon"},
        {"until": "9999-12-31"},
        {"from": "2027-02-01", "until": "2027-01-31"},
        {"new_customers_only": "yes"},
        {"reason": ""},
    ],
)
def test_terms_that_are_not_valid_are_refused(
    admin: Desk, terms: dict[str, Any], wrong: dict[str, Any]
) -> None:
    assert code(make(admin, {**terms, **wrong})) == (400, "invalid_request")


def test_a_key_is_needed(admin: Desk, terms: dict[str, Any]) -> None:
    answer = admin.stack.post("/api/admin/codes", json=terms, headers=admin.staff.auth)
    assert code(answer) == (400, "invalid_idempotency_key")
