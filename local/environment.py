"""Addresses, keys and environment variables of the local stack's services."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from ops.local_stack import settings_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.postgres import Postgres

DEMO_EMAIL = "demo@example.com"
ADMIN_EMAIL = "admin@example.com"
# Supabase serves S3 under the same path.
STORAGE_PATH = "/storage/v1/s3"
# The defaults of api/_lib/files/settings.py, which a fork may delete.
DEFAULT_BUCKET = "purse-files"
DEFAULT_MAX_FILE_MB = 50
# Where `make examples` serves the examples: this many ports after the site's.
PLAIN_EXAMPLE = 8
NEXTJS_EXAMPLE = 9


@dataclass(frozen=True)
class Stack:
    """Addresses, keys and the demo login of a running stack: the contents of .local/stack.json.

    Values that a real service has and we do not know are empty strings.
    """

    site_url: str
    allowed_origins: str
    supabase_url: str
    publishable_key: str
    secret_key: str
    database_url: str
    stripe_api_base: str
    stripe_secret_key: str
    stripe_webhook_secret: str
    storage_s3_endpoint: str
    storage_s3_region: str
    storage_s3_access_key_id: str
    storage_s3_secret_access_key: str
    storage_bucket: str
    mailbox_url: str
    smtp_host: str
    smtp_port: str
    receiver_url: str
    events_secret: str
    cron_secret: str
    demo_email: str
    demo_password: str
    admin_email: str
    admin_password: str


def describe(environ: Mapping[str, str], keys: Mapping[str, str], port: int) -> Stack:
    """Return addresses and keys: our services' on ports from `port` on, or the real services'.

    Args:
        environ: The person's own settings, which name real services.
        keys: The local stack's keys, from load_keys().
        port: The first of the eight ports.
    """

    def real(*names: str) -> str:
        return next((environ[name] for name in names if environ.get(name)), "")

    origin = "http://127.0.0.1"
    owner = f"postgresql://postgres:{keys['postgres_password']}@127.0.0.1:{port + 3}/postgres"
    supabase = {
        "supabase_url": f"{origin}:{port + 1}",
        "publishable_key": keys["publishable_key"],
        "secret_key": keys["secret_key"],
        "database_url": owner,
        "demo_email": DEMO_EMAIL,
        "demo_password": keys["demo_password"],
        "admin_email": ADMIN_EMAIL,
        "admin_password": keys["admin_password"],
    }
    if environ.get("SUPABASE_URL"):
        supabase = {
            "supabase_url": real("SUPABASE_URL"),
            "publishable_key": real("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"),
            "secret_key": real("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"),
            "database_url": real("DATABASE_URL"),
            "demo_email": "",
            "demo_password": "",
            "admin_email": "",
            "admin_password": "",
        }
    stripe = {
        "stripe_api_base": f"{origin}:{port + 2}",
        "stripe_secret_key": keys["stripe_secret_key"],
        "stripe_webhook_secret": keys["stripe_webhook_secret"],
    }
    if environ.get("STRIPE_SECRET_KEY"):
        stripe = {
            "stripe_api_base": real("STRIPE_API_BASE"),
            "stripe_secret_key": real("STRIPE_SECRET_KEY"),
            "stripe_webhook_secret": real("STRIPE_WEBHOOK_SECRET"),
        }
    storage = {
        "storage_s3_endpoint": f"{origin}:{port + 4}{STORAGE_PATH}",
        "storage_s3_region": "us-east-1",
        # Not secret: every signed URL shows it.
        "storage_s3_access_key_id": "purse-local-storage",
        "storage_s3_secret_access_key": keys["storage_secret_access_key"],
        "storage_bucket": real("STORAGE_BUCKET") or DEFAULT_BUCKET,
    }
    if environ.get("STORAGE_S3_ACCESS_KEY_ID"):
        storage = {
            name: real(name.upper())
            for name in (
                *("storage_s3_endpoint", "storage_s3_region", "storage_s3_access_key_id"),
                *("storage_s3_secret_access_key", "storage_bucket"),
            )
        }
    return Stack(
        site_url=real("SITE_URL") or f"{origin}:{port}",
        mailbox_url=f"{origin}:{port + 5}",
        smtp_host="127.0.0.1",
        smtp_port=str(port + 6),
        receiver_url=f"{origin}:{port + 7}",
        events_secret=keys["events_secret"],
        allowed_origins=real("ALLOWED_ORIGINS") or _examples_origins(port),
        cron_secret=real("CRON_SECRET") or keys["cron_secret"],
        **supabase,
        **stripe,
        **storage,
    )


def _examples_origins(port: int) -> str:
    ports = (port + PLAIN_EXAMPLE, port + NEXTJS_EXAMPLE)
    hosts = ("127.0.0.1", "localhost")
    return ",".join(f"http://{host}:{number}" for number in ports for host in hosts)


def gateway_env(
    environ: Mapping[str, str],
    database: Postgres,
    keys: Mapping[str, str],
    stack: Stack,
    state: Path,
) -> dict[str, str]:
    """Return the Supabase gateway's environment; the person's GOTRUE_… settings come first."""
    return {
        **_base_env(),
        # As in Supabase's own local stack: a new address needs no mail, and mails may follow fast.
        "GOTRUE_MAILER_AUTOCONFIRM": "true",
        "GOTRUE_SMTP_MAX_FREQUENCY": "1s",
        "GOTRUE_RATE_LIMIT_EMAIL_SENT": "1000",
        "GOTRUE_SMTP_HOST": stack.smtp_host,
        "GOTRUE_SMTP_PORT": stack.smtp_port,
        **{name: text for name, text in environ.items() if name.startswith("GOTRUE_")},
        "PURSE_LOCAL_STATE": str(state),
        "PURSE_LOCAL_REST_DATABASE_URL": database.url("authenticator", keys["rest_password"]),
        "PURSE_LOCAL_AUTH_DATABASE_URL": database.url("supabase_auth_admin", keys["auth_password"]),
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SITE_URL": stack.site_url,
        "STORAGE_S3_ENDPOINT": stack.storage_s3_endpoint,
    }


def stripe_env(environ: Mapping[str, str], stack: Stack, state: Path) -> dict[str, str]:
    """Return the Stripe stand-in's environment. Its account has the shop's terms of service."""
    terms_url = environ.get("SHOP_TERMS_URL", "")
    return {
        **_base_env(),
        "PURSE_LOCAL_STATE": str(state),
        "STRIPE_API_BASE": stack.stripe_api_base,
        "STRIPE_SECRET_KEY": stack.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": stack.stripe_webhook_secret,
        "STRIPE_WEBHOOK_URL": f"{stack.site_url}/api/webhook",
        "STRIPE_TERMS_OF_SERVICE_URL": urljoin(stack.site_url, terms_url) if terms_url else "",
        "PURSE_LOCAL_MAILBOX_URL": stack.mailbox_url,
    }


def mail_env(environ: Mapping[str, str], stack: Stack, state: Path) -> dict[str, str]:
    """Return the mailbox's environment."""
    own_stripe = not environ.get("STRIPE_SECRET_KEY")
    return {
        **_base_env(),
        "PURSE_LOCAL_STATE": str(state),
        "PURSE_LOCAL_SMTP_PORT": stack.smtp_port,
        "PURSE_LOCAL_CONTROL_ROOM_URL": f"{stack.stripe_api_base}/_sim" if own_stripe else "",
        "SITE_URL": stack.site_url,
    }


def storage_env(environ: Mapping[str, str], stack: Stack, state: Path) -> dict[str, str]:
    """Return the storage stand-in's environment."""
    return {
        **_base_env(),
        "PURSE_LOCAL_STATE": str(state),
        "STORAGE_S3_ENDPOINT": stack.storage_s3_endpoint,
        "STORAGE_S3_REGION": stack.storage_s3_region,
        "STORAGE_S3_ACCESS_KEY_ID": stack.storage_s3_access_key_id,
        "STORAGE_S3_SECRET_ACCESS_KEY": stack.storage_s3_secret_access_key,
        "STORAGE_BUCKET": stack.storage_bucket,
        "STORAGE_MAX_FILE_MB": environ.get("STORAGE_MAX_FILE_MB") or str(DEFAULT_MAX_FILE_MB),
        # Only where the gateway is ours too: a real project's key stays out of the stand-in.
        **({"SUPABASE_SECRET_KEY": stack.secret_key} if stack.demo_email else {}),
    }


def site_env(environ: Mapping[str, str], stack: Stack, *, tells: bool = False) -> dict[str, str]:
    """Return the site's environment: the person's own settings, and those of the stack.

    Args:
        environ: The person's own settings.
        stack: The stack.
        tells: Send events to the receiver and mails to the mailbox, and offer withdrawals, unless
            the person's settings say otherwise.
    """
    return {
        **(_told(stack) if tells else {}),
        **environ,
        **_base_env(),
        **functions_settings(stack),
    }


def receiver_env(stack: Stack) -> dict[str, str]:
    """Return the environment of the receiver of events."""
    return {**_base_env(), "EVENTS_SECRET": stack.events_secret}


def _told(stack: Stack) -> dict[str, str]:
    """Return what make run shows beside the defaults: events, mails and withdrawals."""
    return {
        "EVENTS_URL": f"{stack.receiver_url}/events",
        "EVENTS_SECRET": stack.events_secret,
        "SMTP_HOST": stack.smtp_host,
        "SMTP_PORT": stack.smtp_port,
        "MAIL_FROM": "shop@example.com",
        "MAIL_OWNER": "owner@example.com",
        "WITHDRAWAL_DAYS": "14",
    }


def functions_settings(stack: Stack) -> dict[str, str]:
    """Return the settings with which functions and operators' commands use the stack."""
    return settings_of(asdict(stack))


def _base_env() -> dict[str, str]:
    # The requests package would use a proxy even for 127.0.0.1.
    loopback = "127.0.0.1,localhost"
    return {
        "PATH": os.environ.get("PATH", ""),
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        "PYTHONUNBUFFERED": "1",
    }
