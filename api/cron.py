"""The daily jobs. Vercel's cron calls them with CRON_SECRET (vercel.json).

GET /api/reconcile: find at Stripe what the webhook missed, and record it.
GET /api/cleanup: write down expired credits, finish deletions of accounts that were interrupted,
remove abandoned uploads from the storage.

vercel.json rewrites them to /api/cron?job=reconcile and /api/cron?job=cleanup.
"""

from __future__ import annotations

import logging
import time

from api._lib.credits.expiry import expire_credits
from api._lib.settings import settings
from api._lib.web.actions import choose_by
from api._lib.web.cron_secret import check_scheduler
from api._lib.web.http import Request, Response, endpoint

# Half of maxDuration in vercel.json: a page that has begun must still end when Stripe is slow.
JOB_SECONDS = 150

_log = logging.getLogger("purse")


def reconcile(request: Request) -> Response:
    """Reconcile for JOB_SECONDS; report what was found, and whether the run is complete."""
    check_scheduler(request)
    # Imported here, because it brings Stripe's SDK, which the other job does not need.
    from api._lib.payments import reconcile  # noqa: PLC0415

    report = reconcile.reconcile(deadline_seconds=JOB_SECONDS).as_json()
    _log.info("reconciled: %s", report)
    # What was refused needs a person. The scheduler shows a run as failed by its status alone.
    return Response(report, status=500 if report["refused"] else 200)


def cleanup(request: Request) -> Response:
    """Clean up for JOB_SECONDS; report what was done, and whether nothing is left."""
    check_scheduler(request)
    deadline = time.monotonic() + JOB_SECONDS
    credits_ = expire_credits(deadline=deadline)
    report = {
        "accounts": credits_.accounts,
        "files_swept": 0,
        "files_expired": 0,
        "complete": credits_.complete,
    }
    # Imported here, because the other job does not need it.
    from api._lib.accounts.forgetting import finish_interrupted  # noqa: PLC0415

    report["complete"] = finish_interrupted(deadline=deadline) and credits_.complete
    if settings().files is not None:
        # Imported here: a deployment may have no storage, and a fork may delete the package.
        from api._lib.files.cleanup import remove_abandoned_uploads  # noqa: PLC0415

        uploads = remove_abandoned_uploads(deadline=deadline)
        report["files_swept"] = uploads.files
        report["files_expired"] = uploads.expired
        report["complete"] = report["complete"] and uploads.complete
    _log.info("cleaned up: %s", report)
    return Response(report)


app = choose_by("job", {"reconcile": endpoint(get=reconcile), "cleanup": endpoint(get=cleanup)})
