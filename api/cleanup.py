"""GET /api/cleanup: what time has ended. Called by Vercel's cron once a day (vercel.json).

Nothing but tidiness depends on it: credits that lapsed and uploads that were abandoned count as
such from their moment on. Here history is told of the ones, and the storage cleared of the others.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from api._lib import database
from api._lib.settings import settings
from api._lib.web.cron import check_scheduler
from api._lib.web.http import Request, Response, endpoint

# Well within the function's maxDuration, as in api/reconcile.py.
DEADLINE_SECONDS = 150
ACCOUNTS_AT_ONCE = 500
FILES_AT_ONCE = 50

_log = logging.getLogger("purse")


def get(request: Request) -> Response:
    """Clean up for a while; report what was done, and whether it came to the end."""
    check_scheduler(request)
    ends_at = time.monotonic() + DEADLINE_SECONDS
    report: dict[str, Any] = {"accounts": 0, "files_swept": 0, "files_expired": 0}
    complete = _lapse_credits(report, ends_at)
    if settings().storage is not None:
        complete = _sweep_files(report, ends_at) and complete
    report["complete"] = complete
    _log.info("cleaned up: %s", report)
    return Response(report)


def _lapse_credits(report: dict[str, Any], ends_at: float) -> bool:
    while time.monotonic() < ends_at:
        accounts = database.call("expire_credits", p_limit=ACCOUNTS_AT_ONCE)["accounts"]
        report["accounts"] += accounts
        if accounts < ACCOUNTS_AT_ONCE:
            return True
    return False


def _sweep_files(report: dict[str, Any], ends_at: float) -> bool:
    # Imported when needed: a deployment without storage has no use for it.
    from api._lib.files.files import clear  # noqa: PLC0415
    from api._lib.files.storage import storage  # noqa: PLC0415

    while time.monotonic() < ends_at:
        files = database.call("files_to_sweep", p_limit=FILES_AT_ONCE)
        for file in files:
            clear(storage(), file["user_id"], file["id"], set(file["keep"]))
        swept = database.call("mark_swept", p_ids=[file["id"] for file in files])
        report["files_swept"] += swept["swept"]
        report["files_expired"] += swept["expired"]
        if len(files) < FILES_AT_ONCE:
            return True
    return False


app = endpoint(get=get)
