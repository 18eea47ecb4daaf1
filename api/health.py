"""GET /api/health: 200 if this deployment can sell credits, else 503 with what is wrong."""

from __future__ import annotations

from typing import Any

from api._lib import SCHEMA_VERSION, __version__, database
from api._lib.errors import DatabaseUnavailableError, NotConfiguredError, StorageUnavailableError
from api._lib.settings import settings
from api._lib.shop import UNNAMED
from api._lib.web.http import Request, Response, endpoint

UNKNOWN_FUNCTION = "PGRST202"
WRONG_MODE = (
    "is a test ledger, and STRIPE_SECRET_KEY is a live key",
    "is a live ledger, and STRIPE_SECRET_KEY is a test key",
)
UNKNOWN = "unknown"
BEHIND = f"lacks {SCHEMA_VERSION}"
REFUSED = (database.KEY_REFUSED, "42501")


def get(_request: Request) -> Response:
    """Report the database, its schema, the ledger's mode, the storage, payments and the version.

    Missing settings are reported by name, never by value.
    """
    report: dict[str, Any] = {"status": "ok", "version": __version__}
    try:
        report["payments_enabled"] = settings().payments_enabled
        report["database"] = _database_state()
        if report["database"] == "ok":
            report["ledger"] = _ledger_state()
            report["schema"] = _schema_state()
        if settings().files is not None:
            report["storage"] = _storage_state()
        if settings().livemode and not settings().shop.is_named:
            report["shop"] = UNNAMED
    except NotConfiguredError as error:
        report["configuration"] = list(error.problems)
    is_well = report.get("database") == "ok" and report.get("storage", "ok") == "ok"
    is_well = is_well and report.get("schema") in {SCHEMA_VERSION, UNKNOWN}
    if not is_well or report.get("ledger") in WRONG_MODE or "shop" in report:
        report["status"] = "degraded"
    return Response(report, status=200 if report["status"] == "ok" else 503)


def _database_state() -> str:
    """Call a function that only the secret key may call, and say how that went."""
    try:
        writable: bool = database.call("is_writable")
    except DatabaseUnavailableError:
        return "unreachable"
    except database.DatabaseError as error:
        if error.code == UNKNOWN_FUNCTION:
            return "not migrated"
        return "refuses SUPABASE_SECRET_KEY" if error.code in REFUSED else "failing"
    return "ok" if writable else "read-only"


def _storage_state() -> str:
    """Ask whether the bucket exists. A missing one is fine: the first upload makes it."""
    # Imported here, because a fork may delete the package.
    from api._lib.files.storage import storage  # noqa: PLC0415

    try:
        storage().has_bucket()
    except StorageUnavailableError:
        return "unreachable"
    return "ok"


def _schema_state() -> str:
    """Return the version that these functions need, or what the database has instead of it."""
    try:
        schema = database.call("read_schema", p_version=SCHEMA_VERSION)
    except DatabaseUnavailableError:
        return UNKNOWN
    except database.DatabaseError as error:
        return BEHIND if error.code == UNKNOWN_FUNCTION else UNKNOWN
    return SCHEMA_VERSION if schema["applied"] else BEHIND


def _ledger_state() -> str:
    """Return the ledger's mode, or what it is if the Stripe key is of the other one."""
    try:
        ledger = database.call("read_ledger")
    except (DatabaseUnavailableError, database.DatabaseError):
        return UNKNOWN
    if ledger["livemode"] is None:
        return "new"
    if settings().stripe_secret_key and settings().livemode != ledger["livemode"]:
        return WRONG_MODE[ledger["livemode"]]
    return "live" if ledger["livemode"] else "test"


app = endpoint(get=get)
