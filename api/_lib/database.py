"""Calls to our Postgres functions, through Supabase's REST gateway, with the service key.

The SQL in sql/ decides everything; here an answer is fetched, or an error translated. One call is
one transaction.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from http import HTTPStatus
from typing import Any

import httpx
from postgrest import APIError, SyncPostgrestClient

from api._lib.errors import DatabaseUnavailableError
from api._lib.settings import settings

# Connecting twice and then waiting stays below the 10 s for which Stripe's checkout page waits for
# the webhook before it sends the person back.
CONNECT_TIMEOUT_SECONDS = 1.5
READ_TIMEOUT_SECONDS = 6

# Codes under which PostgREST and Postgres say "not now": no connection, out of resources, shutting
# down or a statement's time is up, a lock not had in time, serialisation
# (https://docs.postgrest.org/en/stable/references/errors.html).
KEY_REFUSED = "401"
_HTTP_STATUS = re.compile(r"[0-9]{3}", re.ASCII)
_AWAY = ("PGRST000", "PGRST001", "PGRST002", "PGRST003", "08", "53", "57", "55P03", "40")


# It reports every request at INFO, which Vercel's runtime lets through.
logging.getLogger("httpx").setLevel(logging.WARNING)

_log = logging.getLogger("purse")


class DatabaseError(Exception):
    """A Postgres function refused: the caller knows which SQLSTATE means what.

    Attributes:
        code: SQLSTATE (PTxyz for our own refusals), PostgREST's code, or KEY_REFUSED.
        detail: The error's detail; ours carry a number where one is needed.
    """

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@cache
def _client() -> SyncPostgrestClient:
    """Return this process's client, shared by its threads.

    HTTP/1.1 on purpose: httpx's HTTP/2 connections are not safe to share.
    """
    config = settings()
    key = config.supabase_secret_key
    return SyncPostgrestClient(
        f"{config.supabase_url}/rest/v1",
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
        http_client=httpx.Client(
            timeout=httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            # Connecting again loses nothing; a call that was sent is never sent twice.
            transport=httpx.HTTPTransport(retries=1),
            event_hooks={"response": [_refuse_unauthorized]},
        ),
    )


def _refuse_unauthorized(response: httpx.Response) -> None:
    """Tell a key that is refused from a database that is away: the gateway's 401 has no code."""
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        raise DatabaseError(KEY_REFUSED)


def call(function: str, **arguments: Any) -> Any:
    """Call a Postgres function by name and return its JSON.

    Raises:
        DatabaseError: The function refused the request.
        DatabaseUnavailableError: The database did not answer, or cannot now. It may have committed.
    """
    try:
        return _client().rpc(function, arguments).execute().data
    except APIError as error:
        code = str(error.code or "")
        # Without a code, or with a bare HTTP status for one, it is the gateway that speaks.
        if not code or _HTTP_STATUS.fullmatch(code) or code.startswith(_AWAY):
            _log.warning("rpc %s: unavailable (%s)", function, code or error.message)
            raise DatabaseUnavailableError from None
        raise DatabaseError(code, error.details) from None
    except httpx.HTTPError as error:
        _log.warning("rpc %s: unavailable (%s)", function, type(error).__name__)
        raise DatabaseUnavailableError from None
