"""Settings: read from the environment once, checked whole, every problem named at once."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api._lib.errors import NotConfiguredError

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_CRON_SECRET_CHARS = 16
MAX_CREDITS = 1_000_000
DEFAULT_BUCKET = "purse-files"
# Supabase's own limit for a file on its free plan, and its default on the others.
DEFAULT_MAX_FILE_MB = 50

_SUPABASE_DOMAIN = ".supabase.co"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_STRIPE_KEYS = ("sk_test_", "sk_live_", "rk_test_", "rk_live_")
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")


@dataclass(frozen=True, repr=False)
class StorageSettings:
    """Where files are kept: a bucket that is reached through S3. Never printed: it holds a secret.

    Attributes:
        endpoint: Of the S3 protocol, with its path, without a slash at the end.
        region: For which requests are signed.
        access_key_id: Of an S3 access key of the project.
        secret_access_key: Its secret.
        bucket: A private bucket.
        max_file_bytes: The largest file the project's storage takes.
    """

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str
    bucket: str
    max_file_bytes: int


@dataclass(frozen=True, repr=False)
class Settings:
    """What this deployment is told by its environment. Never printed: it holds secrets."""

    site_url: str
    supabase_url: str
    supabase_secret_key: str
    supabase_publishable_key: str
    supabase_jwt_secret: str | None
    stripe_secret_key: str | None
    stripe_webhook_secrets: tuple[str, ...]
    stripe_api_base: str | None
    payments_enabled: bool
    promotion_codes: bool
    orders_per_minute: int
    clawback_policy: str
    low_balance_credits: int | None
    signup_bonus_credits: int
    cron_secret: str | None
    storage: StorageSettings | None

    @property
    def project(self) -> str:
        """What marks our orders at Stripe, whose account others may share: the project's host."""
        return urlsplit(self.supabase_url).hostname or ""

    @property
    def livemode(self) -> bool:
        """Whether real money moves: Stripe's own word for it, read off the key."""
        return "_live_" in (self.stripe_secret_key or "")


class _Reader:
    """Reads variables and collects what is wrong with them; names only, never values."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def first(self, *names: str) -> str | None:
        """Return the first of these variables that is set to something."""
        for name in names:
            value = self._environ.get(name, "").strip()
            if value:
                return value
        return None

    def required(self, *names: str) -> str:
        value = self.first(*names)
        if value is None:
            self.problems.append(f"{' or '.join(names)} is missing")
        return value or ""

    def url(self, name: str, value: str, *, with_path: bool = False) -> str:
        """Check an address: https, or plain http on this machine; no path unless one is meant."""
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
        path = "" if with_path else parts.path.strip("/")
        if not host or not secure or path or parts.query or parts.fragment:
            form = "/path" if with_path else ", without a path"
            self.problems.append(f"{name} must look like https://example.com{form}")
        return value.rstrip("/")

    def flag(self, name: str, *, default: bool) -> bool:
        value = (self.first(name) or str(default)).lower()
        if value not in _TRUE + _FALSE:
            self.problems.append(f"{name} must be true or false")
        return value in _TRUE

    def choice(self, name: str, default: str, *others: str) -> str:
        value = self.first(name) or default
        if value not in (default, *others):
            self.problems.append(f"{name} must be {default} or {' or '.join(others)}")
        return value

    def count(self, name: str, *, default: int, most: int, least: int = 1) -> int:
        value = self.first(name) or str(default)
        number = (
            int(value)
            if value.isascii() and value.isdigit() and len(value) <= len(str(most))
            else -1
        )
        if not least <= number <= most:
            self.problems.append(f"{name} must be a whole number from {least} to {most}")
        return number


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings.

    Stripe's keys are needed while payments are enabled. A webhook secret that is missing leaves the
    webhook closed, never unchecked.

    Raises:
        NotConfiguredError: With every problem found, by the name of its variable.
    """
    read = _Reader(environ)
    payments_enabled = read.flag("PAYMENTS_ENABLED", default=True)

    site = read.first("SITE_URL")
    vercel_host = read.first("VERCEL_PROJECT_PRODUCTION_URL")
    if not site and vercel_host:
        site = f"https://{vercel_host}"
    if not site:
        read.problems.append("SITE_URL is missing")

    stripe_secret_key = read.first("STRIPE_SECRET_KEY")
    stripe_api_base = read.first("STRIPE_API_BASE")
    webhook_secrets = _split(read.first("STRIPE_WEBHOOK_SECRET"))
    _check_stripe(read, stripe_secret_key, webhook_secrets, stripe_api_base, payments_enabled)

    cron_secret = read.first("CRON_SECRET")
    if cron_secret and len(cron_secret) < MIN_CRON_SECRET_CHARS:
        read.problems.append(f"CRON_SECRET must have {MIN_CRON_SECRET_CHARS} characters or more")

    supabase_url = read.url("SUPABASE_URL", read.required("SUPABASE_URL"))
    settings = Settings(
        site_url=read.url("SITE_URL", site or ""),
        supabase_url=supabase_url,
        supabase_secret_key=read.required("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"),
        supabase_publishable_key=read.required("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"),
        supabase_jwt_secret=read.first("SUPABASE_JWT_SECRET"),
        stripe_secret_key=stripe_secret_key,
        stripe_webhook_secrets=webhook_secrets,
        stripe_api_base=read.url("STRIPE_API_BASE", stripe_api_base) if stripe_api_base else None,
        payments_enabled=payments_enabled,
        promotion_codes=read.flag("PROMOTION_CODES_ENABLED", default=False),
        orders_per_minute=read.count("ORDERS_PER_MINUTE", default=10, most=1000),
        clawback_policy=read.choice("CLAWBACK_POLICY", "debt", "clamp"),
        low_balance_credits=(
            read.count("LOW_BALANCE_CREDITS", default=0, least=0, most=MAX_CREDITS)
            if read.first("LOW_BALANCE_CREDITS")
            else None
        ),
        signup_bonus_credits=read.count(
            "SIGNUP_BONUS_CREDITS", default=0, least=0, most=MAX_CREDITS
        ),
        cron_secret=cron_secret,
        storage=_storage(read, supabase_url),
    )
    if _role(settings.supabase_secret_key) == "anon":
        read.problems.append("SUPABASE_SECRET_KEY holds the publishable key")
    if _role(settings.supabase_publishable_key) == "service_role":
        # This one is handed to browsers.
        read.problems.append("SUPABASE_PUBLISHABLE_KEY holds the secret key")
    if read.problems:
        raise NotConfiguredError(tuple(read.problems))
    return settings


def _split(value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())


def _check_stripe(
    read: _Reader,
    secret_key: str | None,
    webhook_secrets: tuple[str, ...],
    api_base: str | None,
    payments_enabled: bool,
) -> None:
    # A webhook without the key could not tell live events from test ones.
    if (payments_enabled or webhook_secrets) and not secret_key:
        read.problems.append("STRIPE_SECRET_KEY is missing")
    if payments_enabled and not webhook_secrets:
        read.problems.append("STRIPE_WEBHOOK_SECRET is missing")
    if secret_key and not secret_key.startswith(_STRIPE_KEYS):
        read.problems.append("STRIPE_SECRET_KEY must begin with sk_ or rk_ and test_ or live_")
    if not all(secret.startswith("whsec_") for secret in webhook_secrets):
        read.problems.append("STRIPE_WEBHOOK_SECRET must begin with whsec_")
    if api_base and secret_key and "_live_" in secret_key:
        read.problems.append("STRIPE_API_BASE is for a stand-in and must not see a live key")


def _storage(read: _Reader, supabase_url: str) -> StorageSettings | None:
    """Read where files are kept; None without the keys, which leaves the file endpoints closed."""
    access_key_id = read.first("STORAGE_S3_ACCESS_KEY_ID")
    secret = read.first("STORAGE_S3_SECRET_ACCESS_KEY")
    endpoint = read.first("STORAGE_S3_ENDPOINT")
    region = read.first("STORAGE_S3_REGION") or "us-east-1"
    bucket = read.first("STORAGE_BUCKET") or DEFAULT_BUCKET
    max_file_mb = read.count("STORAGE_MAX_FILE_MB", default=DEFAULT_MAX_FILE_MB, most=5000)
    if not _BUCKET.fullmatch(bucket):
        read.problems.append("STORAGE_BUCKET must be 3 to 63 of a-z, 0-9, . and -")
    if not access_key_id and not secret:
        return None
    if not access_key_id or not secret:
        missing = "SECRET_ACCESS_KEY" if access_key_id else "ACCESS_KEY_ID"
        read.problems.append(f"STORAGE_S3_{missing} is missing")
    host = urlsplit(supabase_url).hostname or ""
    if not endpoint and host.endswith(_SUPABASE_DOMAIN):
        project = host.removesuffix(_SUPABASE_DOMAIN)
        endpoint = f"https://{project}.storage{_SUPABASE_DOMAIN}/storage/v1/s3"
    if not endpoint:
        read.problems.append("STORAGE_S3_ENDPOINT is missing")
    return StorageSettings(
        endpoint=read.url("STORAGE_S3_ENDPOINT", endpoint or "", with_path=True),
        region=region,
        access_key_id=access_key_id or "",
        secret_access_key=secret or "",
        bucket=bucket,
        max_file_bytes=max_file_mb * 1_000_000,
    )


def _role(key: str) -> str | None:
    """Return the role a Supabase key stands for: by its prefix, or as a legacy JWT claims it."""
    if key.startswith("sb_secret_"):
        return "service_role"
    if key.startswith("sb_publishable_"):
        return "anon"
    payload = key.split(".")[1] if key.count(".") == 2 else ""  # noqa: PLR2004 - a JWT's two dots
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return None
    return claims.get("role") if isinstance(claims, dict) else None


@cache
def settings() -> Settings:
    """Return this process's settings, read at first use.

    Raises:
        NotConfiguredError: As load() does, each time until the environment is right.
    """
    return load(os.environ)
