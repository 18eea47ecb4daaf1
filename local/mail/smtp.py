"""The SMTP server. It takes every mail to everybody, and sends none on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

    from local.mail.store import Store

MAX_MAIL_BYTES = 2 * 1024 * 1024
START_TIMEOUT_SECONDS = 10


class SmtpServer:
    """An SMTP server on 127.0.0.1, in a thread of its own.

    Args:
        store: Keeps the mails.
        port: The TCP port.
    """

    def __init__(self, store: Store, port: int) -> None:
        self._controller = Controller(
            _Handler(store),
            hostname="127.0.0.1",
            port=port,
            ready_timeout=START_TIMEOUT_SECONDS,
            data_size_limit=MAX_MAIL_BYTES,
            enable_SMTPUTF8=True,
        )

    def start(self) -> None:
        """Start; return once it takes mails.

        Raises:
            OSError: The port is in use.
            TimeoutError: It does not answer within START_TIMEOUT_SECONDS.
        """
        self._controller.start()

    def stop(self) -> None:
        """Stop the server and its thread."""
        self._controller.stop()


class _Handler:
    def __init__(self, store: Store) -> None:
        self._store = store

    # The name is aiosmtpd's.
    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        self._store.add(envelope.rcpt_tos, content)
        return "250 OK"
