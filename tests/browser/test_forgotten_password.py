"""Forget the password and get back in: by the link, by the code, on another device."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.account_pages import CHECK_MAIL, FORGOT, NEW_PASSWORD, MailPage
from tests.browser.test_keyboard import tab_to

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.mailbox import Mailbox
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def forgetful(visitor: Site) -> MailPage:
    """The page for a forgotten password, as somebody sees it who is signed out."""
    visitor.page.get_by_role("link", name=FORGOT).click()
    visitor.expect_title(FORGOT)
    return MailPage(visitor)


def new_password() -> str:
    return secrets.token_urlsafe(12)


def test_a_password_forgotten_on_a_phone_is_replaced_and_the_credits_are_there(
    visit: Visit, user: User, purse: Purse, mailbox: Mailbox, console: Console
) -> None:
    console.allow_failing("/auth/v1/token")
    purse.buy(500)
    site = visit(**PHONE)
    site.sign_in(user.email, "what was it")
    expect(site.page.get_by_role("alert")).to_contain_text("do not match")
    site.page.get_by_role("link", name=FORGOT).click()
    page = MailPage(site)
    expect(page.email).to_have_value(user.email)
    page.ask()
    site.page.goto(mailbox.newest(user.email).link)
    password = new_password()
    page.set_password(password)
    site.expect_title("Your balance")
    site.expect_balance(500)
    site.sign_out()
    site.expect_signed_out()
    site.sign_in(user.email, password)
    site.expect_balance(500)


def test_the_code_works_where_the_mail_was_asked_for(
    forgetful: MailPage, user: User, mailbox: Mailbox
) -> None:
    forgetful.ask(user.email)
    forgetful.enter(mailbox.newest(user.email).code)
    forgetful.set_password(new_password())
    forgetful.site.expect_balance(0)


def test_the_code_works_on_another_device(
    forgetful: MailPage, visit: Visit, user: User, mailbox: Mailbox
) -> None:
    forgetful.ask(user.email)
    code = mailbox.newest(user.email).code
    other = MailPage(visit(at="/sign-in/reset"))
    other.page.get_by_role("button", name="I have a code already").click()
    other.enter(f" {code[:3]} {code[3:]} ", email=user.email)
    other.set_password(new_password())
    other.site.expect_balance(0)


def test_a_code_on_another_device_goes_on_where_one_came_from(
    forgetful: MailPage, visit: Visit, user: User, mailbox: Mailbox
) -> None:
    forgetful.ask(user.email)
    other = MailPage(visit(at="/sign-in/reset?back=/files"))
    other.page.get_by_role("button", name="I have a code already").click()
    other.enter(mailbox.newest(user.email).code, email=user.email)
    other.set_password(new_password())
    other.site.expect_title("Files")


def test_a_link_on_another_device_asks_for_a_code_instead(
    forgetful: MailPage, visit: Visit, user: User, mailbox: Mailbox
) -> None:
    forgetful.ask(user.email)
    other = MailPage(visit(at="/"))
    other.page.goto(mailbox.newest(user.email).link)
    other.site.expect_title(FORGOT)
    expect(other.problem).to_contain_text("only in the browser that asked for it")
    expect(other.page).to_have_url(f"{other.site.url}/sign-in/reset")
    mailbox.wait_for_the_next(user.email)
    other.ask(user.email)
    other.enter(mailbox.newest(user.email, count=2).code)
    other.set_password(new_password())
    other.site.expect_balance(0)


def test_a_link_that_is_opened_twice_says_so_and_offers_a_new_mail(
    forgetful: MailPage, user: User, mailbox: Mailbox
) -> None:
    forgetful.ask(user.email)
    link = mailbox.newest(user.email).link
    forgetful.page.goto(link)
    forgetful.set_password(new_password())
    forgetful.site.expect_title("Your balance")
    forgetful.page.goto(link)
    expect(forgetful.problem).to_contain_text("has been used or has expired")
    expect(forgetful.email).to_have_value(user.email)
    expect(forgetful.page).to_have_url(f"{forgetful.site.url}/sign-in/reset")
    forgetful.page.reload()
    expect(forgetful.problem).to_be_hidden()


def test_what_an_expired_link_leaves_in_the_address_is_told_in_our_words(visit: Visit) -> None:
    left = "error=access_denied&error_code=otp_expired&error_description=Call+0900+123456&sb="
    page = MailPage(visit(at=f"/sign-in/reset?{left.removesuffix('&sb=')}#{left}"))
    expect(page.problem).to_have_text(
        "That link has been used or has expired. Ask for a new mail, and enter its code."
    )
    expect(page.page).to_have_url(f"{page.site.url}/sign-in/reset")


@pytest.mark.parametrize("path", ["/sign-in/reset", "/sign-in/mail"])
def test_an_unknown_address_gets_the_answer_that_a_known_one_gets(
    visit: Visit, user: User, mailbox: Mailbox, console: Console, path: str
) -> None:
    console.allow_failing("/auth/v1/verify", "/auth/v1/otp")
    said = []
    stranger = f"nobody-{secrets.token_hex(8)}@example.com"
    for address in (user.email, stranger):
        page = MailPage(visit(at=path))
        page.ask(address)
        form = page.page.get_by_role("form", name=CHECK_MAIL)
        lead = form.get_by_text("If there is an account for").text_content() or ""
        page.enter("1234567")
        problem = page.page.get_by_text("This code does not match the address")
        expect(problem).to_be_visible()
        said.append((lead.replace(address, "…"), problem.text_content()))
    assert said[0] == said[1]
    assert mailbox.count(stranger) == 0


def test_the_next_mail_has_to_wait_and_the_button_says_how_long(
    visit: Visit, user: User, mailbox: Mailbox
) -> None:
    site = visit(at="/")
    site.page.clock.install()
    site.open("/sign-in/reset")
    page = MailPage(site)
    page.ask(user.email)
    again = page.page.get_by_role("button", name="Send it again")
    expect(again).to_be_disabled()
    expect(again).to_contain_text("in ")
    site.page.clock.fast_forward(61_000)
    expect(again).to_have_text("Send it again")
    first = mailbox.newest(user.email).code
    mailbox.wait_for_the_next(user.email)
    again.click()
    expect(page.page.get_by_text("If a new mail comes, only its code works.")).to_be_visible()
    second = mailbox.newest(user.email, count=2)
    assert second.code != first
    page.enter(second.code)
    site.expect_title(NEW_PASSWORD)


def test_a_new_password_ends_the_sessions_on_other_devices(
    forgetful: MailPage, visit: Visit, user: User, mailbox: Mailbox, stack: RunningStack
) -> None:
    elsewhere = visit(user)
    elsewhere.expect_balance(0)
    forgetful.ask(user.email)
    forgetful.enter(mailbox.newest(user.email).code)
    forgetful.set_password(new_password())
    forgetful.site.expect_balance(0)
    token = elsewhere.page.evaluate("JSON.parse(localStorage['purse.session']).access_token")
    answer = httpx.get(
        f"{stack.supabase_url}/auth/v1/user",
        headers={"apikey": stack.publishable_key, "Authorization": f"Bearer {token}"},
    )
    assert answer.json()["error_code"] == "session_not_found"


def test_a_reload_does_not_lose_the_step_that_sets_the_password(
    forgetful: MailPage, user: User, mailbox: Mailbox
) -> None:
    forgetful.ask(user.email)
    forgetful.page.reload()
    forgetful.site.expect_title(CHECK_MAIL)
    expect(forgetful.email).to_have_value(user.email)
    forgetful.enter(mailbox.newest(user.email).code)
    forgetful.site.expect_title(NEW_PASSWORD)
    forgetful.page.reload()
    forgetful.set_password(new_password())
    forgetful.site.expect_balance(0)


def test_a_password_that_is_too_short_is_refused_before_it_is_sent(
    forgetful: MailPage, user: User, mailbox: Mailbox
) -> None:
    forgetful.ask(user.email)
    forgetful.enter(mailbox.newest(user.email).code)
    forgetful.site.expect_title(NEW_PASSWORD)
    field = forgetful.page.get_by_label("New password", exact=True)
    expect(field).to_have_accessible_description("At least 6 characters.")
    field.fill("short")
    forgetful.page.get_by_role("button", name="Set the password").click()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")


def test_a_forgotten_password_needs_no_mouse(visitor: Site, user: User, mailbox: Mailbox) -> None:
    page, keyboard = visitor.page, visitor.page.keyboard
    tab_to(page.get_by_role("link", name=FORGOT))
    keyboard.press("Enter")
    expect(page.get_by_role("heading", name=FORGOT)).to_be_focused()
    tab_to(page.get_by_label("E-mail"))
    keyboard.type(user.email)
    keyboard.press("Enter")
    expect(page.get_by_role("heading", name=CHECK_MAIL)).to_be_focused()
    tab_to(page.get_by_label("Code from the mail"))
    keyboard.type(mailbox.newest(user.email).code)
    keyboard.press("Enter")
    expect(page.get_by_role("heading", name=NEW_PASSWORD)).to_be_focused()
    tab_to(page.get_by_label("New password", exact=True))
    keyboard.type(new_password())
    keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your new password is set")).to_be_focused()
    keyboard.press("Tab")
    keyboard.press("Enter")
    visitor.expect_balance(0)


def test_a_link_that_lands_on_the_start_page_still_sets_the_password(
    forgetful: MailPage, user: User, mailbox: Mailbox
) -> None:
    forgetful.ask(user.email)
    link = mailbox.newest(user.email).link
    assert parse_qs(urlsplit(link).query)["redirect_to"] == [f"{forgetful.site.url}/sign-in/reset"]
    forgetful.page.goto(link.replace("/sign-in/reset", "/"))
    forgetful.set_password(new_password())
    forgetful.site.expect_balance(0)
