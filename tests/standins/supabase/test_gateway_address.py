"""Another address for an account, and the first one for an anonymous user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from supabase import AuthApiError
from tests.standins.supabase.mailing import (
    CHALLENGE,
    PASSWORD,
    VERIFIER,
    Mailbox,
    bearer,
    client_of,
    follow,
    new_address,
    post,
    put_user,
    sign_in,
    sign_up,
)
from tests.standins.supabase.services import running_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from local.postgres import Postgres
    from tests.standins.supabase.services import Gateway

ONE_OF_TWO = "Confirmation link accepted. Please proceed to confirm link sent to the other email"


@pytest.fixture
def session(confirming: Gateway, mailbox: Mailbox, email: str) -> dict[str, Any]:
    """Somebody with a confirmed address."""
    post(confirming, "/signup", {"email": email, "password": PASSWORD})
    follow(mailbox.link(email))
    return sign_in(confirming, email)


@pytest.fixture
def new_email() -> str:
    """The address that they change to."""
    return new_address()


@pytest.fixture(scope="module")
def lenient(database: Postgres, mailbox: Mailbox) -> Iterator[Gateway]:
    """A gateway on which the new address alone confirms a change."""
    settings = {
        **mailbox.settings,
        "GOTRUE_MAILER_AUTOCONFIRM": "false",
        "GOTRUE_MAILER_SECURE_EMAIL_CHANGE_ENABLED": "false",
    }
    with running_gateway(database, **settings) as running:
        yield running


@pytest.mark.parametrize("new_first", [True, False])
def test_both_addresses_confirm_a_change_by_link(
    confirming: Gateway, mailbox: Mailbox, session: dict[str, Any], new_email: str, new_first: bool
) -> None:
    email = session["user"]["email"]
    status, user = put_user(confirming, session, email=new_email)
    assert (status, user["email"], user["new_email"]) == (200, email, new_email)
    links = [mailbox.link(new_email), mailbox.link(email)]
    first, second = links if new_first else reversed(links)
    landing = follow(first)
    assert landing.fragment == {"message": ONE_OF_TWO, "sb": ""}
    assert follow(first).fragment["error_code"] == "otp_expired"
    assert follow(second).fragment["type"] == "email_change"
    changed = sign_in(confirming, new_email)["user"]
    assert changed["id"] == user["id"]
    assert "new_email" not in changed
    assert changed["identities"][0]["email"] == new_email


def test_both_addresses_confirm_a_change_by_code(
    confirming: Gateway, mailbox: Mailbox, email: str, new_email: str, session: dict[str, Any]
) -> None:
    put_user(confirming, session, email=new_email)
    with client_of(confirming) as supabase:
        codes = {to: mailbox.code(to) for to in (email, new_email)}
        body = {"type": "email_change", "email": email, "token": codes[email]}
        assert post(confirming, "/verify", body) == (200, {"msg": ONE_OF_TWO, "code": "200"})
        assert post(confirming, "/verify", body)[1]["error_code"] == "otp_expired"
        answer = supabase.auth.verify_otp(
            {"type": "email_change", "email": new_email, "token": codes[new_email]}
        )
        assert answer.user is not None
        assert answer.user.email == new_email


def test_a_code_of_the_pkce_flow_does_not_count_twice(
    confirming: Gateway, mailbox: Mailbox, email: str, new_email: str, session: dict[str, Any]
) -> None:
    put_user(confirming, session, email=new_email, **CHALLENGE)
    body = {"type": "email_change", "email": new_email, "token": mailbox.code(new_email)}
    assert post(confirming, "/verify", body)[1]["msg"] == ONE_OF_TWO
    assert post(confirming, "/verify", body)[1]["error_code"] == "otp_expired"
    landing = follow(mailbox.link(email))
    exchange = {"auth_code": landing.query["code"], "code_verifier": VERIFIER}
    status, changed = post(confirming, "/token?grant_type=pkce", exchange)
    assert (status, changed["user"]["email"]) == (200, new_email)


def test_one_address_is_enough_where_new_ones_need_no_mail(
    mailing: Gateway, mailbox: Mailbox, email: str, new_email: str
) -> None:
    put_user(mailing, sign_up(mailing, email), email=new_email)
    assert mailbox.mails(email)
    assert follow(mailbox.link(new_email)).fragment["type"] == "email_change"
    assert sign_in(mailing, new_email)["user"]["email"] == new_email


def test_the_new_address_is_enough_where_the_project_says_so(
    lenient: Gateway, mailbox: Mailbox, email: str, new_email: str
) -> None:
    post(lenient, "/signup", {"email": email, "password": PASSWORD})
    follow(mailbox.link(email))
    before = len(mailbox.mails(email))
    put_user(lenient, sign_in(lenient, email), email=new_email)
    assert len(mailbox.mails(email)) == before
    assert follow(mailbox.link(new_email)).fragment["type"] == "email_change"


def test_a_change_is_mailed_again(
    confirming: Gateway, mailbox: Mailbox, email: str, new_email: str, session: dict[str, Any]
) -> None:
    put_user(confirming, session, email=new_email)
    with client_of(confirming) as supabase:
        supabase.auth.resend({"type": "email_change", "email": email})
    assert len(mailbox.mails(new_email)) == 2


def test_a_taken_address_is_refused(
    confirming: Gateway, mailing: Gateway, new_email: str, session: dict[str, Any]
) -> None:
    sign_up(mailing, new_email)
    with client_of(confirming) as supabase:
        supabase.auth.set_session(session["access_token"], session["refresh_token"])
        with pytest.raises(AuthApiError) as refused:
            supabase.auth.update_user({"email": new_email.upper()})
    assert (refused.value.status, refused.value.code) == (422, "email_exists")


def test_an_address_that_is_taken_meanwhile_is_refused(
    mailing: Gateway, mailbox: Mailbox, email: str, new_email: str
) -> None:
    put_user(mailing, sign_up(mailing, email), email=new_email)
    sign_up(mailing, new_email)
    landing = follow(mailbox.link(new_email))
    assert landing.fragment["error_code"] == "unexpected_failure"
    assert sign_in(mailing, email)["user"]["email"] == email


def test_the_present_address_changes_nothing(
    confirming: Gateway, mailbox: Mailbox, email: str, session: dict[str, Any]
) -> None:
    before = len(mailbox.mails(email))
    status, user = put_user(confirming, session, email=email.upper())
    assert (status, "new_email" in user) == (200, False)
    assert len(mailbox.mails(email)) == before


def test_an_anonymous_user_becomes_a_permanent_one(
    confirming: Gateway, mailbox: Mailbox, email: str
) -> None:
    with client_of(confirming) as supabase:
        anonymous = supabase.auth.sign_in_anonymously()
        assert anonymous.user is not None
        assert anonymous.user.is_anonymous is True
        assert anonymous.user.identities == []
        claims = supabase.auth.get_claims()
        assert claims is not None
        assert claims["claims"]["is_anonymous"] is True
        supabase.auth.update_user({"email": email})
        assert len(mailbox.mails(email)) == 1
        permanent = supabase.auth.verify_otp(
            {"type": "email_change", "email": email, "token": mailbox.code(email)}
        )
        assert permanent.user is not None
        assert permanent.user.id == anonymous.user.id
        assert permanent.user.is_anonymous is False
        assert permanent.user.app_metadata == {"provider": "email", "providers": ["email"]}
        supabase.auth.update_user({"password": PASSWORD})
    assert sign_in(confirming, email)["user"]["id"] == anonymous.user.id


def test_an_anonymous_user_needs_no_mail_where_new_addresses_need_none(
    database: Postgres, mailbox: Mailbox, email: str
) -> None:
    settings = {**mailbox.settings, "GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED": "true"}
    with running_gateway(database, **settings) as gateway:
        _, session = post(gateway, "/signup", {})
        status, user = put_user(gateway, session, email=email, password=PASSWORD)
        assert (status, user["email"], user["is_anonymous"]) == (200, email, False)
        assert mailbox.mails(email) == []
        assert sign_in(gateway, email)["user"]["id"] == session["user"]["id"]


def test_an_anonymous_user_has_an_address_before_a_password(confirming: Gateway) -> None:
    _, session = post(confirming, "/signup", {"data": {"colour": "green"}})
    assert session["user"]["user_metadata"] == {"colour": "green"}
    status, error = put_user(confirming, session, password=PASSWORD)
    assert (status, error["error_code"]) == (422, "validation_failed")
    response = confirming.http.get("/auth/v1/reauthenticate", headers=bearer(session))
    assert (response.status_code, response.json()["error_code"]) == (400, "validation_failed")
