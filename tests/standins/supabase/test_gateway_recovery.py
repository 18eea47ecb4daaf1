"""Forgotten passwords: the mail, its link and its code, and what a new password ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from supabase import AuthApiError
from tests.standins.supabase.mailing import (
    CHALLENGE,
    PASSWORD,
    SITE,
    VERIFIER,
    Mailbox,
    client_of,
    follow,
    post,
    put_user,
    sign_in,
    sign_up,
    user_status,
)

if TYPE_CHECKING:
    from local.postgres import Postgres
    from tests.standins.supabase.services import Gateway

NEW_PASSWORD = "battery staple"


def recover(gateway: Gateway, mailbox: Mailbox, email: str, redirect_to: str = "") -> str:
    """Ask for a recovery; return the mail's link."""
    assert post(gateway, f"/recover?redirect_to={redirect_to}", {"email": email}) == (200, {})
    return mailbox.link(email)


def make_older(database: Postgres, email: str, column: str, interval: str) -> None:
    """Make a mail older than it is."""
    with psycopg.connect(database.url()) as connection:
        connection.execute(
            f"update auth.users set {column} = {column} - interval '{interval}' "
            "where email = %s".encode(),
            [email],
        )


def test_a_forgotten_password_is_replaced_by_the_code_in_the_mail(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    with client_of(mailing) as supabase:
        supabase.auth.reset_password_for_email(email)
        answer = supabase.auth.verify_otp(
            {"type": "recovery", "email": email.upper(), "token": mailbox.code(email)}
        )
        assert answer.user is not None
        supabase.auth.update_user({"password": NEW_PASSWORD})
    assert sign_in(mailing, email, NEW_PASSWORD)["user"]["email"] == email


def test_the_link_leads_to_the_site_with_a_session(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    landing = follow(recover(mailing, mailbox, email))
    assert (landing.status, landing.page) == (303, SITE)
    assert landing.fragment["type"] == "recovery"
    assert landing.fragment["token_type"] == "bearer"
    assert landing.fragment["expires_in"] == "3600"
    assert landing.fragment["sb"] == ""
    assert user_status(mailing, landing.fragment) == 200


def test_a_link_works_once(mailing: Gateway, mailbox: Mailbox, email: str) -> None:
    sign_up(mailing, email)
    link = recover(mailing, mailbox, email)
    follow(link)
    again = follow(link)
    assert again.page == SITE
    assert again.fragment == {
        "error": "access_denied",
        "error_code": "otp_expired",
        "error_description": "Email link is invalid or has expired",
        "sb": "",
    }


def test_the_code_and_the_link_of_a_mail_are_used_up_together(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    link = recover(mailing, mailbox, email)
    body = {"type": "recovery", "email": email, "token": mailbox.code(email)}
    assert post(mailing, "/verify", body)[0] == 200
    assert follow(link).fragment["error_code"] == "otp_expired"
    assert post(mailing, "/verify", body)[1]["error_code"] == "otp_expired"


def test_a_code_works_once_even_when_many_use_it_together(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    recover(mailing, mailbox, email)
    body = {"type": "recovery", "email": email, "token": mailbox.code(email)}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: post(mailing, "/verify", body)[0], range(8)))
    assert sorted(answers) == [200] + [403] * 7


def test_a_code_of_the_pkce_flow_works_once_even_when_many_use_it_together(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    post(mailing, "/recover", {"email": email, **CHALLENGE})
    body = {"auth_code": follow(mailbox.link(email)).query["code"], "code_verifier": VERIFIER}
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(lambda _: post(mailing, "/token?grant_type=pkce", body)[0], range(8))
        )
    assert sorted(answers) == [200] + [404] * 7


def test_a_new_mail_replaces_the_code_of_the_old_one(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    old = recover(mailing, mailbox, email)
    new = recover(mailing, mailbox, email)
    assert follow(old).fragment["error_code"] == "otp_expired"
    assert follow(new).fragment["type"] == "recovery"


def test_link_and_code_expire_after_an_hour(
    mailing: Gateway, mailbox: Mailbox, email: str, database: Postgres
) -> None:
    sign_up(mailing, email)
    link = recover(mailing, mailbox, email)
    make_older(database, email, "recovery_sent_at", "3601 seconds")
    assert follow(link).fragment["error_code"] == "otp_expired"
    body = {"type": "recovery", "email": email, "token": mailbox.code(email)}
    status, error = post(mailing, "/verify", body)
    assert (status, error["error_code"]) == (403, "otp_expired")
    assert error["msg"] == "Token has expired or is invalid"


def test_an_unknown_address_gets_the_same_answer_and_no_mail(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    assert post(mailing, "/recover", {"email": email}) == (200, {})
    assert mailbox.mails(email) == []


@pytest.mark.parametrize(
    ("wanted", "page"),
    [
        (f"{SITE}/account", f"{SITE}/account"),
        ("https://a.preview.example.com/x/y", "https://a.preview.example.com/x/y"),
        ("http://127.0.0.1:1234/x", "http://127.0.0.1:1234/x"),
        ("https://shop.example.com.evil.example/", SITE),
        ("https://evil.example/", SITE),
        ("https://a.b.preview.example.com/x", SITE),
        ("http://shop.example.com/", SITE),
        ("https://shop.example.com:8443/", SITE),
        ("https://shop.example.com@evil.example/", SITE),
        ("https://2130706433/", SITE),
        ("javascript:alert(1)", SITE),
        ("https://[", SITE),
    ],
)
def test_a_link_leads_only_to_allowed_addresses(
    mailing: Gateway, mailbox: Mailbox, email: str, wanted: str, page: str
) -> None:
    sign_up(mailing, email)
    assert follow(recover(mailing, mailbox, email, wanted)).page == page


def test_the_address_in_a_link_keeps_its_query(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    landing = follow(recover(mailing, mailbox, email, f"{SITE}/account%3Fa=1%26b=2"))
    assert landing.query == {"a": "1", "b": "2"}


def test_a_link_of_the_pkce_flow_gives_a_code_that_this_browser_exchanges(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    with client_of(mailing, pkce=True) as supabase:
        supabase.auth.reset_password_for_email(email, {"redirect_to": f"{SITE}/reset"})
        landing = follow(mailbox.link(email))
        assert (landing.page, set(landing.query), landing.fragment) == (
            f"{SITE}/reset",
            {"code"},
            {},
        )
        answer = supabase.auth.exchange_code_for_session({"auth_code": landing.query["code"]})
        assert answer.session is not None
        claims = supabase.auth.get_claims()
        assert claims is not None
        assert claims["claims"]["amr"][0]["method"] == "recovery"


def test_a_code_of_the_pkce_flow_is_useless_elsewhere(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    post(mailing, "/recover", {"email": email, **CHALLENGE})
    code = follow(mailbox.link(email)).query["code"]
    exchange = "/token?grant_type=pkce"
    stolen = post(mailing, exchange, {"auth_code": code, "code_verifier": "d" * 43})
    assert (stolen[0], stolen[1]["error_code"]) == (400, "bad_code_verifier")
    own = {"auth_code": code, "code_verifier": VERIFIER}
    assert post(mailing, exchange, own)[0] == 200
    again = post(mailing, exchange, own)
    assert (again[0], again[1]["error_code"]) == (404, "flow_state_not_found")


def test_a_flow_of_a_recovery_ends_five_minutes_after_its_beginning(
    mailing: Gateway, mailbox: Mailbox, email: str, database: Postgres
) -> None:
    session = sign_up(mailing, email)
    post(mailing, "/recover", {"email": email, **CHALLENGE})
    with psycopg.connect(database.url()) as connection:
        connection.execute(
            "update auth.flow_state set created_at = created_at - interval '301 seconds' "
            "where user_id = %s",
            [session["user"]["id"]],
        )
    body = {"auth_code": follow(mailbox.link(email)).query["code"], "code_verifier": VERIFIER}
    status, error = post(mailing, "/token?grant_type=pkce", body)
    assert (status, error["error_code"]) == (422, "flow_state_expired")


def test_on_another_device_the_code_of_the_pkce_mail_works(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    with client_of(mailing, pkce=True) as asking, client_of(mailing) as other:
        asking.auth.reset_password_for_email(email)
        answer = other.auth.verify_otp(
            {"type": "recovery", "email": email, "token": mailbox.code(email)}
        )
        assert answer.session is not None


def test_an_expired_link_of_the_pkce_flow_says_so_in_query_and_fragment(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    sign_up(mailing, email)
    post(mailing, "/recover", {"email": email, **CHALLENGE})
    link = mailbox.link(email)
    follow(link)
    landing = follow(link)
    assert landing.query["error_code"] == landing.fragment["error_code"] == "otp_expired"


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(
    mailing: Gateway, email: str
) -> None:
    here = sign_up(mailing, email)
    elsewhere = sign_in(mailing, email)
    assert put_user(mailing, here, password=NEW_PASSWORD)[0] == 200
    assert (user_status(mailing, here), user_status(mailing, elsewhere)) == (200, 403)
    refresh = {"refresh_token": elsewhere["refresh_token"]}
    _, error = post(mailing, "/token?grant_type=refresh_token", refresh)
    assert error["error_code"] == "refresh_token_not_found"


def test_a_new_password_cancels_the_codes_that_were_mailed(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    session = sign_up(mailing, email)
    link = recover(mailing, mailbox, email)
    put_user(mailing, session, password=NEW_PASSWORD)
    assert follow(link).fragment["error_code"] == "otp_expired"


@pytest.mark.parametrize(
    ("password", "status", "code"),
    [
        (PASSWORD, 422, "same_password"),
        ("12345", 422, "weak_password"),
        ("", 422, "weak_password"),
        ("x" * 73, 400, "validation_failed"),
        (5, 400, "bad_json"),
    ],
)
def test_a_new_password_has_to_be_good_and_new(
    mailing: Gateway, email: str, password: Any, status: int, code: str
) -> None:
    answered, error = put_user(mailing, sign_up(mailing, email), password=password)
    assert (answered, error["error_code"]) == (status, code)


def test_the_client_library_shows_that_the_password_is_the_same(
    mailing: Gateway, email: str
) -> None:
    with client_of(mailing) as supabase:
        supabase.auth.sign_up({"email": email, "password": PASSWORD})
        with pytest.raises(AuthApiError) as refused:
            supabase.auth.update_user({"password": PASSWORD})
    assert refused.value.code == "same_password"


def test_nobody_changes_app_metadata_of_their_own(mailing: Gateway, email: str) -> None:
    session = sign_up(mailing, email)
    status, error = put_user(mailing, session, app_metadata={"plan": "free for ever"})
    assert (status, error["error_code"]) == (403, "not_admin")


def test_metadata_is_merged_and_null_removes(mailing: Gateway, email: str) -> None:
    session = sign_up(mailing, email)
    put_user(mailing, session, data={"colour": "green", "size": 5})
    _, user = put_user(mailing, session, data={"colour": None, "shape": "round"})
    assert "colour" not in user["user_metadata"]
    assert user["user_metadata"]["size"] == 5
    assert user["user_metadata"]["shape"] == "round"


REFUSED = [
    ("/recover", {}, 400, "validation_failed"),
    ("/recover", {"email": "nonsense"}, 400, "validation_failed"),
    ("/recover", {"email": "a@b.c", "code_challenge": VERIFIER}, 400, "validation_failed"),
    ("/verify", {"token": "1", "email": "a@b.c"}, 400, "validation_failed"),
    ("/verify", {"type": "recovery", "email": "a@b.c"}, 400, "validation_failed"),
    ("/verify", {"type": "recovery", "token": "1"}, 400, "validation_failed"),
    ("/verify", {"type": "recovery", "token": "1", "token_hash": "2"}, 400, "validation_failed"),
    ("/verify", {"type": "recovery", "token": "1", "email": "nonsense"}, 422, "validation_failed"),
    ("/verify", {"type": "recovery", "token": "1", "email": "a@b.c"}, 403, "otp_expired"),
    ("/verify", {"type": "nonsense", "token": "1", "email": "a@b.c"}, 403, "otp_expired"),
    ("/verify", {"type": "nonsense", "token_hash": "1"}, 400, "validation_failed"),
    ("/verify", {"type": "recovery", "token_hash": "1"}, 403, "otp_expired"),
    ("/verify", {"type": "email", "token_hash": "1", "email": "a@b.c"}, 400, "validation_failed"),
    ("/token?grant_type=pkce", {}, 400, "validation_failed"),
    (
        "/token?grant_type=pkce",
        {"auth_code": "1", "code_verifier": "2"},
        404,
        "flow_state_not_found",
    ),
]


@pytest.mark.parametrize(("path", "body", "status", "code"), REFUSED)
def test_a_request_that_makes_no_sense_is_refused(
    mailing: Gateway, path: str, body: Any, status: int, code: str
) -> None:
    answered, error = post(mailing, path, body)
    assert (answered, error["error_code"]) == (status, code)


@pytest.mark.parametrize("query", ["", "?type=recovery", "?token=1"])
def test_a_link_that_lacks_a_part_is_refused(mailing: Gateway, query: str) -> None:
    response = mailing.http.get(f"/auth/v1/verify{query}")
    assert (response.status_code, response.json()["error_code"]) == (400, "validation_failed")
