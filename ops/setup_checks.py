"""Is it set up right? The settings, Supabase, the deployed site, Stripe's webhook endpoint."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

import httpx
import stripe

from api._lib import __version__
from api._lib.payments.facts import EVENTS
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from ops.findings import Finding, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api._lib.settings import Settings

TIMEOUT_SECONDS = 10
WEBHOOK_PATH = "/api/webhook"
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


def check_keys(config: Settings, data: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the keys are of one mode, and that of the orders."""
    orders = data["orders"]
    if config.livemode and config.site_url.startswith(_LOOPBACK):
        yield Finding(
            "WRONG",
            f"STRIPE_SECRET_KEY is a live key, but SITE_URL is {config.site_url}: real money, and a"
            " site that nobody else reaches.",
            "Set SITE_URL to the deployment's own address, or use a test key here.",
        )
    if not config.livemode and orders["live"]:
        yield Finding(
            "WRONG",
            f"STRIPE_SECRET_KEY is a test key, but the database has"
            f" {count(orders['live'], 'live order')}.",
            "Use the live key here, or another Supabase project for tests.",
        )
    elif config.livemode and orders["test"]:
        yield Finding(
            "note",
            f"The database has {count(orders['test'], 'order')} of test mode: their credits were"
            " not paid for.",
        )
    else:
        yield Finding("ok", "The Stripe key and the orders are of one mode.")
    if config.cron_secret is None:
        yield Finding(
            "WRONG",
            "CRON_SECRET is missing: the daily reconciliation is closed.",
            "Set CRON_SECRET to 16 or more random characters and redeploy.",
        )


def check_supabase(config: Settings) -> Iterator[Finding]:
    """Whether access tokens can be checked, and the browser's key is this project's."""
    jwks_url = f"{config.supabase_url}/auth/v1/.well-known/jwks.json"
    try:
        keys = httpx.get(jwks_url, timeout=TIMEOUT_SECONDS).raise_for_status().json()["keys"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        yield Finding(
            "WRONG",
            f"The project's public keys cannot be had from {jwks_url}: nobody's sign-in can be"
            " checked.",
            "Compare SUPABASE_URL with Supabase > Project Settings > Data API.",
        )
        return
    if keys or config.supabase_jwt_secret:
        yield Finding("ok", f"Sign-in can be checked: {count(len(keys), 'public key')}.")
    else:
        yield Finding(
            "WRONG",
            "The project publishes no signing key: it still signs with a shared secret.",
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
            f"The publishable key does not open what everybody may read ({answer.status_code}).",
            "Compare SUPABASE_PUBLISHABLE_KEY with Supabase > Project Settings > API keys.",
        )


def check_site(config: Settings) -> Iterator[Finding]:
    """Whether the site is up, is this project's, and verifies with the secret we know."""
    try:
        health = httpx.get(f"{config.site_url}/api/health", timeout=TIMEOUT_SECONDS)
        report = health.json()
        told = httpx.get(f"{config.site_url}/api/config", timeout=TIMEOUT_SECONDS).json()
        probe = _probe(config)
    except (httpx.HTTPError, ValueError):
        yield Finding(
            "WRONG",
            f"{config.site_url} does not answer as Purse does.",
            "Compare SITE_URL with the deployment's address; Vercel > Logs says why it fails.",
        )
        return
    if health.status_code != httpx.codes.OK:
        yield Finding(
            "WRONG",
            f"{config.site_url}/api/health says {report.get('status')}: "
            + "; ".join([*report.get("configuration", []), str(report.get("database", ""))]),
            "Set what it names and redeploy.",
        )
        return
    version = report["version"]
    ours = "" if version == __version__ else f" (here is {__version__})"
    yield Finding("ok", f"{config.site_url} is up: version {version}{ours}.")
    if told.get("supabase_url") != config.supabase_url:
        yield Finding(
            "WRONG",
            f"The site uses another Supabase project: {told.get('supabase_url')}.",
            "Use the deployment's own settings here: vercel env pull.",
        )
    if probe is not None:
        yield probe


def _probe(config: Settings) -> Finding | None:
    """Send the webhook something signed that is no event: the answer tells whose secret it has."""
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
                "The site's webhook does not take what is signed with this environment's"
                f" STRIPE_WEBHOOK_SECRET ({answer.status_code} {code}).",
                "Set it to the Signing secret of Stripe > Webhooks > your endpoint, and redeploy.",
            )
    return Finding("ok", "The site's webhook verifies with this environment's secret.")


def check_endpoint(config: Settings) -> Iterator[Finding]:
    """Whether Stripe sends the right events, in the right version, to this site."""
    url = f"{config.site_url}{WEBHOOK_PATH}"
    with stripe_failures():
        try:
            listed = stripe_client().v1.webhook_endpoints.list({"limit": 100})
        except stripe.PermissionError:
            yield Finding(
                "note", "This restricted key may not read webhook endpoints: not checked."
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
            "Stripe has no webhook endpoint for this machine; stripe listen forwards instead.",
            f"stripe listen --forward-to {url.removeprefix('http://')}",
        )
    mode = "live" if config.livemode else "test"
    return Finding(
        "WRONG",
        f"Stripe has no webhook endpoint {url} in {mode} mode: nobody tells us of payments.",
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
            "Stripe > Webhooks > your endpoint > Enable; then make reconcile.",
        )
    missing = sorted(set(EVENTS) - set(endpoint.enabled_events))
    if missing and "*" not in endpoint.enabled_events:
        fine = False
        yield Finding(
            "WRONG",
            f"The webhook endpoint {endpoint.id} does not get all the events we need.",
            "Stripe > Webhooks > your endpoint > Edit: add these events; then make reconcile.",
            [", ".join(missing)],
        )
    if endpoint.api_version != stripe.api_version:
        fine = False
        yield Finding(
            "WRONG",
            f"The webhook endpoint {endpoint.id} sends API version"
            f" {endpoint.api_version or 'of the account'}, not {stripe.api_version}.",
            "The version is fixed when an endpoint is made: make a new one, then delete this one.",
        )
    if fine:
        yield Finding("ok", f"Stripe sends all {len(EVENTS)} kinds of events to {endpoint.url}.")
