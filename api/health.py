"""GET /api/health: is this deployment able to sell? 200 if so, 503 with what is wrong if not."""

from __future__ import annotations

from typing import Any

from api._lib import __version__, database
from api._lib.errors import DatabaseUnavailableError, NotConfiguredError
from api._lib.settings import settings
from api._lib.web.http import Request, Response, endpoint

NOBODY = "00000000-0000-0000-0000-000000000000"
UNKNOWN_FUNCTION = "PGRST202"
REFUSED = (database.KEY_REFUSED, "42501")


def get(_request: Request) -> Response:
    """Report database, payments, version and missing settings by name. Never a value."""
    report: dict[str, Any] = {"status": "ok", "version": __version__}
    try:
        report["payments_enabled"] = settings().payments_enabled
        report["database"] = _database_state()
    except NotConfiguredError as error:
        report["configuration"] = list(error.problems)
    if report.get("database") != "ok":
        report["status"] = "degraded"
    return Response(report, status=200 if report["status"] == "ok" else 503)


def _database_state() -> str:
    """Ask what only the secret key may ask: whether the database is there, ours, and lets us in."""
    try:
        database.call("refresh_credits", p_user_id=NOBODY, p_limit=1)
    except DatabaseUnavailableError:
        return "unreachable"
    except database.DatabaseError as error:
        if error.code == UNKNOWN_FUNCTION:
            return "not migrated"
        return "refuses SUPABASE_SECRET_KEY" if error.code in REFUSED else "failing"
    return "ok"


app = endpoint(get=get)
