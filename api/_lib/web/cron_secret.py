"""Check that a request comes from the scheduler: Vercel's cron sends CRON_SECRET."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from api._lib.errors import NotConfiguredError, UnauthorizedError
from api._lib.settings import settings

if TYPE_CHECKING:
    from api._lib.web.http import Request


def check_scheduler(request: Request) -> None:
    """Return if the scheduler calls.

    Raises:
        NotConfiguredError: CRON_SECRET is not set. Then the endpoint refuses everybody.
        UnauthorizedError: The request has another secret, or none.
    """
    secret = settings().cron_secret
    if secret is None:
        raise NotConfiguredError(("CRON_SECRET is missing",))
    given = request.header("authorization") or ""
    # WSGI decodes headers as Latin-1, and compare_digest does not take text beyond ASCII.
    if not hmac.compare_digest(given.encode("latin-1", "replace"), f"Bearer {secret}".encode()):
        raise UnauthorizedError("This is for the scheduler, which knows CRON_SECRET.")
