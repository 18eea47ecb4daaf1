"""Keys and passwords of the local stack: created at the first start, stored in its folder."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def load_keys(state: Path) -> dict[str, str]:
    """Return all keys by name, creating missing ones; they look like the real services' keys."""
    path = state / "keys.json"
    known: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    keys = {
        "superuser_password": secrets.token_urlsafe(24),
        "postgres_password": secrets.token_urlsafe(24),
        "rest_password": secrets.token_urlsafe(24),
        "auth_password": secrets.token_urlsafe(24),
        "publishable_key": f"sb_publishable_{secrets.token_urlsafe(24)}",
        "secret_key": f"sb_secret_{secrets.token_urlsafe(24)}",
        "stripe_secret_key": f"sk_test_{secrets.token_hex(24)}",
        "stripe_webhook_secret": f"whsec_{secrets.token_hex(24)}",
        "events_secret": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "storage_secret_access_key": secrets.token_hex(32),
        "cron_secret": secrets.token_urlsafe(24),
        "demo_password": "purse-demo",
        "admin_password": "purse-admin",
        **known,
    }
    if keys == known:
        return keys
    unfinished = path.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(keys, indent=2), "utf-8")
    unfinished.rename(path)
    return keys
