"""Send mails by SMTP, within the limit of all mails in an hour."""

from __future__ import annotations

import smtplib
import threading
import time
from collections import deque
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

from local.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    from local.supabase.auth.config import AuthConfig
    from local.supabase.auth.mails import Mail

TIMEOUT_SECONDS = 10
_HOUR_SECONDS = 3600


class Mailer:
    """Sends the mails of all users. Without an SMTP host it sends nothing, like GoTrue."""

    def __init__(self, config: AuthConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._sent_at: deque[float] = deque()

    def send(self, mails: list[Mail], failure: str) -> None:
        """Send the mails of one request.

        Args:
            mails: One or two mails; together they count once.
            failure: The message of the error if the mail server fails.

        Raises:
            AuthError: Too many mails were sent, or the mail server failed.
        """
        self._count()
        if not self._config.smtp_host:
            return
        try:
            with smtplib.SMTP(
                self._config.smtp_host, self._config.smtp_port, timeout=TIMEOUT_SECONDS
            ) as server:
                for mail in mails:
                    server.send_message(self._message(mail))
        except (OSError, smtplib.SMTPException):
            raise AuthError(500, "unexpected_failure", failure) from None

    def _count(self) -> None:
        limit = self._config.mails_per_hour
        # GoTrue does not count while new addresses are confirmed without a mail.
        if self._config.autoconfirm and limit:
            return
        now = time.monotonic()
        with self._lock:
            while self._sent_at and self._sent_at[0] < now - _HOUR_SECONDS:
                self._sent_at.popleft()
            if len(self._sent_at) >= limit:
                raise AuthError(429, "over_email_send_rate_limit", "email rate limit exceeded")
            self._sent_at.append(now)

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._config.smtp_sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="localhost")
        message.set_content(mail.html, subtype="html")
        return message
