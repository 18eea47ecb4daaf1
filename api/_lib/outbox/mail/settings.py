"""Settings of mails: the SMTP server, the sender, the owner."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api._lib.environment_reader import LOOPBACK

if TYPE_CHECKING:
    from api._lib.environment_reader import EnvironmentReader

IMPLICIT_TLS_PORT = 465
_ADDRESS = re.compile(r"[^@\s<>\",;]+@[^@\s<>\",;]+")


@dataclass(frozen=True, repr=False)
class MailSettings:
    """How mails are sent. It has no repr, because it holds a password.

    Attributes:
        host: The SMTP server.
        port: Its port: 465 speaks TLS from the start, every other port after STARTTLS.
        is_local: The server is on this machine and needs no TLS.
        username: None if the server asks for none.
        password: None if the server asks for none.
        sender: The address that mails come from.
        owner: Who is told of mismatches, disputes, withdrawals, refunds that were not made and
            failing checks; None for nobody.
        to_customers: Whether the people who buy get mails.
    """

    host: str
    port: int
    is_local: bool
    username: str | None
    password: str | None
    sender: str
    owner: str | None
    to_customers: bool


def read_mail_settings(read: EnvironmentReader, *, livemode: bool) -> MailSettings | None:
    """Read the SMTP_… and MAIL_… variables; return None without SMTP_HOST, which means no mails.

    Problems are collected in the reader.
    """
    host = read.first("SMTP_HOST")
    port = read.count("SMTP_PORT", default=587, most=65535)
    username, password = read.first("SMTP_USERNAME"), read.first("SMTP_PASSWORD")
    sender, owner = read.first("MAIL_FROM"), read.first("MAIL_OWNER")
    to_customers = read.flag("MAIL_TO_CUSTOMERS", default=True)
    if host is None:
        return None
    if sender is None:
        read.problems.append("MAIL_FROM is missing")
    for name, address in (("MAIL_FROM", sender), ("MAIL_OWNER", owner)):
        if address and not _ADDRESS.fullmatch(address):
            read.problems.append(f"{name} must look like shop@example.com")
    if (username is None) != (password is None):
        missing = "USERNAME" if username is None else "PASSWORD"
        read.problems.append(f"SMTP_{missing} is missing")
    is_local = host in LOOPBACK
    if is_local and livemode:
        read.problems.append(
            "SMTP_HOST must not be on this machine while Stripe's key is a live key"
        )
    return MailSettings(
        host=host,
        port=port,
        is_local=is_local,
        username=username,
        password=password,
        sender=sender or "",
        owner=owner,
        to_customers=to_customers,
    )
