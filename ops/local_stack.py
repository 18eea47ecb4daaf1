"""Settings of the local stack of this checkout, as `make run` writes them to .local/stack.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
STACK_FILE = ROOT / ".local" / "stack.json"

# Environment variable -> its name in stack.json.
_NAMES = {
    "SITE_URL": "site_url",
    "ALLOWED_ORIGINS": "allowed_origins",
    "SUPABASE_URL": "supabase_url",
    "SUPABASE_SECRET_KEY": "secret_key",
    "SUPABASE_PUBLISHABLE_KEY": "publishable_key",
    "STRIPE_SECRET_KEY": "stripe_secret_key",
    "STRIPE_WEBHOOK_SECRET": "stripe_webhook_secret",
    "STRIPE_API_BASE": "stripe_api_base",
    "CRON_SECRET": "cron_secret",
    "STORAGE_S3_ENDPOINT": "storage_s3_endpoint",
    "STORAGE_S3_REGION": "storage_s3_region",
    "STORAGE_S3_ACCESS_KEY_ID": "storage_s3_access_key_id",
    "STORAGE_S3_SECRET_ACCESS_KEY": "storage_s3_secret_access_key",
    "STORAGE_BUCKET": "storage_bucket",
}


def settings_of(stack: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables with which functions and commands use a stack.

    Values that are empty in the stack are left out.
    """
    return {name: stack[key] for name, key in _NAMES.items() if stack.get(key)}


def read_settings() -> dict[str, str]:
    """Return the settings of this checkout's stack; empty if it has never run."""
    try:
        stack: dict[str, str] = json.loads(STACK_FILE.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return settings_of(stack)
