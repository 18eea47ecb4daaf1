"""Delete a user in Supabase Auth, with Supabase's own client.

The client is slow to import, so this module is imported only where an account is deleted
(docs/decisions/0002-supabase-clients.md).
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from supabase_auth import SyncGoTrueAdminAPI
from supabase_auth.errors import AuthError

from api._lib.errors import UnavailableError
from api._lib.http_client import supabase_http
from api._lib.settings import settings

_log = logging.getLogger("purse")


def auth_admin() -> SyncGoTrueAdminAPI:
    """Return Supabase's client for administering users."""
    config = settings()
    key = config.supabase_secret_key
    return SyncGoTrueAdminAPI(
        url=f"{config.supabase_url}/auth/v1",
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
        # Shared with the database calls, so it is not closed here.
        http_client=supabase_http(),
    )


def delete_auth_user(user_id: str) -> None:
    """Delete a user with their sessions; do nothing if there is no such user.

    Raises:
        UnavailableError: Supabase Auth is away, or refuses our key (`auth_unavailable`).
    """
    try:
        auth_admin().delete_user(user_id)
    except AuthError as error:
        status = getattr(error, "status", None)
        if status == HTTPStatus.NOT_FOUND and error.code == "user_not_found":
            return
        # Never its text, which may quote an address.
        _log.warning("auth: user not deleted: status=%s code=%s", status, error.code)
        raise UnavailableError(
            "The account cannot be removed from Supabase Auth right now. Please try again shortly.",
            code="auth_unavailable",
        ) from None
