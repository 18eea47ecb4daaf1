"""Settings: read from the environment once and checked, with every problem reported at once."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from api._lib.books import read_books
from api._lib.environment_reader import EnvironmentReader
from api._lib.errors import NotConfiguredError
from api._lib.invoice_settings import InvoiceSettings, read_invoice_settings
from api._lib.outbox.mail.settings import MailSettings, read_mail_settings
from api._lib.outbox.settings import Endpoint, read_endpoints
from api._lib.refund_settings import RefundSettings, read_refund_settings
from api._lib.sample_app import sample_app
from api._lib.shop import read_shop
from api._lib.sign_in import read_sign_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.books import BookSettings
    from api._lib.shop import Shop
    from api._lib.sign_in import SignIn

MIN_CRON_SECRET_CHARS = 16
MAX_CREDITS = 1_000_000

_STRIPE_KEYS = ("sk_test_", "sk_live_", "rk_test_", "rk_live_")


@dataclass(frozen=True, repr=False)
class Settings:
    """The settings of this deployment. They have no repr, because they hold secrets."""

    site_url: str
    allowed_origins: tuple[str, ...]
    supabase_url: str
    supabase_secret_key: str
    supabase_publishable_key: str
    supabase_jwt_secret: str | None
    auth_issuer: str
    stripe_secret_key: str | None
    stripe_webhook_secrets: tuple[str, ...]
    stripe_api_base: str | None
    payments_enabled: bool
    promotion_codes: bool
    invoicing: InvoiceSettings
    orders_per_minute: int
    declines_per_hour: int
    clawback_policy: str
    refunds: RefundSettings
    low_balance_credits: int | None
    signup_bonus_credits: int
    cron_secret: str | None
    events: tuple[Endpoint, ...]
    mail: MailSettings | None
    shop: Shop
    sign_in: SignIn
    books: BookSettings
    files: object | None  # by api/_lib/files/settings.py; None if switched off or deleted

    @property
    def livemode(self) -> bool:
        """Whether the Stripe key is a live key, so that real money moves."""
        return _is_live(self.stripe_secret_key)

    @property
    def has_receivers(self) -> bool:
        """Whether anybody is told of events: an endpoint of the app, or people by mail."""
        return bool(self.events or self.mail)


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings.

    Stripe's keys are required while payments are enabled. Without a webhook secret the webhook
    refuses every request; it never accepts one unverified.

    Raises:
        NotConfiguredError: With every problem found, each naming its variable.
    """
    read = EnvironmentReader(environ)
    payments_enabled = read.flag("PAYMENTS_ENABLED", default=True)

    site = read.first("SITE_URL")
    vercel_host = read.first("VERCEL_PROJECT_PRODUCTION_URL")
    if not site and vercel_host:
        site = f"https://{vercel_host}"
    if not site:
        read.problems.append("SITE_URL is missing")

    stripe_secret_key = read.first("STRIPE_SECRET_KEY")
    stripe_api_base = read.first("STRIPE_API_BASE")
    webhook_secrets = read.several("STRIPE_WEBHOOK_SECRET")
    _check_stripe(read, stripe_secret_key, webhook_secrets, stripe_api_base, payments_enabled)

    cron_secret = read.first("CRON_SECRET")
    if cron_secret and len(cron_secret) < MIN_CRON_SECRET_CHARS:
        read.problems.append(f"CRON_SECRET must have {MIN_CRON_SECRET_CHARS} characters or more")

    livemode = _is_live(stripe_secret_key)
    events = read_endpoints(read, livemode=livemode)
    mail = read_mail_settings(read, livemode=livemode)
    files = sample_app("settings")
    supabase_url = read.url("SUPABASE_URL", read.required("SUPABASE_URL"))
    settings = Settings(
        site_url=read.url("SITE_URL", site or ""),
        allowed_origins=read.origins("ALLOWED_ORIGINS"),
        supabase_url=supabase_url,
        supabase_secret_key=read.required("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"),
        supabase_publishable_key=read.required("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"),
        supabase_jwt_secret=read.first("SUPABASE_JWT_SECRET"),
        auth_issuer=_auth_issuer(read, supabase_url),
        stripe_secret_key=stripe_secret_key,
        stripe_webhook_secrets=webhook_secrets,
        stripe_api_base=read.url("STRIPE_API_BASE", stripe_api_base) if stripe_api_base else None,
        payments_enabled=payments_enabled,
        promotion_codes=read.flag("PROMOTION_CODES_ENABLED", default=False),
        invoicing=read_invoice_settings(read),
        orders_per_minute=read.count("ORDERS_PER_MINUTE", default=10, most=1000),
        declines_per_hour=read.count("DECLINES_PER_HOUR", default=10, most=1000),
        clawback_policy=read.choice("CLAWBACK_POLICY", "debt", "clamp"),
        refunds=read_refund_settings(read, tells_shop=bool(events or (mail and mail.owner))),
        low_balance_credits=(
            read.count("LOW_BALANCE_CREDITS", default=0, least=0, most=MAX_CREDITS)
            if read.first("LOW_BALANCE_CREDITS")
            else None
        ),
        signup_bonus_credits=read.count(
            "SIGNUP_BONUS_CREDITS", default=0, least=0, most=MAX_CREDITS
        ),
        cron_secret=cron_secret,
        events=events,
        mail=mail,
        shop=read_shop(read),
        sign_in=read_sign_in(read),
        books=read_books(read),
        files=files.read_settings(read, supabase_url) if files else None,
    )
    if _role(settings.supabase_secret_key) == "anon":
        read.problems.append("SUPABASE_SECRET_KEY holds the publishable key")
    if _role(settings.supabase_publishable_key) == "service_role":
        # GET /api/config gives this key to browsers.
        read.problems.append("SUPABASE_PUBLISHABLE_KEY holds the secret key")
    if read.problems:
        raise NotConfiguredError(tuple(read.problems))
    return settings


def _check_stripe(
    read: EnvironmentReader,
    secret_key: str | None,
    webhook_secrets: tuple[str, ...],
    api_base: str | None,
    payments_enabled: bool,
) -> None:
    # Without the key the webhook could not tell live events from test events.
    if (payments_enabled or webhook_secrets) and not secret_key:
        read.problems.append("STRIPE_SECRET_KEY is missing")
    if payments_enabled and not webhook_secrets:
        read.problems.append("STRIPE_WEBHOOK_SECRET is missing")
    if secret_key and not secret_key.startswith(_STRIPE_KEYS):
        read.problems.append("STRIPE_SECRET_KEY must begin with sk_ or rk_ and test_ or live_")
    if not all(secret.startswith("whsec_") for secret in webhook_secrets):
        read.problems.append("STRIPE_WEBHOOK_SECRET must begin with whsec_")
    if api_base and _is_live(secret_key):
        read.problems.append("STRIPE_API_BASE is for a stand-in and must not see a live key")


def _auth_issuer(read: EnvironmentReader, supabase_url: str) -> str:
    """Return the `iss` of access tokens. It differs from the URL only with a custom auth domain."""
    issuer = read.first("SUPABASE_AUTH_ISSUER")
    if issuer is None:
        return f"{supabase_url}/auth/v1"
    return read.url("SUPABASE_AUTH_ISSUER", issuer, with_path=True)


def _is_live(stripe_key: str | None) -> bool:
    return "_live_" in (stripe_key or "")


def _role(key: str) -> str | None:
    """Return the role of a Supabase key: from its prefix, or from a legacy key's JWT claim."""
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
        NotConfiguredError: As load() does. Failures are not cached.
    """
    return load(os.environ)
