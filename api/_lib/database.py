"""Calls to our Postgres functions, through Supabase's REST gateway, with the secret key.

The SQL in sql/ decides everything. This module sends a call and returns its answer, or translates
its error. One call is one transaction.

The request is plain HTTP rather than Supabase's Python client, whose import would cost more than
the rest of a cold start (docs/decisions/0002-supabase-clients.md).
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any

import httpx

from api._lib.errors import (
    AccountDeletedError,
    BusyError,
    DatabaseReadOnlyError,
    DatabaseUnavailableError,
    PurseError,
)
from api._lib.http_client import (
    CONNECT_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
    supabase_http,
)
from api._lib.request_log import DATABASE, Measuring
from api._lib.settings import settings

# Longer than the statement_timeout (60 s) of functions that read the whole ledger, so that their
# outcome is known.
SCAN_TIMEOUT_SECONDS = 65

# DatabaseError.code where the gateway refuses SUPABASE_SECRET_KEY. Its 401 carries no code.
KEY_REFUSED = "401"

# The start of the codes that mean "try again later": PostgREST has no connection; Postgres is out
# of resources, is shutting down, ended the statement for its time, or could not serialise
# (https://docs.postgrest.org/en/stable/references/errors.html).
_UNAVAILABLE = ("PGRST000", "PGRST001", "PGRST002", "PGRST003", "08", "53", "57", "40")
# Our functions wait only a moment for a lock, so that callers for one account do not use up the
# connections that others need.
_LOCK_NOT_AVAILABLE = "55P03"
# What Postgres answers to a write while it is read-only: a full disk, or a failover.
_READ_ONLY = "25006"
_HTTP_STATUS = re.compile(r"[0-9]{3}", re.ASCII)

_log = logging.getLogger("purse")


class DatabaseError(Exception):
    """A Postgres function refused the call. The caller knows the meaning of its SQLSTATEs.

    Attributes:
        code: SQLSTATE (PTxyz for our own refusals), PostgREST's code, or KEY_REFUSED.
        detail: The error's detail. Ours carry a number where the caller needs one.
    """

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def call(function: str, *, timeout_seconds: float = READ_TIMEOUT_SECONDS, **arguments: Any) -> Any:
    """Call a Postgres function by name and return its JSON; None for a function that returns void.

    `timeout_seconds` is how long to wait for the answer.

    Raises:
        DatabaseError: The function refused the call.
        DatabaseUnavailableError: No usable answer came. The call may have been committed.
        BusyError: A lock was not free in time. Nothing was changed.
        DatabaseReadOnlyError: The database accepts no changes.
        AccountDeletedError: The account that the call is for was deleted.
    """
    config = settings()
    key = config.supabase_secret_key
    headers = {
        "apikey": key,
        "Authorization": f"Bearer {key}",
        "Accept": "application/json",
        "Content-Profile": "public",
    }
    url = f"{config.supabase_url}/rest/v1/rpc/{function}"
    try:
        with Measuring(DATABASE):
            response = supabase_http().post(
                url,
                json=arguments,
                headers=headers,
                timeout=httpx.Timeout(timeout_seconds, connect=CONNECT_TIMEOUT_SECONDS),
            )
    except httpx.HTTPError as error:
        raise _unavailable(function, type(error).__name__) from None
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        raise DatabaseError(KEY_REFUSED)
    if response.status_code == HTTPStatus.NO_CONTENT:
        return None
    try:
        answer = response.json()
    except ValueError:
        raise _unavailable(function, f"no JSON, HTTP {response.status_code}") from None
    if response.is_success:
        return answer
    raise _refusal(function, answer, response.status_code)


def _refusal(function: str, error: Any, status: int) -> DatabaseError | PurseError:
    """Return what PostgREST's error object means."""
    code = error.get("code") if isinstance(error, dict) else None
    # Without a code, or with an HTTP status in its place, the error is the gateway's own.
    if not isinstance(code, str) or not code or _HTTP_STATUS.fullmatch(code):
        return _unavailable(function, f"HTTP {status}")
    if code.startswith(_UNAVAILABLE):
        return _unavailable(function, code)
    if code in {_LOCK_NOT_AVAILABLE, _READ_ONLY}:
        _log.warning("rpc %s: unavailable (%s)", function, code)
        return BusyError() if code == _LOCK_NOT_AVAILABLE else DatabaseReadOnlyError()
    detail = error.get("details")
    if code == "PT403" and detail == AccountDeletedError.code:
        return AccountDeletedError()
    return DatabaseError(code, detail if isinstance(detail, str) else None)


def _unavailable(function: str, reason: str) -> DatabaseUnavailableError:
    _log.warning("rpc %s: unavailable (%s)", function, reason)
    return DatabaseUnavailableError()
