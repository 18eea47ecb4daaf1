"""The account page: address, password, devices."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.account_pages import AccountPage
from tests.browser.test_keyboard import tab_to

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.mailbox import Mailbox
    from tests.browser.pages import Site
    from tests.support import RunningStack, User


@pytest.fixture
def account(buyer: Site) -> AccountPage:
    """The account page of the user."""
    buyer.expect_balance(0)
    return AccountPage(buyer).open()


@pytest.fixture
def wanted() -> str:
    """An address that nobody has."""
    return f"new-{secrets.token_hex(8)}@example.com"


def test_an_address_is_changed_by_a_code_and_signs_in(
    account: AccountPage, user: User, wanted: str, mailbox: Mailbox
) -> None:
    expect(account.address).to_contain_text(user.email)
    account.change_address(wanted)
    account.confirm(wanted, mailbox.newest(wanted).code)
    account.expect_said(account.address, f"You now sign in with {wanted}.")
    account.site.page.get_by_role("button", name="Account", exact=True).click()
    expect(account.page.locator("#account-panel")).to_contain_text(wanted)
    account.page.get_by_role("button", name="Sign out", exact=True).click()
    account.site.expect_signed_out()
    account.site.sign_in(wanted, user.password)
    account.site.expect_balance(0)


def test_an_address_is_changed_by_the_link(
    account: AccountPage, wanted: str, mailbox: Mailbox
) -> None:
    account.change_address(wanted)
    account.page.goto(mailbox.newest(wanted).link)
    account.site.expect_title("Account")
    expect(account.address.get_by_text("You sign in with")).to_contain_text(wanted)
    expect(account.page).to_have_url(f"{account.site.url}/account")


def test_a_change_that_was_asked_for_on_another_device_is_confirmed_here(
    account: AccountPage, visit: Visit, user: User, wanted: str, mailbox: Mailbox
) -> None:
    account.change_address(wanted)
    other = AccountPage(visit(user, at="/account"))
    other.confirm(wanted, mailbox.newest(wanted).code)
    other.expect_said(other.address, f"You now sign in with {wanted}.")


def test_another_accounts_address_is_refused_in_words(
    account: AccountPage, stack: RunningStack, console: Console
) -> None:
    console.allow_failing("/auth/v1/user")
    taken = stack.sign_up().email
    field = account.address.get_by_label("New e-mail address")
    field.fill(taken)
    account.address.get_by_role("button", name="Change address").click()
    expect(field).to_have_accessible_description("Another account has this address.")


def test_a_password_is_changed_and_signs_in(
    account: AccountPage, user: User, visit: Visit, console: Console
) -> None:
    console.allow_failing("/auth/v1/user")
    account.change_password(user.password)
    field = account.password.get_by_label("New password", exact=True)
    expect(field).to_have_accessible_description(
        "At least 6 characters. This is your present password. Choose another one."
    )
    new = secrets.token_urlsafe(12)
    account.change_password(new)
    account.expect_said(account.password, "Every other device was signed out.")
    visitor = visit()
    visitor.sign_in(user.email, new)
    visitor.expect_balance(0)


def test_signing_out_everywhere_ends_every_session(
    account: AccountPage, user: User, visit: Visit, console: Console
) -> None:
    console.allow_failing("/auth/v1/token")
    other = visit(user)
    other.expect_balance(0)
    account.page.get_by_role("button", name="Sign out everywhere").click()
    asked = account.page.get_by_role("dialog", name="Sign out everywhere?")
    asked.get_by_role("button", name="Sign out everywhere").click()
    expect(account.page.get_by_text("You are signed out on every device.")).to_be_visible()
    expect(account.site.sign_in_form).to_be_visible()
    stored = "JSON.parse(localStorage['purse.session'])"
    other.page.evaluate(
        f"localStorage['purse.session'] = JSON.stringify({{...{stored}, expires_at: 0}})"
    )
    other.page.reload()
    expect(other.page.get_by_text("Your session has ended.")).to_be_visible()


def test_the_account_page_needs_no_mouse(
    account: AccountPage, wanted: str, mailbox: Mailbox
) -> None:
    page, keyboard = account.page, account.page.keyboard
    tab_to(account.address.get_by_label("New e-mail address"))
    keyboard.type(wanted)
    keyboard.press("Enter")
    expect(account.address.get_by_role("heading")).to_be_focused()
    tab_to(page.get_by_label(f"Code from the mail to {wanted}"))
    keyboard.type(mailbox.newest(wanted).code)
    keyboard.press("Enter")
    account.expect_said(account.address, "Your address is changed.")
    tab_to(account.password.get_by_label("New password", exact=True))
    keyboard.type(secrets.token_urlsafe(12))
    keyboard.press("Enter")
    account.expect_said(account.password, "Your password is changed.")


def test_somebody_signed_out_signs_in_on_the_page(visit: Visit, user: User) -> None:
    site = visit(at="/account")
    site.sign_in(user.email, user.password)
    expect(AccountPage(site).address).to_contain_text(user.email)
