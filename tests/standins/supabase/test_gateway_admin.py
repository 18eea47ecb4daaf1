"""The admin endpoints, and who may not use them."""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from supabase import AuthApiError
from tests.standins.supabase.mailing import (
    PASSWORD,
    SITE,
    Mailbox,
    client_of,
    follow,
    new_address,
    post,
    sign_in,
    sign_up,
    user_status,
)
from tests.standins.supabase.services import PUBLISHABLE_KEY, SECRET_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supabase_auth import SyncGoTrueAdminAPI

    from tests.standins.supabase.services import Gateway

SECRET = {"apikey": SECRET_KEY}


@pytest.fixture
def admin(mailing: Gateway) -> Iterator[SyncGoTrueAdminAPI]:
    """The client library of a server."""
    with client_of(mailing, SECRET_KEY) as supabase:
        yield supabase.auth.admin


def request(
    gateway: Gateway, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Call an admin endpoint; return status and JSON."""
    response = gateway.http.request(
        method, f"/auth/v1{path}", json=body, headers={**SECRET, **headers}
    )
    return response.status_code, response.json()


ENDPOINTS = [
    ("GET", "/admin/users"),
    ("POST", "/admin/users"),
    ("GET", "/admin/users/00000000-0000-4000-8000-000000000001"),
    ("PUT", "/admin/users/00000000-0000-4000-8000-000000000001"),
    ("DELETE", "/admin/users/00000000-0000-4000-8000-000000000001"),
    ("POST", "/admin/generate_link"),
    ("POST", "/invite"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_only_the_service_role_administers(
    mailing: Gateway, email: str, method: str, path: str
) -> None:
    person = f"Bearer {sign_up(mailing, email)['access_token']}"
    for headers in (
        {"apikey": PUBLISHABLE_KEY},
        {"apikey": PUBLISHABLE_KEY, "Authorization": person},
        {"apikey": SECRET_KEY, "Authorization": person},
        {"apikey": PUBLISHABLE_KEY, "Authorization": f"Bearer {SECRET_KEY}"},
    ):
        status, error = request(mailing, method, path, {}, **headers)
        assert (status, error["error_code"], error["msg"]) == (
            403,
            "not_admin",
            "User not allowed",
        )


def test_a_token_of_the_service_role_administers(mailing: Gateway) -> None:
    token = mailing.token(role="service_role", exp=int(time.time()) + 60)
    headers = {"apikey": PUBLISHABLE_KEY, "Authorization": f"Bearer {token}"}
    assert request(mailing, "GET", "/admin/users", **headers)[0] == 200
    forged = {"apikey": SECRET_KEY, "Authorization": f"Bearer {token}x"}
    assert request(mailing, "GET", "/admin/users", **forged)[1]["error_code"] == "bad_jwt"


def test_a_user_is_created_read_changed_and_deleted(
    admin: SyncGoTrueAdminAPI, mailing: Gateway, email: str
) -> None:
    created = admin.create_user(
        {
            "email": email,
            "password": PASSWORD,
            "email_confirm": True,
            "user_metadata": {"colour": "green"},
            "app_metadata": {"plan": "free"},
        }
    ).user
    assert created.app_metadata == {"provider": "email", "providers": ["email"], "plan": "free"}
    assert created.user_metadata == {"colour": "green", "email_verified": True}
    session = sign_in(mailing, email)
    new_email = new_address()
    admin.update_user_by_id(
        created.id, {"email": new_email, "password": "battery staple", "user_metadata": {"a": 1}}
    )
    read = admin.get_user_by_id(created.id).user
    assert (read.email, read.user_metadata["a"]) == (new_email, 1)
    # A password that an administrator sets ends every session.
    assert user_status(mailing, session) == 403
    session = sign_in(mailing, new_email, "battery staple")
    admin.delete_user(created.id)
    assert user_status(mailing, session) == 403
    with pytest.raises(AuthApiError) as refused:
        admin.get_user_by_id(created.id)
    assert (refused.value.status, refused.value.code) == (404, "user_not_found")


def test_a_user_who_is_not_confirmed_does_not_sign_in(
    admin: SyncGoTrueAdminAPI, mailing: Gateway, email: str
) -> None:
    admin.create_user({"email": email, "password": PASSWORD})
    body = {"email": email, "password": PASSWORD}
    status, error = post(mailing, "/token?grant_type=password", body)
    assert (status, error["error_code"]) == (400, "email_not_confirmed")


def test_a_ban_shuts_out_and_is_lifted(
    admin: SyncGoTrueAdminAPI, mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    session = sign_up(mailing, email)
    post(mailing, "/recover", {"email": email})
    admin.update_user_by_id(session["user"]["id"], {"ban_duration": "24h"})
    assert user_status(mailing, session) == 403
    body = {"email": email, "password": PASSWORD}
    assert post(mailing, "/token?grant_type=password", body)[1]["error_code"] == "user_banned"
    refresh = {"refresh_token": session["refresh_token"]}
    _, error = post(mailing, "/token?grant_type=refresh_token", refresh)
    assert error["error_code"] == "user_banned"
    assert follow(mailbox.link(email)).fragment["error_code"] == "user_banned"
    admin.update_user_by_id(session["user"]["id"], {"ban_duration": "none"})
    assert user_status(mailing, session) == 200


def test_a_softly_deleted_user_keeps_the_id_and_nothing_else(
    admin: SyncGoTrueAdminAPI, mailing: Gateway, email: str
) -> None:
    session = sign_up(mailing, email)
    admin.delete_user(session["user"]["id"], should_soft_delete=True)
    _, gone = request(mailing, "GET", f"/admin/users/{session['user']['id']}")
    assert email not in str(gone)
    assert (gone["user_metadata"], gone["app_metadata"]) == ({}, {})
    assert "deleted_at" in gone
    assert user_status(mailing, session) == 403
    assert sign_up(mailing, email)["user"]["id"] != session["user"]["id"]


def test_users_are_listed_by_page(admin: SyncGoTrueAdminAPI, mailing: Gateway, email: str) -> None:
    for number in range(3):
        sign_up(mailing, f"{number}-{email}")
    path = f"/auth/v1/admin/users?filter={email}&per_page=2"
    first = mailing.http.get(path, headers=SECRET)
    assert [user["email"] for user in first.json()["users"]] == [f"2-{email}", f"1-{email}"]
    assert first.json()["aud"] == "authenticated"
    assert first.headers["X-Total-Count"] == "3"
    links = re.findall(r'<([^>]*)>; rel="(\w+)"', first.headers["Link"])
    assert [(rel, "page=2" in link) for link, rel in links] == [("next", True), ("last", True)]
    last = mailing.http.get(f"{path}&page=2", headers=SECRET)
    assert [user["email"] for user in last.json()["users"]] == [f"0-{email}"]
    assert 'rel="next"' not in last.headers["Link"]
    oldest_first = mailing.http.get(f"{path}&sort=created_at asc", headers=SECRET).json()["users"]
    assert oldest_first[0]["email"] == f"0-{email}"
    assert len(admin.list_users(page=1, per_page=1)) == 1


@pytest.mark.parametrize("kind", ["magiclink", "recovery"])
def test_a_link_is_made_without_a_mail(
    admin: SyncGoTrueAdminAPI, mailing: Gateway, mailbox: Mailbox, email: str, kind: Any
) -> None:
    user = sign_up(mailing, email)["user"]
    made = admin.generate_link(
        {"type": kind, "email": email, "options": {"redirect_to": f"{SITE}/in"}}
    )
    assert made.user.id == user["id"]
    assert made.properties.redirect_to == f"{SITE}/in"
    assert made.properties.verification_type == kind
    assert mailbox.mails(email) == []
    landing = follow(made.properties.action_link)
    assert (landing.page, landing.fragment["type"]) == (f"{SITE}/in", kind)


def test_the_code_of_a_made_link_works_too(
    admin: SyncGoTrueAdminAPI, mailing: Gateway, email: str
) -> None:
    sign_up(mailing, email)
    made = admin.generate_link({"type": "recovery", "email": email}).properties
    body = {"type": "recovery", "email": email, "token": made.email_otp}
    assert post(mailing, "/verify", body)[0] == 200
    again = {"type": "recovery", "token_hash": made.hashed_token}
    assert post(mailing, "/verify", again)[1]["error_code"] == "otp_expired"


def test_a_link_for_an_unknown_address_signs_up(admin: SyncGoTrueAdminAPI, email: str) -> None:
    made = admin.generate_link({"type": "magiclink", "email": email}).properties
    assert made.verification_type == "signup"
    assert follow(made.action_link).fragment["type"] == "signup"


def test_an_invited_user_signs_in_by_the_mail(
    admin: SyncGoTrueAdminAPI, mailbox: Mailbox, email: str
) -> None:
    invited = admin.invite_user_by_email(email, {"data": {"team": "blue"}}).user
    assert invited.invited_at is not None
    assert follow(mailbox.link(email)).fragment["type"] == "invite"
    assert admin.get_user_by_id(invited.id).user.email_confirmed_at is not None
    with pytest.raises(AuthApiError) as refused:
        admin.invite_user_by_email(email)
    assert (refused.value.status, refused.value.code) == (422, "email_exists")


def test_links_for_both_sides_of_a_change_are_made(mailing: Gateway, email: str) -> None:
    sign_up(mailing, email)
    new_email = new_address()
    for kind in ("email_change_current", "email_change_new"):
        body = {"type": kind, "email": email, "new_email": new_email}
        status, made = request(mailing, "POST", "/admin/generate_link", body)
        assert (status, made["verification_type"], made["new_email"]) == (200, kind, new_email)
    assert follow(made["action_link"]).fragment["type"] == "email_change"
    assert sign_in(mailing, new_email)["user"]["email"] == new_email


UNKNOWN = "00000000-0000-4000-8000-000000000001"
LINK = "/admin/generate_link"
REFUSED = [
    ("GET", "/admin/users/nonsense", None, 404, "validation_failed"),
    ("GET", f"/admin/users/{UNKNOWN}", None, 404, "user_not_found"),
    ("PUT", f"/admin/users/{UNKNOWN}", {}, 404, "user_not_found"),
    ("DELETE", f"/admin/users/{UNKNOWN}", None, 404, "user_not_found"),
    ("GET", "/admin/users?page=x", None, 400, "validation_failed"),
    ("GET", "/admin/users?per_page=-1", None, 400, "validation_failed"),
    ("GET", "/admin/users?sort=email", None, 400, "validation_failed"),
    ("GET", "/admin/users?sort=created_at up", None, 400, "validation_failed"),
    ("POST", "/admin/users", {}, 400, "validation_failed"),
    ("POST", "/admin/users", {"email": "nonsense"}, 400, "validation_failed"),
    ("POST", "/admin/users", {"email": "q@b.c", "id": "nonsense"}, 400, "validation_failed"),
    (
        "POST",
        "/admin/users",
        {"email": "q@b.c", "id": str(uuid.UUID(int=0))},
        400,
        "validation_failed",
    ),
    ("POST", "/admin/users", {"email": "q@b.c", "password": "x" * 73}, 400, "validation_failed"),
    ("POST", "/admin/users", {"email": "q@b.c", "ban_duration": "long"}, 400, "validation_failed"),
    ("POST", "/admin/users", {"email": 5}, 400, "bad_json"),
    ("POST", LINK, {"type": "recovery"}, 400, "validation_failed"),
    ("POST", LINK, {"type": "recovery", "email": "q@b.c"}, 404, "user_not_found"),
    ("POST", LINK, {"type": "x", "email": "q@b.c"}, 400, "validation_failed"),
    (
        "POST",
        "/admin/generate_link",
        {"type": "signup", "email": "q@b.c"},
        400,
        "validation_failed",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), REFUSED)
def test_a_request_that_makes_no_sense_is_refused(  # noqa: PLR0913, PLR0917 - one row of the table
    mailing: Gateway, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answered, error = request(mailing, method, path, body)
    assert (answered, error["error_code"]) == (status, code)


def test_an_address_and_an_id_are_taken_once(mailing: Gateway, email: str) -> None:
    user = sign_up(mailing, email)["user"]
    status, error = request(mailing, "POST", "/admin/users", {"email": email})
    assert (status, error["error_code"]) == (422, "email_exists")
    body = {"email": new_address(), "id": user["id"]}
    status, error = request(mailing, "POST", "/admin/users", body)
    assert (status, error["msg"]) == (500, "Database error creating new user")
