"""GET /api/reconcile: what the webhook missed. Called by Vercel's cron once a day (vercel.json)."""

from __future__ import annotations

import logging

from api._lib.payments.reconcile import reconcile
from api._lib.web.cron import check_scheduler
from api._lib.web.http import Request, Response, endpoint

# Well within the function's maxDuration: a page that has begun, with Stripe at its slowest, must
# still come to its end.
DEADLINE_SECONDS = 150

_log = logging.getLogger("purse")


def get(request: Request) -> Response:
    """Reconcile for a while; report what was found, and whether it came to the end."""
    check_scheduler(request)
    report = reconcile(deadline_seconds=DEADLINE_SECONDS).as_json()
    _log.info("reconciled: %s", report)
    return Response(report)


app = endpoint(get=get)
