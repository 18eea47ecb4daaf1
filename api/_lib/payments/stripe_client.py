"""The Stripe client, made once, and what its failures mean to the person who clicked."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

import stripe

from api._lib.errors import PaymentsDisabledError, StripeFailedError
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

from contextlib import contextmanager

# Two calls, each tried twice, and the database's part end within the function's maxDuration in
# vercel.json, so that even when Stripe is silent the answer is ours.
CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 6
MAX_NETWORK_RETRIES = 1

# The SDK would write telemetry under the home folder, which is read-only on Vercel.
stripe.enable_telemetry = False

# It reports every request at INFO, which Vercel's runtime lets through.
logging.getLogger("stripe").setLevel(logging.WARNING)

_log = logging.getLogger("purse")


@cache
def stripe_client(
    *,
    read_timeout_seconds: int = READ_TIMEOUT_SECONDS,
    max_network_retries: int = MAX_NETWORK_RETRIES,
) -> stripe.StripeClient:
    """Return this process's Stripe client, safe to share between threads.

    Raises:
        PaymentsDisabledError: There is no key, which settings allow only with payments off.
    """
    config = settings()
    if config.stripe_secret_key is None:
        raise PaymentsDisabledError
    return stripe.StripeClient(
        config.stripe_secret_key,
        max_network_retries=max_network_retries,
        http_client=stripe.RequestsClient(timeout=(CONNECT_TIMEOUT_SECONDS, read_timeout_seconds)),
        base_addresses={"api": config.stripe_api_base} if config.stripe_api_base else {},
    )


@contextmanager
def stripe_failures() -> Iterator[None]:
    """Turn what the SDK raises into a 502; log what kind it was and Stripe's request id.

    Raises:
        StripeFailedError: Stripe refused, failed or did not answer in time.
    """
    try:
        yield
    except stripe.StripeError as error:
        _log.error(
            "stripe: %s status=%s code=%s request=%s",
            type(error).__name__,
            error.http_status,
            error.code,
            error.request_id,
        )
        raise StripeFailedError from None
