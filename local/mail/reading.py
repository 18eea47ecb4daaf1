"""What a mail says: its subject, text and HTML, the links and the codes in it. No I/O."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.mail.store import StoredMail

LINKS_AT_MOST = 20
CODES_AT_MOST = 5
_CODE = re.compile(r"(?<![\w/=&?.-])\d{6,10}(?![\w/=&-])")
_LINK = re.compile(r"https?://[^\s<>\"']+")
# What ends a sentence is no part of its link.
_AFTER_LINK = ".,;:!?)"
_BLOCKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "blockquote"}
_UNSEEN = {"style", "script", "head", "title"}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that was read.

    Attributes:
        id: Its id in the store.
        received_at: When it arrived, RFC 3339 in UTC.
        sender: The From header.
        to: The recipients.
        subject: The subject.
        text: The plain text; that of the HTML if the mail has no other.
        html: The HTML; "" if it has none.
        links: Addresses of its links, in order.
        codes: Numbers of six to ten digits in its subject and text, in order.
    """

    id: int
    received_at: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    links: tuple[str, ...]
    codes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the mail with its sender as `from`."""
        members = asdict(self)
        return {"from": members.pop("sender"), **members}


def read(stored: StoredMail) -> Mail:
    """Read a mail; what cannot be read is left out."""
    message = message_from_bytes(stored.raw, policy=policy.default)
    html = _part(message, "html")
    page = _Page()
    page.feed(html)
    page.close()
    text = _part(message, "plain") or page.text
    subject = str(message.get("Subject", ""))
    written = [link.rstrip(_AFTER_LINK) for link in _LINK.findall(_part(message, "plain"))]
    links = [*page.links, *written]
    codes = [*_CODE.findall(subject), *_CODE.findall(text)]
    return Mail(
        id=stored.id,
        received_at=stored.received_at.isoformat().replace("+00:00", "Z"),
        sender=str(message.get("From", "")),
        to=stored.recipients,
        subject=subject,
        text=text.strip(),
        html=html,
        links=tuple(dict.fromkeys(links))[:LINKS_AT_MOST],
        codes=tuple(dict.fromkeys(codes))[:CODES_AT_MOST],
    )


def _part(message: EmailMessage, kind: str) -> str:
    try:
        body = message.get_body((kind,))
        content = body.get_content() if isinstance(body, EmailMessage) else ""
    except (LookupError, ValueError):
        # An unknown character set, or a malformed part.
        return ""
    return content if isinstance(content, str) else ""


class _Page(HTMLParser):
    """The text and the links of an HTML mail."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self._pieces: list[str] = []
        self._unseen = 0

    @property
    def text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self._pieces).splitlines())
        return "\n".join(line for line in lines if line)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _BLOCKS:
            self._pieces.append("\n")
        href = dict(attrs).get("href") or ""
        if tag == "a" and href.startswith(("http://", "https://")):
            self.links.append(href)

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _BLOCKS:
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._pieces.append(data)
