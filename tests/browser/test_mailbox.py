"""The mailbox in a browser: new mails appear, codes are copied, links open, on a phone too."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.standins.supabase.mailing import Mailbox, new_address, running_mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """The mailbox, as the local stack runs it."""
    with running_mailbox() as running:
        yield running


@pytest.fixture(params=[1200, 390])
def page(browser: Browser, mailbox: Mailbox, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The mailbox on a desk and on a phone."""
    context = browser.new_context(
        base_url=str(mailbox.http.base_url), viewport={"width": request.param, "height": 800}
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    problems: list[str] = []
    page = context.new_page()
    page.on("console", lambda line: problems.append(line.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def send(mailbox: Mailbox, to: str, subject: str) -> None:
    """Send a mail with a link and a code."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", to, subject
    mail.set_content(
        f'<p>Your code is 123456.</p><a href="{mailbox.http.base_url}/health">Open</a>',
        subtype="html",
    )
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as server:
        server.send_message(mail)


def test_a_new_mail_appears_by_itself_and_is_read(page: Page, mailbox: Mailbox) -> None:
    to = new_address()
    page.goto(f"/?to={to}")
    expect(page.get_by_text(f"No mail to “{to}”.")).to_be_visible()
    send(mailbox, to, "Choose a new password")
    page.get_by_role("link", name="Choose a new password").click()
    expect(page.get_by_role("heading", name="Choose a new password")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_code_is_copied(page: Page, mailbox: Mailbox) -> None:
    to = new_address()
    send(mailbox, to, "A code")
    page.goto(f"/mails/{mailbox.mails(to)[0]['id']}")
    page.get_by_role("button", name="Copy code 123456").click()
    expect(page.get_by_role("status")).to_have_text("Code 123456 copied")
    assert page.evaluate("navigator.clipboard.readText()") == "123456"


def test_the_link_in_a_mail_opens_in_a_new_tab(page: Page, mailbox: Mailbox) -> None:
    to = new_address()
    send(mailbox, to, "A link")
    page.goto(f"/mails/{mailbox.mails(to)[0]['id']}")
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Open").click()
    opened.value.wait_for_load_state()
    assert opened.value.url.endswith("/health")


def test_searching_narrows_the_list_while_typing(page: Page, mailbox: Mailbox) -> None:
    to, other = new_address(), new_address()
    send(mailbox, to, "For one")
    send(mailbox, other, "For another")
    page.goto("/")
    page.get_by_label("Recipient").fill(to[:10])
    expect(page.locator(".mails li")).to_have_count(1)
    expect(page.locator(".mails li")).to_contain_text(to)
    page.get_by_label("Recipient").fill("nobody at all")
    expect(page.get_by_text("No mail to “nobody at all”.")).to_be_visible()
