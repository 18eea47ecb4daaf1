"""Send the mail about one event."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.errors import PurseError
from api._lib.outbox.mail.message import Envelope, message
from api._lib.outbox.mail.settings import IMPLICIT_TLS_PORT, MailSettings
from api._lib.outbox.mail.wording import CUSTOMER_TYPES, OWNER_TYPES, customer_words, owner_words
from api._lib.outbox.sending import Attempt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import EmailMessage

    from api._lib.settings import Settings

# Names of endpoints in the outbox.
MAIL, OWNER = "mail", "owner"
SMTP_TIMEOUT_SECONDS = 8
AT_ONCE = 8
_PERMANENT = range(500, 600)
# Enhanced status codes about the address itself (RFC 3463). Others may be the sender's fault.
_NO_SUCH_ADDRESS = b"5.1."


def mail_endpoints(config: Settings) -> dict[str, list[str]]:
    """Return the outbox's endpoints for mails, each with the types of events it gets."""
    mail = config.mail
    if mail is None:
        return {}
    endpoints: dict[str, list[str]] = {}
    if mail.to_customers:
        endpoints[MAIL] = list(CUSTOMER_TYPES)
    if mail.owner:
        endpoints[OWNER] = list(OWNER_TYPES)
    return endpoints


async def send_mail(config: Settings, delivery: Mapping[str, Any], seconds: float) -> Attempt:
    """Send the mail about an event, within so many seconds.

    Never raises for what the SMTP server or the network does.
    """
    if config.mail is None:
        return Attempt("not_tried", "")
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.get_running_loop().run_in_executor(
                _threads(), _send_now, config, config.mail, delivery, time.monotonic() + seconds
            )
    except TimeoutError:
        return Attempt("failed", "timeout")


@cache
def _threads() -> ThreadPoolExecutor:
    """Threads for SMTP alone: a server that hangs must not hold up the look-up of names."""
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="smtp")


def _send_now(
    config: Settings, settings: MailSettings, delivery: Mapping[str, Any], deadline: float
) -> Attempt:
    if time.monotonic() > deadline:
        return Attempt("failed", "timeout")
    try:
        mail, outcome = _mail(config, settings, delivery)
        if mail is None:
            return Attempt("delivered", outcome)
        _send(settings, mail)
    except smtplib.SMTPRecipientsRefused as error:
        (code, reason), *_ = error.recipients.values()
        is_unknown = code in _PERMANENT and reason.startswith(_NO_SUCH_ADDRESS)
        return Attempt("given_up" if is_unknown else "failed", f"smtp_{code}")
    except smtplib.SMTPResponseException as error:
        return Attempt("failed", f"smtp_{error.smtp_code}")
    except (smtplib.SMTPException, OSError, PurseError, database.DatabaseError) as error:
        return Attempt("failed", type(error).__name__)
    return Attempt("delivered", "sent")


def _mail(
    config: Settings, settings: MailSettings, delivery: Mapping[str, Any]
) -> tuple[EmailMessage | None, str]:
    """Return the mail, or None and the reason why nobody gets one."""
    if delivery["endpoint"] == OWNER:
        words = owner_words(delivery["type"], delivery["data"])
        recipient: dict[str, Any] | None = {"email": settings.owner, "is_subscribed": True}
    else:
        words = customer_words(delivery["type"], delivery["data"])
        recipient = database.call("mail_recipient", p_user_id=delivery["user_id"])
    if recipient is None:
        return None, "no_address"
    if not words.is_receipt and not recipient["is_subscribed"]:
        return None, "unsubscribed"
    envelope = Envelope(
        sender=settings.sender,
        to=recipient["email"],
        message_id=delivery["id"],
        date=datetime.now(UTC),
        token=None if words.is_receipt else recipient["token"],
    )
    return message(words, envelope, config.shop, config.site_url), ""


def _send(settings: MailSettings, mail: EmailMessage) -> None:
    context = ssl.create_default_context()
    if settings.port == IMPLICIT_TLS_PORT:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=SMTP_TIMEOUT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=SMTP_TIMEOUT_SECONDS)
    try:
        if settings.port != IMPLICIT_TLS_PORT and not settings.is_local:
            server.starttls(context=context)
        if settings.username and settings.password:
            server.login(settings.username, settings.password)
        server.send_message(mail)
    finally:
        # The mail is sent or not by now, however the server says goodbye.
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
