"""Delete the account, and download what is kept of oneself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.account_pages import AccountPage
from tests.browser.test_keyboard import tab_to

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import User

DELETED = "Your account is deleted"
GIVEN_UP = (
    "Your 497 credits are given up, without a refund. Of these, 5 are set aside for work under way."
)


@pytest.fixture
def account(purse: Purse, buyer: Site) -> AccountPage:
    """The account page of somebody with 500 credits, 5 of them set aside, and a file."""
    purse.buy(500)
    files = buyer.open_files()
    files.upload("notes.txt", b"Sow the peas.")
    files.expect_done("notes.txt", "3 credits · balance 497")
    purse.hold()
    return AccountPage(buyer).open()


def begin(account: AccountPage) -> None:
    """Ask what would happen."""
    account.deletion.get_by_role("button", name="Delete my account…").click()
    expect(consequences(account).first).to_be_visible()


def consequences(account: AccountPage) -> Locator:
    """What would happen, an item each."""
    return account.deletion.get_by_role("listitem")


def confirm(account: AccountPage, typed: str) -> None:
    """Type the address, and delete."""
    account.deletion.get_by_role("textbox").fill(typed)
    account.deletion.get_by_role("button", name="Delete my account").click()


def test_what_happens_is_said_first_then_the_account_is_gone(
    account: AccountPage, user: User, console: Console
) -> None:
    console.allow_failing("/auth/v1/token")
    begin(account)
    expect(consequences(account)).to_have_text(
        [
            GIVEN_UP,
            "1 piece of work under way is stopped.",
            "1 file and everything made from it is deleted.",
            "Your sign-in is deleted. Neither you nor we can bring the account back.",
        ]
    )
    confirm(account, user.email.upper())
    account.site.expect_title(DELETED)
    said = account.page.get_by_text("You are signed out here and everywhere.")
    expect(said).to_contain_text("497 credits were given up. 1 file was deleted.")
    kept = "Object.keys(localStorage).filter(key => key.startsWith('purse.'))"
    # The shop's name and the language of the page are not the person's.
    assert set(account.page.evaluate(kept)) == {"purse.shop", "purse.texts"}
    account.page.get_by_role("link", name="Go to the start page").click()
    account.site.expect_signed_out()
    account.site.sign_in(user.email, user.password)
    expect(account.page.get_by_role("alert")).to_contain_text("do not match")


def test_another_device_learns_that_the_account_was_deleted(
    account: AccountPage, user: User, visit: Visit, console: Console
) -> None:
    console.allow_failing("/api/credits")
    other = visit(user)
    other.expect_balance(497)
    begin(account)
    confirm(account, user.email)
    account.site.expect_title(DELETED)
    other.page.reload()
    expect(other.page.get_by_role("alert")).to_have_text("This account was deleted.")
    other.expect_signed_out()


def test_nothing_is_deleted_without_the_address(account: AccountPage, user: User) -> None:
    begin(account)
    confirm(account, "delete")
    field = account.deletion.get_by_role("textbox", name=f"Type {user.email} to confirm")
    expect(field).to_have_accessible_description("This is not the address of your account.")
    account.deletion.get_by_role("button", name="Keep my account").click()
    expect(account.deletion.get_by_role("button", name="Delete my account…")).to_be_focused()
    account.site.open()
    account.site.expect_balance(497)


def test_a_balance_that_changed_meanwhile_is_shown_and_asked_about_anew(
    account: AccountPage, user: User, purse: Purse, console: Console
) -> None:
    console.allow_failing("/api/account")
    begin(account)
    purse.buy(1000)
    confirm(account, user.email)
    expect(account.deletion.get_by_role("alert")).to_contain_text("Your balance has changed")
    expect(consequences(account).first).to_contain_text("Your 1,497 credits")
    confirm(account, user.email)
    account.site.expect_title(DELETED)


def test_a_payment_under_way_is_named_before_the_account_is_deleted(buyer: Site) -> None:
    checkout = buyer.buy("Starter")
    checkout.pay_by_bank()
    account = AccountPage(buyer).open()
    begin(account)
    expect(consequences(account).filter(has_text="still under way")).to_contain_text(
        "Your payment of $4.99 for Starter"
    )


def test_the_account_is_deleted_without_a_mouse(account: AccountPage, user: User) -> None:
    keyboard = account.page.keyboard
    tab_to(account.deletion.get_by_role("button", name="Delete my account…"))
    keyboard.press("Enter")
    expect(account.deletion.get_by_role("heading", level=2)).to_be_focused()
    tab_to(account.deletion.get_by_role("textbox"))
    keyboard.type(user.email)
    keyboard.press("Enter")
    expect(account.page.get_by_role("heading", name=DELETED)).to_be_focused()


def test_what_is_kept_of_a_person_is_downloaded(account: AccountPage, user: User) -> None:
    with account.page.expect_download() as started:
        account.page.get_by_role("button", name="Download my data").click()
    assert started.value.suggested_filename == "my-data.json"
    data = json.loads(Path(started.value.path()).read_text("utf-8"))
    assert data["user_id"] == user.id
    assert data["profile"]["email"] == user.email
    assert [entry["kind"] for entry in data["transactions"]].count("spend") == 1
    account.expect_said(account.section("Your data"), "Your data is downloaded.")
