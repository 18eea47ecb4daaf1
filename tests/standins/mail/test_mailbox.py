"""The mailbox takes every mail, keeps the newest, and shows them on this machine only."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from local.mail.reading import read
from local.mail.settings import Settings
from local.mail.store import MAILS_AT_MOST, Store, StoredMail
from tests.standins.supabase.mailing import Mailbox, new_address, running_mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HTML = '<h1>Hello</h1><p>Your code is <b>123456</b>.</p><a href="https://x.example/?a=1&amp;b=2">go</a>'


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """The mailbox, as the local stack runs it."""
    with running_mailbox() as running:
        yield running


def message(to: str, subject: str = "Hello", text: str = "", html: str = "") -> EmailMessage:
    """Return a mail."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", to, subject
    if text:
        mail.set_content(text)
    if html and text:
        mail.add_alternative(html, subtype="html")
    elif html:
        mail.set_content(html, subtype="html")
    return mail


def send(mailbox: Mailbox, mail: EmailMessage) -> None:
    """Send a mail by SMTP."""
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=10) as server:
        server.send_message(mail)


def stored(raw: bytes) -> StoredMail:
    """Return a mail as the store has it."""
    return StoredMail(1, datetime(2026, 11, 28, tzinfo=UTC), ("ada@example.com",), raw)


def test_a_mail_is_shown_newest_first_to_its_recipient(mailbox: Mailbox) -> None:
    to, other = new_address(), new_address()
    send(mailbox, message(to, "First", text="one"))
    send(mailbox, message(to, "Second", text="two"))
    send(mailbox, message(other, "Third", text="three"))
    assert [mail["subject"] for mail in mailbox.mails(to.upper())] == ["Second", "First"]
    everything = mailbox.http.get("/api/mails").json()["mails"]
    assert everything[0]["to"] == [other]
    assert everything[0]["from"] == "shop@example.com"


def test_only_a_whole_address_counts_for_the_api(mailbox: Mailbox) -> None:
    to = new_address()
    send(mailbox, message(f"x{to}", text="one"))
    assert mailbox.mails(to) == []


def test_text_html_links_and_codes_are_read() -> None:
    mail = read(
        stored(message("a@b.c", text="Use 654321 or https://y.example/z.", html=HTML).as_bytes())
    )
    assert mail.text == "Use 654321 or https://y.example/z."
    assert mail.html.strip() == HTML
    assert mail.links == ("https://x.example/?a=1&b=2", "https://y.example/z")
    assert mail.codes == ("654321",)


def test_a_mail_without_text_shows_that_of_its_html() -> None:
    mail = read(stored(message("a@b.c", html=f"<style>p {{}}</style>{HTML}").as_bytes()))
    assert mail.text == "Hello\nYour code is 123456.\ngo"
    assert mail.codes == ("123456",)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"Subject: =?utf-8?b?w6\n\nx",
        b"Content-Type: text/html; charset=nonsense\n\n<a href=x>\xff",
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/plain\n",
        b"Content-Transfer-Encoding: base64\n\n!!!",
    ],
)
def test_a_malformed_mail_is_read_as_far_as_it_goes(raw: bytes) -> None:
    assert read(stored(raw)).to == ("ada@example.com",)


def test_numbers_in_links_are_no_codes() -> None:
    mail = read(
        stored(message("a@b.c", text="https://x.example/?token=1234567 and 12345").as_bytes())
    )
    assert mail.codes == ()


def test_mails_outlive_a_restart(tmp_path: Path) -> None:
    to = new_address()
    with running_mailbox(str(tmp_path)) as first:
        send(first, message(to, text="one"))
    with running_mailbox(str(tmp_path)) as second:
        assert len(second.mails(to)) == 1


def test_only_the_newest_mails_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "mail.db")
    for number in range(MAILS_AT_MOST + 3):
        store.add(["a@b.c"], str(number).encode())
    kept = store.mails()
    assert len(kept) == MAILS_AT_MOST
    assert (kept[0].raw, kept[-1].raw) == (str(MAILS_AT_MOST + 2).encode(), b"3")


def test_the_page_searches_and_says_when_there_is_nothing(mailbox: Mailbox) -> None:
    to = new_address()
    send(mailbox, message(to, "Hello <you>", text="one"))
    page = mailbox.http.get("/", params={"to": to[:8]}).text
    assert "Hello &lt;you&gt;" in page
    assert "1 mail " in page
    nothing = mailbox.http.get("/", params={"to": "<nobody>"}).text
    assert "No mail to “&lt;nobody&gt;”" in nothing


def test_a_mail_can_do_nothing_to_the_page(mailbox: Mailbox) -> None:
    to = new_address()
    send(mailbox, message(to, html="<script>alert(1)</script>"))
    mail_id = mailbox.mails(to)[0]["id"]
    page = mailbox.http.get(f"/mails/{mail_id}")
    assert "<script>alert" not in page.text
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    frame = mailbox.http.get(f"/mails/{mail_id}/html")
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


def test_a_mail_that_is_gone_is_not_found(mailbox: Mailbox) -> None:
    assert mailbox.http.get("/mails/999999").status_code == 404
    assert mailbox.http.get("/mails/999999/html").status_code == 404


def test_a_foreign_host_name_is_refused(mailbox: Mailbox) -> None:
    response = mailbox.http.get("/api/mails", headers={"Host": "evil.example"})
    assert response.status_code == 403


def test_a_mail_that_is_too_large_is_refused(mailbox: Mailbox) -> None:
    with pytest.raises(smtplib.SMTPResponseException) as refused:
        send(mailbox, message(new_address(), text="x" * 3_000_000))
    assert refused.value.smtp_code == 552


def test_missing_settings_are_named() -> None:
    with pytest.raises(SystemExit, match=r"PURSE_LOCAL_STATE.*PURSE_LOCAL_SMTP_PORT"):
        Settings.from_environment({})
