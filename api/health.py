"""GET /api/health: is this deployment able to sell? 200 if so, 503 with what is wrong if not."""

from __future__ import annotations

from typing import Any

from api._lib import __version__, database
from api._lib.errors import DatabaseUnavailableError, NotConfiguredError
from api._lib.http import Request, Response, endpoint
from api._lib.settings import settings


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
    """Ask for the catalogue: it answers only if the database is there and sql/ is applied."""
    try:
        database.call("read_catalogue")
    except DatabaseUnavailableError:
        return "unreachable"
    except database.DatabaseError:
        return "not migrated"
    return "ok"


app = endpoint(get=get)
