"""The daily jobs. Vercel's cron calls them with CRON_SECRET (vercel.json).

GET /api/reconcile: find at Stripe what the webhook missed, and record it. Finish refunds that were
interrupted. Read Stripe's fees and payouts into the books.
GET /api/cleanup: write down expired credits, announce those that expire soon, finish deletions of
accounts that were interrupted, remove abandoned uploads from the storage and old events from the
outbox, add up the days of the books and of the desk's conversion, count the desk's figures about
use, run the cheap checks of make doctor.
GET /api/deliver: send the events that are due, finish interrupted refunds. Call it each minute
where you can.

vercel.json rewrites them to /api/cron?job=reconcile, =cleanup and =deliver. The first two deliver
too before they end.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from api._lib.accounts.forgetting import finish_interrupted
from api._lib.book_days import sum_book_days
from api._lib.credits.expiry import expire_credits
from api._lib.desk.conversion_days import sum_conversion_days
from api._lib.desk.use_count import count_use
from api._lib.outbox.jobs import announce_expiring, failing_checks, remove_old_events
from api._lib.outbox.runner import deliver, deliver_soon
from api._lib.payments.refunds_due import finish_due
from api._lib.settings import settings
from api._lib.web.actions import choose_by
from api._lib.web.cron_secret import check_scheduler
from api._lib.web.http import Request, Response, endpoint

# Half of maxDuration in vercel.json: a page that has begun must still end when Stripe is slow.
JOB_SECONDS = 150
# After so long the checks of the ledger are given up, so that there is time to deliver: 250 and
# DELIVER_SECONDS stay below maxDuration. The jobs before them take 150 seconds, and up to 75 more
# for the books, so in the worst case the checks have less time than the 65 seconds they may take.
# The figures about use are counted only if that ends before them.
CHECK_SECONDS = 250
# Less than the minute after which a scheduler calls again.
DELIVER_SECONDS = 40
# A refund that has begun may wait for Stripe beyond it.
REFUND_SECONDS = 10
# Stripe's balance transactions, 100 a request: 5,000 in a run, and the next run continues.
BALANCE_REQUESTS = 50
BALANCE_SECONDS = 20

_log = logging.getLogger("purse")


def reconcile(request: Request) -> Response:
    """Reconcile for JOB_SECONDS; report what was found, and whether the run is complete."""
    check_scheduler(request)
    # Imported here: it brings Stripe's SDK, which the other jobs do not need.
    from api._lib.payments import reconcile  # noqa: PLC0415
    from api._lib.payments.balance_reading import read_balance_quietly  # noqa: PLC0415

    report = reconcile.reconcile(deadline_seconds=JOB_SECONDS).as_json()
    report["refused"] += len(finish_due(seconds=REFUND_SECONDS).refused)
    # After the orders, so that a charge finds its order.
    read_balance_quietly(max_requests=BALANCE_REQUESTS, seconds=BALANCE_SECONDS)
    deliver_soon(seconds=DELIVER_SECONDS)
    _log.info("reconciled: %s", report)
    # What was refused needs a person. The scheduler shows a run as failed by its status alone.
    return Response(report, status=500 if report["refused"] else 200)


def cleanup(request: Request) -> Response:
    """Clean up for JOB_SECONDS; report what was done, and whether nothing is left."""
    check_scheduler(request)
    began = time.monotonic()
    deadline, last_check = began + JOB_SECONDS, began + CHECK_SECONDS
    credits_ = expire_credits(deadline=deadline)
    report: dict[str, Any] = {
        "accounts": credits_.accounts,
        "files_swept": 0,
        "files_expired": 0,
    }
    completed = [
        credits_.complete,
        announce_expiring(deadline=deadline),
        remove_old_events(deadline=deadline),
        finish_interrupted(deadline=deadline),
        sum_conversion_days(deadline=deadline),
    ]
    if settings().files is not None:
        # Imported here: a deployment may have no storage, and a fork may delete the package.
        from api._lib.files.cleanup import remove_abandoned_uploads  # noqa: PLC0415

        uploads = remove_abandoned_uploads(deadline=deadline)
        report |= {"files_swept": uploads.files, "files_expired": uploads.expired}
        completed.append(uploads.complete)
    completed += [sum_book_days(), count_use(before=last_check)]
    report |= {
        "complete": all(completed),
        "failing_checks": failing_checks(seconds=last_check - time.monotonic()),
    }
    deliver_soon(seconds=DELIVER_SECONDS)
    _log.info("cleaned up: %s", report)
    return Response(report)


def deliver_due(request: Request) -> Response:
    """Send what is due for DELIVER_SECONDS; report what was sent, and whether nothing is left."""
    check_scheduler(request)
    refused = finish_due(seconds=REFUND_SECONDS).refused
    done = deliver(deadline=time.monotonic() + DELIVER_SECONDS)
    report = {
        "delivered": done.delivered,
        "failed": done.failed,
        "refunds_refused": len(refused),
        "complete": done.complete,
    }
    _log.info("delivered: %s", report)
    return Response(report, status=500 if refused else 200)


app = choose_by(
    "job",
    {
        "reconcile": endpoint(get=reconcile),
        "cleanup": endpoint(get=cleanup),
        "deliver": endpoint(get=deliver_due),
    },
)
