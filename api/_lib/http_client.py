"""The HTTP client for Supabase: one connection pool and one TLS context for each process.

Database calls and the fetch of signing keys go to the same host, so they share its connections.
"""

from __future__ import annotations

import logging
from functools import cache

import httpx

# Two attempts to connect and one wait for the answer stay below 10 s. Stripe's checkout page waits
# that long for the webhook before it redirects the buyer.
CONNECT_TIMEOUT_SECONDS = 1.5
READ_TIMEOUT_SECONDS = 6
CONNECT_RETRIES = 1

# httpx logs each request at INFO, and Vercel's runtime sets the root logger to INFO.
logging.getLogger("httpx").setLevel(logging.WARNING)


@cache
def supabase_http() -> httpx.Client:
    """Return this process's client. Threads may share it.

    It retries only the connection attempt, never a request that was sent. It speaks HTTP/1.1,
    because httpx's HTTP/2 connections are not safe to share between threads. It holds no key:
    each caller sends its own headers.
    """
    return httpx.Client(
        timeout=httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
        transport=httpx.HTTPTransport(retries=CONNECT_RETRIES),
    )
