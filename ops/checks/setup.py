"""Check the setup: settings, Supabase, the deployed site, Stripe's webhook endpoint."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

import httpx
import stripe

from api._lib import __version__
from api._lib.desk.findings import Finding
from api._lib.payments.facts import EVENTS
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from ops.findings import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api._lib.settings import Settings

TIMEOUT_SECONDS = 10
WEBHOOK_PATH = "/api/webhook"
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


def check_keys(config: Settings, data: Mapping[str, Any]) -> Iterator[Finding]:
    """Check that the Stripe key and the ledger have the same mode, and that CRON_SECRET is set."""
    orders, ledger_is_live = data["orders"], data["ledger"]["livemode"]
    if config.livemode and config.site_url.startswith(_LOOPBACK):
        yield Finding(
            "WRONG",
            f"STRIPE_SECRET_KEY is a live key, but SITE_URL is {config.site_url}, which only this"
            " machine can reach.",
            "Set SITE_URL to the address of the deployment, or use a test key here.",
        )
    if ledger_is_live and not config.livemode and config.stripe_secret_key:
        yield Finding(
            "WRONG",
            "STRIPE_SECRET_KEY is a test key, but this ledger is live: checkouts are refused and"
            " payments of test mode are ignored.",
            "Use the live key here, or another Supabase project for tests (docs/deploying.md).",
        )
    elif ledger_is_live is False and config.livemode:
        yield Finding(
            "WRONG",
            "STRIPE_SECRET_KEY is a live key, but this ledger is a test ledger: checkouts are"
            " refused and payments of live mode are ignored.",
            "make go-live",
        )
    elif ledger_is_live is None:
        yield Finding("ok", "The ledger is new. Its first order makes it live or test.")
    else:
        mode = "live" if ledger_is_live else "test"
        has_key = config.stripe_secret_key is not None
        key = "the Stripe key is of the same mode" if has_key else "there is no Stripe key"
        yield Finding("ok", f"The ledger is {mode}, and {key}.")
    if ledger_is_live and orders["test"]:
        yield Finding(
            "note",
            f"The database has {count(orders['test'], 'order')} of test mode from before it went"
            " live. They are ignored.",
        )
    if config.cron_secret is None:
        yield Finding(
            "WRONG",
            "CRON_SECRET is missing, so the daily reconciliation cannot run.",
            "Set CRON_SECRET to 16 or more random characters and redeploy.",
        )


def check_supabase(config: Settings) -> Iterator[Finding]:
    """Check that access tokens can be verified, and that the publishable key is valid."""
    jwks_url = f"{config.supabase_url}/auth/v1/.well-known/jwks.json"
    try:
        keys = httpx.get(jwks_url, timeout=TIMEOUT_SECONDS).raise_for_status().json()["keys"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        yield Finding(
            "WRONG",
            f"The project's public keys cannot be read from {jwks_url}, so no sign-in can be"
            " verified.",
            "Compare SUPABASE_URL with Supabase > Project Settings > Data API.",
        )
        return
    if keys or config.supabase_jwt_secret:
        yield Finding("ok", f"Sign-ins can be verified with {count(len(keys), 'public key')}.")
    else:
        yield Finding(
            "WRONG",
            "The project publishes no signing key, because it still signs with a shared secret.",
            "Set SUPABASE_JWT_SECRET (Supabase > JWT keys > Legacy secret), or rotate the key.",
        )
    try:
        answer = httpx.post(
            f"{config.supabase_url}/rest/v1/rpc/read_catalogue",
            headers={"apikey": config.supabase_publishable_key},
            json={},
            timeout=TIMEOUT_SECONDS,
        )
    except httpx.HTTPError:
        answer = httpx.Response(503)
    if not answer.is_success:
        yield Finding(
            "WRONG",
            f"The publishable key cannot read the public catalogue ({answer.status_code}).",
            "Compare SUPABASE_PUBLISHABLE_KEY with Supabase > Project Settings > API keys.",
        )


def check_site(config: Settings) -> Iterator[Finding]:
    """Check that the site is up, uses this project, and has this webhook secret."""
    try:
        health = httpx.get(f"{config.site_url}/api/health", timeout=TIMEOUT_SECONDS)
        report = health.json()
        told = httpx.get(f"{config.site_url}/api/config", timeout=TIMEOUT_SECONDS).json()
        probe = _probe(config)
    except (httpx.HTTPError, ValueError):
        yield Finding(
            "WRONG",
            f"{config.site_url} does not answer like a Purse site.",
            "Compare SITE_URL with the address of the deployment. Vercel > Logs shows errors.",
        )
        return
    if health.status_code != httpx.codes.OK:
        yield Finding(
            "WRONG",
            f"{config.site_url}/api/health says {report.get('status')}: "
            + "; ".join(_complaints(report)),
            "docs/troubleshooting.md says what each of them means.",
        )
        return
    version = report["version"]
    ours = "" if version == __version__ else f" (this checkout has {__version__})"
    yield Finding("ok", f"{config.site_url} is up: version {version}{ours}.")
    if told.get("supabase_url") != config.supabase_url:
        yield Finding(
            "WRONG",
            f"The site uses another Supabase project: {told.get('supabase_url')}.",
            "Use the settings of the deployment here: vercel env pull",
        )
    if probe is not None:
        yield probe


def _complaints(report: Mapping[str, Any]) -> Iterator[str]:
    yield from report.get("configuration", [])
    if "shop" in report:
        yield report["shop"]
    if report.get("schema", "").startswith("lacks"):
        yield f"the database {report['schema']} (make migrate)"
    for part in ("database", "ledger", "storage"):
        if report.get(part, "ok") not in {"ok", "live", "test", "new"}:
            yield f"{part} {report[part]}"


def _probe(config: Settings) -> Finding | None:
    """Send the webhook a signed body that is not an event; the answer shows if the secret fits."""
    if not config.stripe_webhook_secrets:
        return None
    body, at = b"{}", int(time.time())
    for secret in config.stripe_webhook_secrets:
        digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        answer = httpx.post(
            f"{config.site_url}{WEBHOOK_PATH}",
            content=body,
            headers={"Stripe-Signature": f"t={at},v1={digest}", "Content-Type": "application/json"},
            timeout=TIMEOUT_SECONDS,
        )
        code = answer.json()["error"]["code"]
        if code != "invalid_event":
            return Finding(
                "WRONG",
                "The site's webhook refuses signatures made with this environment's"
                f" STRIPE_WEBHOOK_SECRET ({answer.status_code} {code}).",
                "Set it to the Signing secret of Stripe > Webhooks > your endpoint, and redeploy.",
            )
    return Finding("ok", "The site's webhook accepts this environment's secret.")


def check_endpoint(config: Settings) -> Iterator[Finding]:
    """Check that Stripe sends all needed events to this site, in the right API version."""
    url = f"{config.site_url}{WEBHOOK_PATH}"
    with stripe_failures():
        try:
            listed = stripe_client().v1.webhook_endpoints.list({"limit": 100})
        except stripe.PermissionError:
            yield Finding(
                "note",
                "Webhook endpoints were not checked: this restricted key may not read them.",
            )
            return
    endpoints = [endpoint for endpoint in listed.data if endpoint.url == url]
    if not endpoints:
        yield _no_endpoint(config, url)
        return
    for endpoint in endpoints:
        yield from _check_one(endpoint)


def _no_endpoint(config: Settings, url: str) -> Finding:
    if config.site_url.startswith(_LOOPBACK) and not config.livemode:
        return Finding(
            "note",
            "Stripe has no webhook endpoint for this machine. Use stripe listen to forward events.",
            f"stripe listen --forward-to {url.removeprefix('http://')}",
        )
    mode = "live" if config.livemode else "test"
    return Finding(
        "WRONG",
        f"Stripe has no webhook endpoint {url} in {mode} mode, so the site does not"
        " hear of payments.",
        f"Stripe > Webhooks > Add endpoint, API version {stripe.api_version};"
        " docs/deploying.md lists the events.",
    )


def _check_one(endpoint: stripe.WebhookEndpoint) -> Iterator[Finding]:
    fine = True
    if endpoint.status != "enabled":
        fine = False
        yield Finding(
            "WRONG",
            f"The webhook endpoint {endpoint.id} is {endpoint.status}.",
            "Stripe > Webhooks > your endpoint > Enable. Then run: make reconcile",
        )
    missing = sorted(set(EVENTS) - set(endpoint.enabled_events))
    if missing and "*" not in endpoint.enabled_events:
        fine = False
        yield Finding(
            "WRONG",
            f"The webhook endpoint {endpoint.id} does not receive all the events that Purse needs.",
            "Stripe > Webhooks > your endpoint > Edit: add these events. Then run: make reconcile",
            [", ".join(missing)],
        )
    if endpoint.api_version != stripe.api_version:
        fine = False
        yield Finding(
            "WRONG",
            f"The webhook endpoint {endpoint.id} sends API version"
            f" {endpoint.api_version or 'of the account'}, and Purse needs {stripe.api_version}.",
            "An endpoint's version cannot be changed: create a new endpoint, then delete this one.",
        )
    if fine:
        yield Finding("ok", f"Stripe sends all {len(EVENTS)} kinds of events to {endpoint.url}.")
