"""Lets Vercel's cron in, which sends CRON_SECRET, and nobody else."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from api._lib.errors import NotConfiguredError, UnauthorizedError
from api._lib.settings import settings

if TYPE_CHECKING:
    from api._lib.web.http import Request


def check_scheduler(request: Request) -> None:
    """Return if it is the scheduler that calls.

    Raises:
        NotConfiguredError: There is no secret: the endpoint is closed, never open to all.
        UnauthorizedError: Another secret, or none.
    """
    secret = settings().cron_secret
    if secret is None:
        raise NotConfiguredError(("CRON_SECRET is missing",))
    given = request.header("authorization") or ""
    # WSGI hands bytes over as Latin-1; compare_digest takes no text beyond ASCII.
    if not hmac.compare_digest(given.encode("latin-1", "replace"), f"Bearer {secret}".encode()):
        raise UnauthorizedError("This is for the scheduler, which knows CRON_SECRET.")
