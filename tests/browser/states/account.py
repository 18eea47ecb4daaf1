"""The account page and its forms, withdrawing from mails, and the page that does not exist."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.account_pages import AccountPage
from tests.browser.states.stage import Stage, State

if TYPE_CHECKING:
    from collections.abc import Iterator


def forms(stage: Stage) -> Iterator[State]:
    """The account page, with errors in its forms, and up to the deletion."""
    stage.console.allow_failing("/auth/v1/user", "/auth/v1/token", "/auth/v1/verify")
    taken, user = stage.person(), stage.person()
    stage.purse(user).buy(500)
    with stage.visit(user) as site:
        site.open("/account")
        site.expect_title("Account")
        account, page = AccountPage(site), site.page
        expect(account.address).to_contain_text(user.email)
        site.expect_balance(500)
        yield State("account", page)
        page.get_by_role("button", name="Account", exact=True).click()
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
        yield State("account-menu", page)
        page.keyboard.press("Escape")
        account.address.get_by_label("New e-mail address").fill(taken.email)
        account.address.get_by_role("button", name="Change address").click()
        expect(account.address.get_by_text("Another account has this address.")).to_be_visible()
        account.change_password("short")
        account.deletion.get_by_role("button", name="Delete my account…").click()
        expect(account.deletion.get_by_role("listitem").first).to_be_visible()
        account.deletion.get_by_role("textbox").fill("delete")
        account.deletion.get_by_role("button", name="Delete my account").click()
        yield State("account-errors", page)
        account.change_address(f"new-{secrets.token_hex(8)}@example.com")
        yield State("account-code", page)
        page.get_by_role("button", name="Sign out everywhere").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        yield State("account-sign-out-everywhere", page)
        page.keyboard.press("Escape")
        account.deletion.get_by_role("textbox").fill(user.email)
        account.deletion.get_by_role("button", name="Delete my account").click()
        site.expect_title("Your account is deleted")
        yield State("account-deleted", page)
    with stage.visit(stage.person(), locale="de-DE") as site:
        site.open("/account")
        site.expect_title("Konto")
        yield State("german-account", site.page)


def small_pages(stage: Stage) -> Iterator[State]:
    """No more mails, in each outcome, and an address that leads nowhere."""
    stage.console.allow_failing("/api/unsubscribe", "/no/such/page")
    row = stage.database.execute(
        "insert into public.mail_preferences (user_id) values (%s) returning token",
        [stage.person().id],
    ).fetchone()
    assert row is not None
    with stage.visit() as site:
        button = site.page.get_by_role("button", name="No more mails")
        site.open(f"/unsubscribe?token={row['token']}")
        expect(button).to_be_visible()
        yield State("unsubscribe", site.page)
        button.click()
        site.expect_title("You get no more mails")
        yield State("unsubscribe-done", site.page)
        site.open("/unsubscribe?token=unknown")
        button.click()
        site.expect_title("This link does not work")
        yield State("unsubscribe-unknown", site.page)
        site.open("/no/such/page")
        site.expect_title("There is nothing here")
        yield State("not-found", site.page)


WALKS = (forms, small_pages)
