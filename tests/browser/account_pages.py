"""The pages of an account: signing in by mail, a forgotten password, and the account itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from tests.browser.pages import Site

FORGOT = "Forgot your password?"
BY_MAIL = "Sign in by mail"
CHECK_MAIL = "Check your mail"
NEW_PASSWORD = "Set a new password"
PASSWORD_SET = "Your new password is set"


class MailPage:
    """A page that asks for a mail and takes its code."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.page: Page = site.page

    @property
    def email(self) -> Locator:
        """The address."""
        return self.page.get_by_label("E-mail")

    @property
    def code(self) -> Locator:
        """The code from the mail."""
        return self.page.get_by_label("Code from the mail")

    @property
    def problem(self) -> Locator:
        """What is wrong, above the fields."""
        return self.page.get_by_role("main").get_by_role("alert")

    def ask(self, email: str | None = None) -> None:
        """Ask for the mail, at the address that is there unless another is given."""
        if email is not None:
            self.email.fill(email)
        self.page.get_by_role("button", name="Send the mail").click()
        self.site.expect_title(CHECK_MAIL)

    def enter(self, code: str, *, email: str | None = None) -> None:
        """Enter the code of a mail."""
        if email is not None:
            self.email.fill(email)
        self.code.fill(code)
        self.page.get_by_role("button", name="Go on").click()

    def set_password(self, password: str) -> None:
        """Set a new password, and go on."""
        self.site.expect_title(NEW_PASSWORD)
        self.page.get_by_label("New password", exact=True).fill(password)
        self.page.get_by_role("button", name="Set the password").click()
        self.site.expect_title(PASSWORD_SET)
        self.page.get_by_role("button", name="Go on").click()


class AccountPage:
    """The account page of somebody signed in."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.page: Page = site.page

    def open(self) -> AccountPage:
        """Go there by the menu in the header."""
        self.page.get_by_role("button", name="Account", exact=True).click()
        self.page.get_by_role("link", name="Account settings").click()
        self.site.expect_title("Account")
        return self

    def section(self, name: str) -> Locator:
        """A part of the page, by its heading."""
        return self.page.get_by_role("region", name=name, exact=True)

    @property
    def address(self) -> Locator:
        """The part for the address."""
        return self.section("E-mail address")

    @property
    def password(self) -> Locator:
        """The part for the password."""
        return self.section("Password")

    @property
    def deletion(self) -> Locator:
        """The part that deletes the account."""
        return self.section("Delete account")

    def expect_said(self, section: Locator, text: str) -> None:
        """Expect that a part says so."""
        expect(section.get_by_role("status")).to_contain_text(text)

    def change_address(self, email: str) -> None:
        """Ask for another address."""
        self.address.get_by_label("New e-mail address").fill(email)
        self.address.get_by_role("button", name="Change address").click()
        expect(self.address.get_by_role("button", name="Confirm")).to_be_visible()

    def confirm(self, email: str, code: str) -> None:
        """Confirm the change by the code that an address received."""
        self.address.get_by_label(f"Code from the mail to {email}").fill(code)
        self.address.get_by_role("button", name="Confirm").click()

    def change_password(self, password: str) -> None:
        """Change the password."""
        self.password.get_by_label("New password", exact=True).fill(password)
        self.password.get_by_role("button", name="Change password").click()
