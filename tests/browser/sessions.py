"""Being signed in from the start: the session as the frontend keeps it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from tests import plain_http

if TYPE_CHECKING:
    from playwright.sync_api import StorageState

    from tests.support import RunningStack

KEY = "purse.session"


def signed_in(stack: RunningStack, email: str, password: str) -> StorageState:
    """Return what a browser has stored in which somebody signed in before."""
    answer = plain_http.post(
        f"{stack.supabase_url}/auth/v1/token?grant_type=password",
        headers={"apikey": stack.publishable_key},
        json={"email": email, "password": password},
    ).raise_for_status()
    tokens = answer.json()
    session = {
        "access_token": tokens["access_token"],
        "refresh_token": tokens["refresh_token"],
        "expires_at": int(time.time()) + tokens["expires_in"],
        "user": {"id": tokens["user"]["id"], "email": email},
    }
    stored = {"name": KEY, "value": json.dumps(session)}
    return {"cookies": [], "origins": [{"origin": stack.site_url, "localStorage": [stored]}]}
