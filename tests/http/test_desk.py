"""Who may use the desk: the role in auth.users decides, on every call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from tests import plain_http
from tests.desk import Desk, code
from tests.openapi import as_described

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import Accounts, RunningStack, User

NOBODY = "00000000-0000-4000-8000-000000000000"
PAGES: tuple[tuple[str, dict[str, str]], ...] = (
    ("today", {}),
    ("checks", {}),
    ("money", {}),
    ("use", {}),
    ("people", {"q": "ada"}),
    ("person", {"id": NOBODY}),
    ("verdict", {"id": NOBODY}),
    ("refunds", {"order_id": NOBODY}),
    ("grants", {}),
    ("codes", {}),
    ("export", {"action_id": "1"}),
)
# What moves credits or ends an account.
MOVING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("grant", {"credits": 10}),
    ("correct", {"credits": -10}),
    ("undo", {"transaction_id": "1"}),
    ("release", {"hold_id": NOBODY}),
    ("refund", {"purchase_id": NOBODY}),
    ("move", {"to_user_id": NOBODY}),
    ("forget", {}),
)


def refused_everywhere(desk: Desk, person: User) -> None:
    """Assert that every page and every action is refused, and that nothing was done."""
    answer = as_described(desk.stack.get("/api/admin", headers=desk.staff.auth))
    assert code(answer) == (403, "not_staff")
    for page, query in PAGES:
        assert code(desk.ask(page, **query)) == (403, "not_staff"), page
    for action, more in (*MOVING, ("note", {}), ("export", {})):
        assert code(desk.act(action, person, **more)) == (403, "not_staff"), action
        preview = desk.act(action, person, preview=True, **more)
        assert code(preview) == (403, "not_staff"), action
    assert desk.stack.balance_of(person) == 500


# Not staff ---------------------------------------------------------------------------------------


def test_somebody_without_a_role_is_refused(stack: RunningStack, person: User) -> None:
    refused_everywhere(Desk(stack, stack.sign_up()), person)


def test_a_role_that_users_wrote_into_their_own_metadata_counts_for_nothing(
    stack: RunningStack, person: User
) -> None:
    forger = stack.sign_up()

    def change(**changes: Any) -> httpx.Response:
        return plain_http.put(
            f"{stack.supabase_url}/auth/v1/user",
            json=changes,
            headers={"apikey": stack.publishable_key, **forger.auth},
        )

    assert change(app_metadata={"role": "admin"}).is_client_error
    written = change(data={"role": "admin", "app_metadata": {"role": "admin"}})
    assert written.json()["user_metadata"]["role"] == "admin"
    # The new token carries the forged metadata.
    refused_everywhere(Desk(stack, stack.sign_in(forger)), person)


@pytest.mark.parametrize("role", ["owner", "Admin", "", "service_role"])
def test_an_unknown_role_is_none(
    stack: RunningStack, accounts: Accounts, person: User, role: str
) -> None:
    refused_everywhere(Desk(stack, accounts.appoint(stack.sign_up(), role)), person)


def test_a_revoked_admin_with_a_live_token_is_refused_at_once(
    stack: RunningStack, accounts: Accounts, person: User
) -> None:
    # Signed in after the appointment, so the token itself says admin.
    former = Desk(stack, stack.sign_in(accounts.appoint(stack.sign_up(), "admin")))
    assert former.read("today")
    accounts.appoint(former.staff, None)
    refused_everywhere(former, person)


def test_a_banned_and_a_deleted_admin_are_refused(
    stack: RunningStack, accounts: Accounts, person: User
) -> None:
    banned, deleted = (Desk(stack, accounts.appoint(stack.sign_up(), "admin")) for _ in range(2))
    accounts.ban(banned.staff)
    accounts.delete(deleted.staff)
    refused_everywhere(banned, person)
    refused_everywhere(deleted, person)


def test_an_account_that_purse_deleted_has_no_role_though_a_backup_brings_it_back(
    stack: RunningStack, accounts: Accounts, person: User, database: Connection[dict[str, Any]]
) -> None:
    former = accounts.appoint(stack.sign_up(), "admin")
    database.execute("select forget_user(%s, 'ann', 'left')", [former.id])
    refused_everywhere(Desk(stack, former), person)


def test_without_a_good_token_nobody_learns_that_there_is_a_desk(stack: RunningStack) -> None:
    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"apikey": stack.secret_key}):
        for page in ("", *(f"/{page}" for page, _ in PAGES)):
            answer = as_described(stack.get(f"/api/admin{page}", headers=headers))
            assert code(answer) == (401, "unauthorized")
        acted = as_described(stack.post("/api/admin/act", json={}, headers=headers))
        assert code(acted) == (401, "unauthorized")


# Support -----------------------------------------------------------------------------------------


def test_support_reads_and_notes_and_moves_no_credits(supporter: Desk, person: User) -> None:
    role = as_described(supporter.stack.get("/api/admin", headers=supporter.staff.auth))
    assert role.json() == {"role": "support"}
    assert supporter.read("today")
    assert supporter.read("person", id=person.id)["purse"]["balance"] == 500
    supporter.done("note", person, reason="Called about a late payment.")
    for action, more in MOVING:
        for preview in (False, True):
            answer = supporter.act(action, person, preview=preview, **more)
            assert code(answer) == (403, "admins_only"), action
    assert supporter.stack.balance_of(person) == 500


def test_support_who_becomes_an_admin_may_act_with_the_same_token(
    supporter: Desk, accounts: Accounts, person: User
) -> None:
    accounts.appoint(supporter.staff, "admin")
    supporter.done("grant", person, credits=10)
    assert supporter.stack.balance_of(person) == 510


# Other origins -----------------------------------------------------------------------------------


def test_no_other_origin_may_call_not_even_an_allowed_one(admin: Desk) -> None:
    stack = admin.stack
    allowed = stack.allowed_origins.split(",")[0]
    assert allowed
    for origin in (allowed, "https://evil.example", "null"):
        preflight = httpx.options(
            f"{stack.site_url}/api/admin/act",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type",
            },
        )
        assert preflight.status_code == 405
        answer = stack.get("/api/admin/today", headers={**admin.staff.auth, "Origin": origin})
        for each in (preflight, answer):
            assert not [name for name in each.headers if name.startswith("access-control-")]


def test_what_a_foreign_form_can_send_is_refused(admin: Desk, person: User) -> None:
    """A form sends cookies and no bearer token; and never JSON."""
    body = {"action": "grant", "user_id": person.id, "credits": 10, "reason": "free"}
    url = f"{admin.stack.site_url}/api/admin/act"
    cookie = {"Cookie": f"sb-access-token={admin.staff.access_token}"}
    riding = as_described(plain_http.post(url, json=body, headers=cookie))
    assert code(riding) == (401, "unauthorized")
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = plain_http.post(
            url,
            content=httpx.Request("POST", url, json=body).content,
            headers={**admin.staff.auth, "Content-Type": content_type, "Idempotency-Key": "k"},
        )
        assert code(as_described(answer)) == (415, "unsupported_media_type")
    assert admin.stack.balance_of(person) == 500


# What was done -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "update admin_actions set reason = 'another'",
        "delete from admin_actions",
        "truncate admin_actions",
    ],
)
def test_what_was_done_is_kept_whoever_asks(
    admin: Desk, person: User, database: Connection[dict[str, Any]], statement: str
) -> None:
    admin.done("note", person)
    with pytest.raises(psycopg.errors.RestrictViolation):
        database.execute(statement)
