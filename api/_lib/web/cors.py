"""CORS: pages of the origins in ALLOWED_ORIGINS may call the endpoints that allow it.

No credentials: callers send an access token, never a cookie. An answer names the one origin that
asked, so it varies by Origin (https://fetch.spec.whatwg.org/#http-cors-protocol).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api._lib.errors import NotConfiguredError
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Collection
    from wsgiref.types import WSGIEnvironment

TOKEN = ("Authorization",)
TOKEN_AND_JSON = ("Authorization", "Content-Type")
TOKEN_JSON_AND_KEY = ("Authorization", "Content-Type", "Idempotency-Key")

# How long a browser may remember a preflight. Chromium remembers none for longer.
MAX_AGE_SECONDS = 2 * 60 * 60

_EXPOSED = "Content-Disposition, Idempotent-Replayed, Next-Cursor, Retry-After"
_VARY = ("Vary", "Origin")


def cors_headers(environ: WSGIEnvironment) -> list[tuple[str, str]]:
    """Return the headers with which an allowed origin may read this answer.

    Every answer varies by Origin, also one to a request without it: a shared cache would otherwise
    give one page the answer to another.
    """
    allowed = _allowed_origins()
    if not allowed:
        return []
    origin = environ.get("HTTP_ORIGIN")
    if origin not in allowed:
        return [_VARY]
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", _EXPOSED),
        _VARY,
    ]


def preflight_headers(
    environ: WSGIEnvironment, *, methods: str, headers: Collection[str]
) -> list[tuple[str, str]] | None:
    """Return the headers that answer a preflight; None if this is none from an allowed origin."""
    origin = environ.get("HTTP_ORIGIN")
    if origin not in _allowed_origins() or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in environ:
        return None
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Methods", methods),
        *([("Access-Control-Allow-Headers", ", ".join(headers))] if headers else []),
        ("Access-Control-Max-Age", str(MAX_AGE_SECONDS)),
        ("Cache-Control", "no-store"),
        _VARY,
    ]


def _allowed_origins() -> tuple[str, ...]:
    """Return ALLOWED_ORIGINS; none while the settings are wrong: the answer itself says that."""
    try:
        return settings().allowed_origins
    except NotConfiguredError:
        return ()
