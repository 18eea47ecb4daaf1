"""The project's public signing keys (JWKS): fetched when needed, cached, found by key id."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import jwt

from api._lib.errors import UnavailableError
from api._lib.http_client import supabase_http
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIFETIME_SECONDS = 600
PAUSE_SECONDS = 10
TIMEOUT_SECONDS = 5

_ALGORITHM_OF_KEY_TYPE = {"EC": "ES256", "RSA": "RS256"}


class Jwks:
    """The keys by key id.

    Keys rotate, so an unknown key id makes us fetch again, but at most once in PAUSE_SECONDS:
    anybody can send tokens with made-up key ids.

    Args:
        fetch: Returns the JWKS document; raises httpx.HTTPError or ValueError on failure.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, fetch: Callable[[], dict[str, Any]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._fetching = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """Return the key, or None if the project has no such key.

        Raises:
            UnavailableError: The keys are not known yet and cannot be fetched.
        """
        if self._fetched_at is None:
            # The first requests wait for one fetch; without keys none of them can be answered.
            with self._fetching:
                self._refresh_if_due(key_id)
        else:
            # No lock: a request with a cached key must not wait for the refetch of another.
            self._refresh_if_due(key_id)
        with self._lock:
            if self._fetched_at is None:
                raise UnavailableError(
                    "Sign-in cannot be checked right now. Please try again shortly.",
                    code="auth_unavailable",
                )
            return self._keys.get(key_id)

    def _refresh_if_due(self, key_id: str) -> None:
        with self._lock:
            now = self._clock()
            stale = self._fetched_at is None or now - self._fetched_at > LIFETIME_SECONDS
            rested = self._tried_at is None or now - self._tried_at > PAUSE_SECONDS
            if not rested or not (stale or key_id not in self._keys):
                return
            self._tried_at = now
        self._refresh()

    def _refresh(self) -> None:
        """Replace the keys. Keep the old ones if the fetch fails."""
        try:
            entries = self._fetch()["keys"]
            keys = dict(_usable_keys(list(entries)))
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return
        with self._lock:
            self._keys = keys
            self._fetched_at = self._clock()


def _usable_keys(entries: list[Any]) -> Iterator[tuple[str, jwt.PyJWK]]:
    """Yield the keys that we can verify with; skip broken entries and other kinds of key."""
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
            continue
        algorithm = _ALGORITHM_OF_KEY_TYPE.get(str(entry.get("kty")))
        if algorithm is None:
            continue
        with suppress(jwt.PyJWTError, ValueError, TypeError):
            yield entry["kid"], jwt.PyJWK(entry, algorithm=algorithm)


@cache
def project_jwks() -> Jwks:
    """Return the keys of the configured Supabase project, cached for the life of the process."""
    url = f"{settings().supabase_url}/auth/v1/.well-known/jwks.json"

    def fetch() -> dict[str, Any]:
        response = supabase_http().get(url, timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
        document: dict[str, Any] = response.json()
        return document

    return Jwks(fetch)
