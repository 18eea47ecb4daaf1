"""Errors of `/rest/v1`, in PostgREST's words."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE_UNAVAILABLE = 503

# The first prefix that an SQLSTATE has decides, so special prefixes come before general ones.
_STATUS_BY_SQLSTATE: tuple[tuple[str, int], ...] = (
    ("23503", 409),
    ("23505", 409),
    ("25006", 405),
    ("42883", 404),
    ("42P01", 404),
    ("57P01", 503),
    ("P0001", 400),
    ("08", 503),
    ("09", 500),
    ("0L", 403),
    ("0P", 403),
    ("25", 500),
    ("28", 403),
    ("2D", 500),
    ("38", 500),
    ("39", 500),
    ("3B", 500),
    ("40", 500),
    ("53", 503),
    ("54", 413),
    ("55", 500),
    ("57", 500),
    ("58", 500),
    ("F0", 500),
    ("HV", 500),
    ("P0", 500),
    ("XX", 500),
)


class RestError(Exception):
    """An error that the client receives, with PostgREST's status and code."""

    def __init__(  # noqa: PLR0913 -- PostgREST's errors have these members
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: str | None = None,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.headers = dict(headers or {})
        if status == SERVICE_UNAVAILABLE:
            self.headers["Retry-After"] = "0"

    def body(self) -> dict[str, str | None]:
        """Return the four members of PostgREST's errors."""
        return {
            "code": self.code,
            "details": self.details,
            "hint": self.hint,
            "message": self.message,
        }


class NotFoundError(Exception):
    """Nothing has this address. PostgREST answers 404 with an empty object."""


def unsupported(feature: str) -> RestError:
    """Return the error for something that PostgREST can do and the gateway cannot."""
    return RestError(
        501,
        "0A000",
        f"The local Supabase gateway does not support {feature}",
        hint="Supabase itself does. Set SUPABASE_URL to a project to use it.",
    )


def unreachable(error: Exception) -> RestError:
    """Return the error for a database that cannot be reached."""
    return RestError(
        SERVICE_UNAVAILABLE,
        "PGRST000",
        "Database connection error. Retrying the connection.",
        details=str(error),
    )


def pool_busy() -> RestError:
    """Return the error for a pool without a free connection."""
    return RestError(504, "PGRST003", "Timed out acquiring connection from connection pool.")


def from_postgres(error: psycopg.Error, *, anonymous: bool) -> RestError:
    """Return the error for one that Postgres or the connection raised."""
    sqlstate = error.sqlstate
    if sqlstate is None:
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return RestError(
                SERVICE_UNAVAILABLE,
                "PGRST001",
                "Database client error. Retrying the connection.",
                details=str(error),
            )
        return RestError(400, "22021", str(error))
    if sqlstate == "PGRST":
        return unsupported("errors that a function raises with SQLSTATE PGRST")
    status = _status(sqlstate, anonymous=anonymous)
    return RestError(
        status,
        sqlstate,
        error.diag.message_primary or "",
        details=error.diag.message_detail,
        hint=error.diag.message_hint,
        headers={"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None,
    )


def _status(sqlstate: str, *, anonymous: bool) -> int:
    if sqlstate == "42501":
        return 401 if anonymous else 403
    if sqlstate.startswith("PT"):
        chosen = sqlstate[2:]
        return int(chosen) if chosen.isdigit() and chosen[0] in "2345" else 500
    return next(
        (status for prefix, status in _STATUS_BY_SQLSTATE if sqlstate.startswith(prefix)), 400
    )
