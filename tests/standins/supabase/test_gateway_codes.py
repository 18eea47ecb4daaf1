"""Sign-in by mail, confirmation of new addresses, and limits of mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from supabase import AuthApiError
from tests.standins.supabase.mailing import (
    KEY,
    PASSWORD,
    Mailbox,
    bearer,
    client_of,
    follow,
    post,
    put_user,
    sign_up,
)
from tests.standins.supabase.services import running_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.postgres import Postgres
    from tests.standins.supabase.services import Gateway


@pytest.fixture(scope="module")
def careful(database: Postgres, mailbox: Mailbox) -> Iterator[Gateway]:
    """A gateway with every limit and check that a project can switch on."""
    settings = {
        **mailbox.settings,
        "GOTRUE_SMTP_MAX_FREQUENCY": "1m0s",
        "GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION": "true",
        "GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD": "true",
        "GOTRUE_PASSWORD_MIN_LENGTH": "8",
        "GOTRUE_PASSWORD_REQUIRED_CHARACTERS": "abcdefghijklmnopqrstuvwxyz:0123456789",
    }
    with running_gateway(database, **settings) as running:
        yield running


def test_a_code_signs_in(mailing: Gateway, mailbox: Mailbox, email: str) -> None:
    user = sign_up(mailing, email)["user"]
    with client_of(mailing) as supabase:
        supabase.auth.sign_in_with_otp({"email": email, "options": {"should_create_user": False}})
        answer = supabase.auth.verify_otp(
            {"type": "email", "email": email, "token": mailbox.code(email)}
        )
        assert answer.user is not None
        assert answer.user.id == user["id"]
        claims = supabase.auth.get_claims()
        assert claims is not None
        assert claims["claims"]["amr"][0]["method"] == "otp"


def test_a_link_signs_in(mailing: Gateway, mailbox: Mailbox, email: str) -> None:
    sign_up(mailing, email)
    assert post(mailing, "/magiclink", {"email": email}) == (200, {})
    assert follow(mailbox.link(email)).fragment["type"] == "magiclink"


def test_the_hash_in_a_link_signs_in(mailing: Gateway, mailbox: Mailbox, email: str) -> None:
    sign_up(mailing, email)
    with client_of(mailing) as supabase:
        supabase.auth.sign_in_with_otp({"email": email})
        token_hash = mailbox.link(email).partition("token=")[2].partition("&")[0]
        answer = supabase.auth.verify_otp({"type": "magiclink", "token_hash": token_hash})
        assert answer.session is not None


def test_a_new_address_is_signed_up_by_the_way(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    assert post(mailing, "/otp", {"email": email, "data": {"colour": "green"}}) == (200, {})
    body = {"type": "email", "email": email, "token": mailbox.code(email)}
    status, session = post(mailing, "/verify", body)
    assert (status, session["user"]["user_metadata"]["colour"]) == (200, "green")


def test_a_new_address_is_refused_where_the_site_wants_no_new_users(
    mailing: Gateway, mailbox: Mailbox, email: str
) -> None:
    with client_of(mailing) as supabase, pytest.raises(AuthApiError) as refused:
        supabase.auth.sign_in_with_otp({"email": email, "options": {"should_create_user": False}})
    assert (refused.value.status, refused.value.code) == (422, "otp_disabled")
    assert mailbox.mails(email) == []


def test_a_new_user_confirms_the_address_first(
    confirming: Gateway, mailbox: Mailbox, email: str
) -> None:
    with client_of(confirming) as supabase:
        answer = supabase.auth.sign_up({"email": email, "password": PASSWORD})
        assert answer.session is None
        assert answer.user is not None
        assert answer.user.email_confirmed_at is None
        with pytest.raises(AuthApiError) as refused:
            supabase.auth.sign_in_with_password({"email": email, "password": PASSWORD})
        assert (refused.value.status, refused.value.code) == (400, "email_not_confirmed")
        confirmed = supabase.auth.verify_otp(
            {"type": "signup", "email": email, "token": mailbox.code(email)}
        )
        assert confirmed.user is not None
        assert confirmed.user.email_confirmed_at is not None
        assert supabase.auth.sign_in_with_password({"email": email, "password": PASSWORD}).session


def test_the_link_confirms_a_new_address(confirming: Gateway, mailbox: Mailbox, email: str) -> None:
    post(confirming, "/signup", {"email": email, "password": PASSWORD})
    assert follow(mailbox.link(email)).fragment["type"] == "signup"


def test_a_new_user_by_code_confirms_the_address_with_it(
    confirming: Gateway, mailbox: Mailbox, email: str
) -> None:
    assert post(confirming, "/otp", {"email": email}) == (200, {})
    body = {"type": "email", "email": email, "token": mailbox.code(email)}
    status, session = post(confirming, "/verify", body)
    assert status == 200
    assert session["user"]["user_metadata"]["email_verified"] is True


def test_a_second_sign_up_does_not_show_that_an_address_is_known(
    confirming: Gateway, mailbox: Mailbox, email: str
) -> None:
    _, first = post(confirming, "/signup", {"email": email, "password": PASSWORD})
    follow(mailbox.link(email))
    status, second = post(confirming, "/signup", {"email": email, "password": PASSWORD})
    assert status == 200
    assert second["id"] != first["id"]
    assert second["identities"] == []
    assert "email_confirmed_at" not in second
    assert len(mailbox.mails(email)) == 1


def test_the_confirmation_is_mailed_again(
    confirming: Gateway, mailbox: Mailbox, email: str
) -> None:
    post(confirming, "/signup", {"email": email, "password": PASSWORD})
    with client_of(confirming) as supabase:
        supabase.auth.resend({"type": "signup", "email": email})
    assert len(mailbox.mails(email)) == 2
    assert follow(mailbox.link(email)).fragment["type"] == "signup"
    assert post(confirming, "/resend", {"type": "signup", "email": email}) == (200, {})
    assert len(mailbox.mails(email)) == 2


def test_mails_to_one_address_are_a_minute_apart(
    careful: Gateway, email: str, database: Postgres
) -> None:
    session = post(careful, "/signup", {"email": email, "password": "correct horse 1"})[1]
    assert post(careful, "/recover", {"email": email})[0] == 200
    for path in ("/recover", "/otp", "/magiclink"):
        status, error = post(careful, path, {"email": email})
        assert (status, error["error_code"]) == (429, "over_email_send_rate_limit")
        assert error["msg"].startswith("For security purposes, you can only request this after 5")
    with psycopg.connect(database.url()) as connection:
        connection.execute(
            "update auth.users set recovery_sent_at = now() - interval '60 seconds' where id = %s",
            [session["user"]["id"]],
        )
    assert post(careful, "/recover", {"email": email})[0] == 200


def test_all_mails_of_an_hour_are_limited(database: Postgres, mailbox: Mailbox, email: str) -> None:
    settings = {
        **mailbox.settings,
        "GOTRUE_MAILER_AUTOCONFIRM": "false",
        "GOTRUE_RATE_LIMIT_EMAIL_SENT": "1",
    }
    with running_gateway(database, **settings) as gateway:
        first = post(gateway, "/otp", {"email": email})
        second = post(gateway, "/otp", {"email": f"x{email}"})
    assert first == (200, {})
    assert (second[0], second[1]["error_code"]) == (429, "over_email_send_rate_limit")
    assert second[1]["msg"] == "email rate limit exceeded"


def test_a_mail_server_that_is_down_is_an_error_and_leaves_nothing_behind(
    database: Postgres, mailbox: Mailbox, email: str
) -> None:
    settings = {**mailbox.settings, "GOTRUE_SMTP_PORT": "1", "GOTRUE_MAILER_AUTOCONFIRM": "false"}
    with running_gateway(database, **settings) as gateway:
        status, error = post(gateway, "/signup", {"email": email, "password": PASSWORD})
    assert (status, error["error_code"]) == (500, "unexpected_failure")
    assert error["msg"] == "Error sending confirmation email"
    with psycopg.connect(database.url()) as connection:
        assert not connection.execute("select from auth.users where email = %s", [email]).fetchall()


def grow_old(database: Postgres, session: dict[str, Any]) -> None:
    """Make a session more than a day old."""
    with psycopg.connect(database.url()) as connection:
        connection.execute(
            "update auth.sessions set created_at = created_at - interval '25 hours' "
            "where user_id = %s",
            [session["user"]["id"]],
        )


def test_an_old_session_needs_a_mailed_code_for_a_new_password(
    careful: Gateway, mailbox: Mailbox, email: str, database: Postgres
) -> None:
    old, new = "correct horse 1", "battery staple 2"
    session = post(careful, "/signup", {"email": email, "password": old})[1]
    grow_old(database, session)
    body = {"password": new, "current_password": old}
    status, error = put_user(careful, session, **body)
    assert (status, error["error_code"]) == (400, "reauthentication_needed")
    answer = careful.http.get("/auth/v1/reauthenticate", headers=bearer(session))
    assert (answer.status_code, answer.json()) == (200, {})
    status, error = put_user(careful, session, **body, nonce="000000x")
    assert (status, error["error_code"]) == (422, "reauthentication_not_valid")
    assert put_user(careful, session, **body, nonce=mailbox.code(email))[0] == 200


def test_a_new_password_needs_the_present_one_where_the_project_wants_it(
    careful: Gateway, email: str
) -> None:
    old, new = "correct horse 1", "battery staple 2"
    session = post(careful, "/signup", {"email": email, "password": old})[1]
    missing = put_user(careful, session, password=new)
    wrong = put_user(careful, session, password=new, current_password="guess")
    assert (missing[0], missing[1]["error_code"]) == (400, "current_password_required")
    assert (wrong[0], wrong[1]["error_code"]) == (400, "current_password_invalid")
    assert put_user(careful, session, password=new, current_password=old)[0] == 200


def test_a_recovery_does_not_need_the_present_password(
    careful: Gateway, mailbox: Mailbox, email: str
) -> None:
    post(careful, "/signup", {"email": email, "password": "correct horse 1"})
    post(careful, "/recover", {"email": email})
    body = {"type": "recovery", "email": email, "token": mailbox.code(email)}
    session = post(careful, "/verify", body)[1]
    assert put_user(careful, session, password="battery staple 2")[0] == 200


def test_a_password_lacks_length_and_characters(careful: Gateway, email: str) -> None:
    status, error = post(careful, "/signup", {"email": email, "password": "abc"})
    assert (status, error["error_code"]) == (422, "weak_password")
    assert error["weak_password"] == {"reasons": ["length", "characters"]}


REFUSED = [
    ("/otp", {}, 400, "validation_failed"),
    ("/otp", {"email": "nonsense"}, 400, "validation_failed"),
    ("/otp", {"email": "nonsense", "create_user": False}, 422, "otp_disabled"),
    ("/otp", {"email": "a@b.c", "phone": "1"}, 400, "validation_failed"),
    ("/otp", {"email": "a@b.c", "channel": "sms"}, 400, "validation_failed"),
    ("/otp", {"email": "a@b.c", "create_user": "no"}, 400, "bad_json"),
    ("/otp", {"phone": "1"}, 400, "phone_provider_disabled"),
    ("/magiclink", {}, 422, "validation_failed"),
    ("/resend", {}, 400, "validation_failed"),
    ("/resend", {"type": "recovery", "email": "a@b.c"}, 400, "validation_failed"),
    ("/resend", {"type": "signup"}, 400, "validation_failed"),
    ("/resend", {"type": "sms", "phone": "1"}, 400, "phone_provider_disabled"),
]


@pytest.mark.parametrize(("path", "body", "status", "code"), REFUSED)
def test_a_request_that_makes_no_sense_is_refused(
    mailing: Gateway, path: str, body: Any, status: int, code: str
) -> None:
    answered, error = post(mailing, path, body)
    assert (answered, error["error_code"]) == (status, code)


def test_reauthentication_needs_somebody(mailing: Gateway) -> None:
    response = mailing.http.get("/auth/v1/reauthenticate", headers=KEY)
    assert (response.status_code, response.json()["error_code"]) == (401, "no_authorization")
