"""A Supabase project that confirms addresses, and is strict about passwords."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import expect

from tests.browser.account_pages import CHECK_MAIL, FORGOT, AccountPage, MailPage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.conftest import StartStack, Visit
    from tests.browser.console import Console
    from tests.browser.mailbox import Mailbox
    from tests.browser.pages import Site
    from tests.support import RunningStack

SETTINGS = {
    "GOTRUE_MAILER_AUTOCONFIRM": "false",
    "GOTRUE_PASSWORD_MIN_LENGTH": "8",
    "GOTRUE_PASSWORD_REQUIRED_CHARACTERS": "abcdefghijklmnopqrstuvwxyz",
    "GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD": "true",
    "GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION": "true",
    "PASSWORD_MIN_LENGTH": "8",
}
PASSWORD = "peas-and-snow-1"
ANOTHER_PASSWORD = "beans-and-rain-2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stack keeps its state."""
    return tmp_path_factory.mktemp("strict-project")


@pytest.fixture(scope="module")
def stack(start_stack: StartStack, folder: Path) -> RunningStack:
    """A stack with a strict project."""
    return start_stack(SETTINGS, folder)


@pytest.fixture
def auth_database(stack: RunningStack, folder: Path) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the role that owns the sessions, which the project's owner may not change."""
    password = json.loads((folder / "keys.json").read_text("utf-8"))["auth_password"]
    url = urlsplit(stack.database_url)
    url = url._replace(netloc=f"supabase_auth_admin:{password}@{url.hostname}:{url.port}")
    with psycopg.connect(url.geturl(), autocommit=True) as connection:
        yield connection


@pytest.fixture
def email() -> str:
    """An address that nobody has."""
    return f"new-{secrets.token_hex(8)}@example.com"


def sign_up(site: Site, email: str) -> MailPage:
    """Open an account, up to where its mail is waited for."""
    site.page.get_by_role("button", name="Create an account").click()
    site.fill_in(email, PASSWORD)
    site.page.get_by_role("button", name="Create account").click()
    site.expect_title(CHECK_MAIL)
    return MailPage(site)


def signed_up(site: Site, email: str, mailbox: Mailbox) -> None:
    """Open an account and confirm it."""
    sign_up(site, email).enter(mailbox.newest(email).code)
    site.expect_title("Your balance")


def test_a_new_account_is_confirmed_by_its_code_and_goes_on_with_the_pack(
    visitor: Site, email: str, mailbox: Mailbox
) -> None:
    visitor.page.get_by_role("button", name="Buy Starter").click()
    expect(visitor.page.get_by_text("we go on with Starter")).to_be_visible()
    page = sign_up(visitor, email)
    page.enter(mailbox.newest(email).code)
    visitor.at_checkout()
    expect(visitor.page.get_by_role("heading", level=1)).to_contain_text("$4.99")


def test_a_new_account_is_confirmed_by_its_link(
    visitor: Site, email: str, mailbox: Mailbox
) -> None:
    sign_up(visitor, email)
    visitor.page.goto(mailbox.newest(email).link)
    visitor.expect_title("Your balance")
    visitor.expect_balance(0)


def test_a_new_account_that_is_confirmed_on_another_device_signs_in_there_by_its_password(
    visitor: Site, visit: Visit, email: str, mailbox: Mailbox
) -> None:
    sign_up(visitor, email)
    other = visit()
    other.page.goto(mailbox.newest(email).link)
    expect(MailPage(other).problem).to_contain_text("only in the browser that asked for it")
    other.page.get_by_role("link", name="Back to sign in").click()
    other.sign_in(email, PASSWORD)
    other.expect_balance(0)


def test_both_addresses_confirm_a_change(visitor: Site, email: str, mailbox: Mailbox) -> None:
    signed_up(visitor, email, mailbox)
    account = AccountPage(visitor).open()
    wanted = f"also-{email}"
    account.change_address(wanted)
    account.confirm(email, mailbox.newest(email, count=2).code)
    account.expect_said(account.address, "One address has confirmed the change.")
    account.confirm(wanted, mailbox.newest(wanted).code)
    account.expect_said(account.address, f"You now sign in with {wanted}.")


def test_both_links_confirm_a_change(visitor: Site, email: str, mailbox: Mailbox) -> None:
    signed_up(visitor, email, mailbox)
    account = AccountPage(visitor).open()
    wanted = f"also-{email}"
    account.change_address(wanted)
    visitor.page.goto(mailbox.newest(wanted).link)
    account.expect_said(account.address, "One address has confirmed the change.")
    visitor.page.goto(mailbox.newest(email, count=2).link)
    expect(account.address.get_by_text("You sign in with")).to_contain_text(wanted)


def test_a_weak_password_is_refused_with_its_reasons(
    visitor: Site, email: str, console: Console
) -> None:
    console.allow_failing("/auth/v1/signup")
    visitor.page.get_by_role("button", name="Create an account").click()
    password = visitor.page.get_by_label("Password", exact=True)
    expect(password).to_have_accessible_description("At least 8 characters.")
    visitor.fill_in(email, "UPPERCASE")
    visitor.page.get_by_role("button", name="Create account").click()
    expect(password).to_have_accessible_description(
        "At least 8 characters. It needs more kinds of characters: small letters, capitals, "
        "digits and symbols."
    )


def test_a_change_of_password_asks_for_the_present_one_where_the_project_does(
    visitor: Site, email: str, mailbox: Mailbox, console: Console
) -> None:
    console.allow_failing("/auth/v1/user")
    signed_up(visitor, email, mailbox)
    visitor.sign_out()
    visitor.expect_signed_out()
    visitor.sign_in(email, PASSWORD)
    visitor.expect_title("Your balance")
    account = AccountPage(visitor).open()
    account.change_password(ANOTHER_PASSWORD)
    present = account.password.get_by_label("Present password", exact=True)
    expect(present).to_be_focused()
    for typed, said in (("wrong", "This is not your present password."), (PASSWORD, "")):
        present.fill(typed)
        account.password.get_by_role("button", name="Change password").click()
        if said:
            expect(present).to_have_accessible_description(said)
    account.expect_said(account.password, "Your password is changed.")


def test_a_change_of_password_takes_a_mailed_code_with_blanks_after_a_day(
    visitor: Site,
    email: str,
    mailbox: Mailbox,
    console: Console,
    auth_database: psycopg.Connection[Any],
) -> None:
    console.allow_failing("/auth/v1/user")
    signed_up(visitor, email, mailbox)
    auth_database.execute(
        "update auth.sessions s set created_at = s.created_at - interval '25 hours' "
        "from auth.users u where u.id = s.user_id and u.email = %s",
        [email],
    )
    account = AccountPage(visitor).open()
    account.change_password(ANOTHER_PASSWORD)
    code = account.password.get_by_label("Code from the mail", exact=True)
    expect(code).to_be_focused()
    mailed = mailbox.newest(email, count=2).code
    code.fill(f"{mailed[:3]} {mailed[3:]}")
    account.password.get_by_role("button", name="Change password").click()
    account.expect_said(account.password, "Your password is changed.")


def test_a_forgotten_password_is_replaced_without_the_present_one(
    visitor: Site, email: str, mailbox: Mailbox
) -> None:
    signed_up(visitor, email, mailbox)
    visitor.sign_out()
    visitor.expect_signed_out()
    visitor.page.get_by_role("link", name=FORGOT).click()
    page = MailPage(visitor)
    page.ask(email)
    page.enter(mailbox.newest(email, count=2).code)
    page.set_password(ANOTHER_PASSWORD)
    visitor.expect_title("Your balance")
