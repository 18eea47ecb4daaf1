"""The Stripe client of this process, and the translation of its failures into our errors."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar

import requests
import stripe
from requests.adapters import HTTPAdapter

from api._lib.errors import PaymentsDisabledError, StripeFailedError, StripeRefusedError
from api._lib.request_log import STRIPE, Measuring
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

# A checkout makes two calls to Stripe. Each is tried twice at most, so even when Stripe is silent
# the function answers within its maxDuration in vercel.json.
CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 6
MAX_NETWORK_RETRIES = 1

# Of two clicks at once, the second waits this long for the first one's answer. Stripe refuses a key
# that is in use by another request (https://docs.stripe.com/api/idempotent_requests).
KEY_IN_USE_SECONDS = 8
KEY_IN_USE_PAUSE_SECONDS = 0.2

# The number of idle connections kept. More threads than this still work; the connections beyond it
# are closed after use.
MAX_IDLE_CONNECTIONS = 64

# The SDK would write telemetry under the home folder, which is read-only on Vercel.
stripe.enable_telemetry = False

# The SDK logs each request at INFO, and Vercel's runtime sets the root logger to INFO.
logging.getLogger("stripe").setLevel(logging.WARNING)

# A conflict with a parallel request under the same key, and too many requests: both pass.
_RETRYABLE = (409, 429)
_KEY_IN_USE = "idempotency_key_in_use"
_FIRST_CLIENT_ERROR = 400
_FIRST_SERVER_ERROR = 500

_log = logging.getLogger("purse")


@cache
def stripe_client(
    *,
    read_timeout_seconds: int = READ_TIMEOUT_SECONDS,
    max_network_retries: int = MAX_NETWORK_RETRIES,
) -> stripe.StripeClient:
    """Return this process's client for these limits. Threads may share it.

    Raises:
        PaymentsDisabledError: There is no key, which settings allow only with payments off.
    """
    config = settings()
    if config.stripe_secret_key is None:
        raise PaymentsDisabledError
    return stripe.StripeClient(
        config.stripe_secret_key,
        max_network_retries=max_network_retries,
        http_client=stripe.RequestsClient(
            timeout=(CONNECT_TIMEOUT_SECONDS, read_timeout_seconds), session=_session()
        ),
        base_addresses={"api": config.stripe_api_base} if config.stripe_api_base else {},
    )


class _MeasuredSession(requests.Session):
    """Counts the time of each request as Stripe's."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        with Measuring(STRIPE):
            return super().send(request, **options)


@cache
def _session() -> requests.Session:
    """Return the session that all threads and clients share.

    Without it the SDK makes one for each thread, which on Vercel means a new TLS connection for
    each request.
    """
    session = _MeasuredSession()
    adapter = HTTPAdapter(pool_maxsize=MAX_IDLE_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # A cookie jar is not safe to share between threads, and Stripe's API needs no cookies.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


@contextmanager
def stripe_failures() -> Iterator[None]:
    """Turn the SDK's errors into a 502. Log what it was about and Stripe's request id.

    Raises:
        StripeFailedError: Stripe failed, did not answer in time, or has too many requests.
        StripeRefusedError: Stripe refused the request or our key.
    """
    try:
        yield
    except stripe.StripeError as error:
        log_stripe_error(error)
        status = error.http_status or 0
        if _FIRST_CLIENT_ERROR <= status < _FIRST_SERVER_ERROR and status not in _RETRYABLE:
            raise StripeRefusedError from None
        raise StripeFailedError from None


def when_key_is_free(create: Callable[[], T]) -> T:
    """Create something at Stripe; wait while another request uses the same idempotency key.

    Raises:
        stripe.StripeError: Stripe failed or refused, or the key is in use for too long.
    """
    deadline = time.monotonic() + KEY_IN_USE_SECONDS
    while True:
        try:
            return create()
        except stripe.StripeError as error:
            if _about(error).get("code") != _KEY_IN_USE or time.monotonic() > deadline:
                raise
        time.sleep(KEY_IN_USE_PAUSE_SECONDS)


def expire_session(client: stripe.StripeClient, session_id: str) -> bool:
    """Close a Checkout Session that may be open. Return False if it was paid, or had expired.

    Raises:
        stripe.StripeError: Stripe failed or refused.
    """
    try:
        client.v1.checkout.sessions.expire(session_id)
    except stripe.InvalidRequestError as error:
        _log.info("session %s: not closed: %s", session_id, error.code)
        return False
    return True


def log_stripe_error(error: stripe.StripeError) -> None:
    """Log an error of Stripe's: kind, status, code, parameter and request id, never its text."""
    about = _about(error)
    _log.error(
        "stripe: %s status=%s code=%s param=%s request=%s",
        type(error).__name__,
        error.http_status,
        about.get("code"),
        about.get("param"),
        error.request_id,
    )


def _about(error: stripe.StripeError) -> dict[str, Any]:
    """Return Stripe's error object. The SDK copies its code into some kinds of errors only."""
    body = error.json_body if isinstance(error.json_body, dict) else {}
    about = body.get("error")
    return about if isinstance(about, dict) else {}
