"""Set a mail: plain text and HTML in the shop's name. Pure."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from api._lib.outbox.mail.wording import Words

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


def message(  # noqa: PLR0913 - one argument for each part of a mail
    words: Words,
    *,
    shop: str,
    color: str,
    site_url: str,
    sender: str,
    to: str,
    message_id: str,
    date: datetime,
    support: str | None = None,
    unsubscribe_url: str | None = None,
    one_click_url: str | None = None,
) -> EmailMessage:
    """Return a mail that can be sent.

    Args:
        words: What it says.
        shop: The shop's name.
        color: The button's background, "#rrggbb", dark enough for white text.
        site_url: The shop's site, without a slash at the end.
        sender: The address it comes from.
        to: The recipient's address.
        message_id: The event's id. A mail that is sent twice has the same Message-ID, and many
            mailboxes show it once.
        date: When it is sent.
        support: Where to write to.
        unsubscribe_url: A page that unsubscribes; None for receipts.
        one_click_url: What a mail program may POST to for the same (RFC 8058).
    """
    url = site_url + words.path
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((shop, sender))
    mail["To"] = to
    mail["Subject"] = words.subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>"
    # Keeps out-of-office answers away.
    mail["Auto-Submitted"] = "auto-generated"
    if one_click_url:
        mail["List-Unsubscribe"] = f"<{one_click_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    footer = [f"{shop} sent this because you have an account there."]
    if support:
        footer.append(f"Questions? Write to {support}.")
    lines = [*words.paragraphs, f"{words.action}: {url}", "-- ", *footer]
    if unsubscribe_url:
        lines.append(f"No more mails like this: {unsubscribe_url}")
    mail.set_content("\n\n".join(lines) + "\n")
    html_footer = [escape(line) for line in footer]
    if unsubscribe_url:
        html_footer.append(f'<a href="{escape(unsubscribe_url)}">No more mails like this</a>')
    html = _HTML.format(
        subject=escape(words.subject),
        shop=escape(shop),
        paragraphs="\n".join(
            f'<p style="margin:0 0 12px">{escape(line)}</p>' for line in words.paragraphs
        ),
        url=escape(url),
        action=escape(words.action),
        color=escape(color),
        footer="<br>".join(html_footer),
    )
    mail.add_alternative(html, subtype="html")
    return mail
