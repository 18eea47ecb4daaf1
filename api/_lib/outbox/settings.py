"""Settings of the outbox: where events go, and the secrets that sign them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api._lib.environment_reader import LOOPBACK

if TYPE_CHECKING:
    from api._lib.environment_reader import EnvironmentReader

MAX_ENDPOINTS = 3
# The specification of Standard Webhooks asks for 24 to 64 bytes.
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64


@dataclass(frozen=True, repr=False)
class Endpoint:
    """A receiver of events. It has no repr, because it holds secrets.

    Attributes:
        name: Its name in the database: app, or app_2 or app_3.
        url: Where events are posted.
        secrets: The keys that sign, the newest first. Two while a secret is being rotated.
    """

    name: str
    url: str
    secrets: tuple[bytes, ...]


def read_endpoints(read: EnvironmentReader, *, livemode: bool) -> tuple[Endpoint, ...]:
    """Read EVENTS_URL and EVENTS_SECRET, EVENTS_URL_2 and EVENTS_SECRET_2, up to 3.

    Problems are collected in the reader.
    """
    endpoints = []
    for number in range(1, MAX_ENDPOINTS + 1):
        suffix = "" if number == 1 else f"_{number}"
        url = read.first(f"EVENTS_URL{suffix}")
        secrets = read.several(f"EVENTS_SECRET{suffix}")
        if url is None and not secrets:
            continue
        if url is None or not secrets:
            missing = "EVENTS_URL" if url is None else "EVENTS_SECRET"
            read.problems.append(f"{missing}{suffix} is missing")
            continue
        _check_url(read, f"EVENTS_URL{suffix}", url, livemode=livemode)
        keys = tuple(_key(read, f"EVENTS_SECRET{suffix}", secret) for secret in secrets)
        endpoints.append(Endpoint(name=f"app{suffix}", url=url, secrets=keys))
    return tuple(endpoints)


def _check_url(read: EnvironmentReader, name: str, url: str, *, livemode: bool) -> None:
    """Check an endpoint's URL: https; http only to this machine, and only with test keys."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    is_local = parts.scheme == "http" and host in LOOPBACK
    if is_local and livemode:
        read.problems.append(f"{name} must not be on this machine while Stripe's key is a live key")
    elif not host or parts.username or parts.fragment or not (is_local or parts.scheme == "https"):
        read.problems.append(f"{name} must look like https://example.com/path")


def _key(read: EnvironmentReader, name: str, secret: str) -> bytes:
    """Return the key of a secret in the form of Standard Webhooks: whsec_ and base64."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith("whsec_") or not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        read.problems.append(
            f"{name} must be whsec_ and the base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES}"
            " random bytes; several, the newest first, are separated by commas"
        )
    return key
