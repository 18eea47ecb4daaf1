"""GET /api/reconcile: what the webhook missed. Called by Vercel's cron once a day (vercel.json)."""

from __future__ import annotations

import hmac
import logging

from api._lib.errors import NotConfiguredError, UnauthorizedError
from api._lib.http import Request, Response, endpoint
from api._lib.reconcile import reconcile
from api._lib.settings import settings

# Well within the function's maxDuration: a page that has begun, with Stripe at its slowest, must
# still come to its end.
DEADLINE_SECONDS = 150

_log = logging.getLogger("purse")


def get(request: Request) -> Response:
    """Reconcile for a while; report what was found, and whether it came to the end."""
    _check_caller(request)
    report = reconcile(deadline_seconds=DEADLINE_SECONDS).as_json()
    _log.info("reconciled: %s", report)
    return Response(report)


def _check_caller(request: Request) -> None:
    """Let Vercel's cron in, which sends CRON_SECRET, and nobody else.

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


app = endpoint(get=get)
