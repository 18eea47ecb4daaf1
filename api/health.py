"""GET /api/health: 200 if this deployment can sell credits, else 503 with what is wrong."""

from __future__ import annotations

from typing import Any

from api._lib import __version__, database
from api._lib.errors import DatabaseUnavailableError, NotConfiguredError
from api._lib.settings import settings
from api._lib.web.http import Request, Response, endpoint

NOBODY = "00000000-0000-0000-0000-000000000000"
UNKNOWN_FUNCTION = "PGRST202"
WRONG_MODE = (
    "is a test ledger, and STRIPE_SECRET_KEY is a live key",
    "is a live ledger, and STRIPE_SECRET_KEY is a test key",
)
REFUSED = (database.KEY_REFUSED, "42501")


def get(_request: Request) -> Response:
    """Report the database, the ledger's mode, payments and the version.

    Missing settings are reported by name, never by value.
    """
    report: dict[str, Any] = {"status": "ok", "version": __version__}
    try:
        report["payments_enabled"] = settings().payments_enabled
        report["database"] = _database_state()
        if report["database"] == "ok":
            report["ledger"] = _ledger_state()
    except NotConfiguredError as error:
        report["configuration"] = list(error.problems)
    if report.get("database") != "ok" or report.get("ledger") in WRONG_MODE:
        report["status"] = "degraded"
    return Response(report, status=200 if report["status"] == "ok" else 503)


def _database_state() -> str:
    """Call a function that only the secret key may call, and say how that went."""
    try:
        database.call("refresh_credits", p_user_id=NOBODY, p_limit=1)
    except DatabaseUnavailableError:
        return "unreachable"
    except database.DatabaseError as error:
        if error.code == UNKNOWN_FUNCTION:
            return "not migrated"
        return "refuses SUPABASE_SECRET_KEY" if error.code in REFUSED else "failing"
    return "ok"


def _ledger_state() -> str:
    """Return the ledger's mode, or what it is if the Stripe key is of the other one."""
    try:
        ledger = database.call("read_ledger")
    except (DatabaseUnavailableError, database.DatabaseError):
        return "unknown"
    if ledger["livemode"] is None:
        return "new"
    if settings().stripe_secret_key and settings().livemode != ledger["livemode"]:
        return WRONG_MODE[ledger["livemode"]]
    return "live" if ledger["livemode"] else "test"


app = endpoint(get=get)
