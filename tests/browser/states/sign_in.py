"""Signing in and up: the form and its errors, by mail, and a forgotten password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.account_pages import BY_MAIL, CHECK_MAIL, FORGOT, NEW_PASSWORD, MailPage
from tests.browser.states.stage import Stage, State

if TYPE_CHECKING:
    from collections.abc import Iterator


def form(stage: Stage) -> Iterator[State]:
    """The form with errors, for signing in and for signing up."""
    stage.console.allow_failing("/auth/v1/token")
    with stage.visit() as site:
        site.open("/account")
        site.sign_in("", "")
        expect(site.sign_in_form.get_by_label("E-mail")).to_be_focused()
        yield State("sign-in-empty", site.page)
        site.sign_in("ada@example.com", "not-the-password")
        expect(site.page.get_by_role("alert")).to_be_visible()
        yield State("sign-in-refused", site.page)
        site.page.get_by_role("button", name="Create an account").click()
        expect(site.page.get_by_role("button", name="Create account")).to_be_visible()
        yield State("sign-up", site.page)


def mails(stage: Stage) -> Iterator[State]:
    """Signing in by mail, and a new password."""
    stage.console.allow_failing("/auth/v1/verify", "/auth/v1/otp")
    user = stage.person()
    with stage.visit() as site:
        page = MailPage(site)
        site.open("/sign-in/mail")
        site.expect_title(BY_MAIL)
        yield State("sign-in-mail", page.page)
        page.ask(user.email)
        page.enter("123456")
        expect(page.page.get_by_text("This code does not match the address")).to_be_visible()
        yield State("sign-in-mail-wrong-code", page.page)
        stage.mailbox.newest(user.email)
        stage.mailbox.wait_for_the_next(user.email)
        site.open("/sign-in/reset")
        site.expect_title(FORGOT)
        yield State("sign-in-reset", page.page)
        page.ask(user.email)
        site.expect_title(CHECK_MAIL)
        yield State("sign-in-reset-asked", page.page)
        page.enter(stage.mailbox.newest(user.email, count=2).code)
        site.expect_title(NEW_PASSWORD)
        field = page.page.get_by_label("New password", exact=True)
        expect(field).to_have_accessible_description("At least 6 characters.")
        field.fill("short")
        page.page.get_by_role("button", name="Set the password").click()
        expect(field).to_have_attribute("aria-invalid", "true")
        yield State("sign-in-new-password", page.page)


WALKS = (form, mails)
