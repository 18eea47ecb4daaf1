"""Set a mail: plain text and HTML in the shop's name. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from api._lib.outbox.mail.wording import Words
    from api._lib.shop import Shop

# White text can be read on it.
DEFAULT_COLOR = "#a01652"

_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{subject}</title>
</head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif">
<div style="max-width:520px;margin:0 auto">
<p style="margin:0 0 24px;font-weight:700">{shop}</p>
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">{subject}</h1>
{paragraphs}
<p style="margin:24px 0"><a href="{url}" style="display:inline-block;padding:12px 20px;\
border-radius:8px;background:{color};color:#fff;text-decoration:none;font-weight:600">{action}</a></p>
<p style="margin:32px 0 0;font-size:14px;opacity:.75">{footer}</p>
</div>
</body>
</html>
"""


@dataclass(frozen=True)
class Envelope:
    """What a mail needs beside its words.

    Attributes:
        sender: The address it comes from.
        to: The recipient's address.
        message_id: The event's id. A mail that is sent twice has the same Message-ID, and many
            mailboxes show it once.
        date: When it is sent.
        token: Unsubscribes the recipient; None for a mail that cannot be stopped.
    """

    sender: str
    to: str
    message_id: str
    date: datetime
    token: str | None = None


def message(words: Words, envelope: Envelope, shop: Shop, site_url: str) -> EmailMessage:
    """Return a mail that can be sent, in the name of a shop whose site is at site_url."""
    url = site_url + words.path
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((shop.name, envelope.sender))
    mail["To"] = envelope.to
    mail["Subject"] = words.subject
    mail["Date"] = format_datetime(envelope.date)
    mail["Message-ID"] = f"<{envelope.message_id}@{envelope.sender.rpartition('@')[2]}>"
    # Keeps out-of-office answers away.
    mail["Auto-Submitted"] = "auto-generated"
    unsubscribe_url = None
    if envelope.token:
        unsubscribe_url = f"{site_url}/unsubscribe?token={envelope.token}"
        # A mail program may POST to this address for the person (RFC 8058).
        mail["List-Unsubscribe"] = f"<{site_url}/api/unsubscribe?token={envelope.token}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    footer = [f"{shop.name} sent this because you have an account there."]
    if shop.support_email:
        footer.append(f"Questions? Write to {shop.support_email}.")
    lines = [*words.paragraphs, f"{words.action}: {url}", "-- ", *footer]
    if unsubscribe_url:
        lines.append(f"No more mails like this: {unsubscribe_url}")
    mail.set_content("\n\n".join(lines) + "\n")
    html_footer = [escape(line) for line in footer]
    if unsubscribe_url:
        html_footer.append(f'<a href="{escape(unsubscribe_url)}">No more mails like this</a>')
    html = _HTML.format(
        subject=escape(words.subject),
        shop=escape(shop.name),
        paragraphs="\n".join(
            f'<p style="margin:0 0 12px">{escape(line)}</p>' for line in words.paragraphs
        ),
        url=escape(url),
        action=escape(words.action),
        color=escape(shop.color or DEFAULT_COLOR),
        footer="<br>".join(html_footer),
    )
    mail.add_alternative(html, subtype="html")
    return mail
