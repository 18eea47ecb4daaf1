"""Checks before every service: API keys, and CORS."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from flask import Response, g, jsonify, request

if TYPE_CHECKING:
    from local.supabase.settings import Settings

SERVICE_ROLE = "service_role"

_ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_ALLOWED_HEADERS = (
    "Accept",
    "Accept-Profile",
    "Apikey",
    "Authorization",
    "Content-Profile",
    "Content-Type",
    "Prefer",
    "X-Client-Info",
    "X-Retry-Count",
    "X-Supabase-Api-Version",
)
_EXPOSED_HEADERS = (
    "Content-Range",
    "Content-Type",
    "Link",
    "Preference-Applied",
    "Retry-After",
    "X-Sb-Error-Code",
    "X-Supabase-Api-Version",
    "X-Total-Count",
)
_PREFLIGHT_SECONDS = 3600
_DISCARDED_BYTES_AT_ONCE = 64 * 1024
_DISCARDED_BYTES_AT_MOST = 16 * 1024 * 1024


def require_api_key(settings: Settings) -> Response | None:
    """Check the API key and set `g.api_role`; return a refusal, or None if the key is valid."""
    presented = request.headers.get("apikey", "")
    if not presented:
        return _unauthorized(
            "No API key found in request", "No `apikey` request header or url param was found."
        )
    if _same(presented, settings.publishable_key):
        g.api_role = "anon"
        return None
    if not _same(presented, settings.secret_key):
        return _unauthorized(
            "Invalid API key", "Double check your Supabase `anon` or `service_role` API key."
        )
    # Supabase recognises browsers by their User-Agent.
    if request.headers.get("User-Agent", "").startswith("Mozilla/"):
        return _unauthorized(
            "Forbidden use of secret API key in browser",
            "Secret API keys can only be used in a protected environment and should never be "
            "used in a browser. Delete this secret API key immediately.",
        )
    g.api_role = SERVICE_ROLE
    return None


def answer_preflight() -> Response | None:
    """Answer OPTIONS before keys are checked, because a preflight request has no key."""
    return Response(status=204) if request.method == "OPTIONS" else None


def add_cors(response: Response) -> Response:
    """Allow pages of any origin to read the answer; the API key protects it."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = ", ".join(_EXPOSED_HEADERS)
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = _ALLOWED_METHODS
        response.headers["Access-Control-Allow-Headers"] = ", ".join(_ALLOWED_HEADERS)
        response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
    return response


def discard_unread_body(response: Response) -> Response:
    """Read the rest of the body after an early refusal; the server would reset the connection."""
    stream = request.environ["wsgi.input"]
    for _ in range(_DISCARDED_BYTES_AT_MOST // _DISCARDED_BYTES_AT_ONCE):
        if not stream.read(_DISCARDED_BYTES_AT_ONCE):
            break
    return response


def _same(presented: str, expected: str) -> bool:
    return hmac.compare_digest(presented.encode(), expected.encode())


def _unauthorized(message: str, hint: str) -> Response:
    response = jsonify({"message": message, "hint": hint})
    response.status_code = 401
    return response
