"""Addresses to which links in mails and sign-ins may lead, and what is appended to them."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from flask import request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.supabase.auth.config import AuthConfig
    from local.supabase.auth.errors import AuthError

# Tells a client that Supabase Auth wrote the fragment.
MARKER = {"sb": ""}
_HOSTNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?")
_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
_OAUTH_ERRORS = {
    400: "invalid_request",
    401: "unauthorized_client",
    403: "access_denied",
    500: "server_error",
    503: "temporarily_unavailable",
}


def referrer(config: AuthConfig) -> str:
    """Return where the link of this request leads: its redirect_to or Referer, if allowed.

    Otherwise the site's own address. GoTrue refuses no request for an address that is not allowed.
    """
    wanted = request.headers.get("redirect_to") or request.args.get("redirect_to", "")
    for url in (wanted, request.headers.get("Referer", "")):
        if is_allowed(config, url):
            return url
    return config.site_url


def is_allowed(config: AuthConfig, url: str) -> bool:
    """Return whether the site's address or the allow list covers an address."""
    try:
        parts = urlsplit(url)
        if not url or _is_same_site(parts, urlsplit(config.site_url)):
            return bool(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    if host.isdigit() or (parts.scheme in {"http", "https"} and not _HOSTNAME.fullmatch(host)):
        return False
    without_fragment = url.partition("#")[0]
    return any(_glob(pattern).fullmatch(without_fragment) for pattern in config.uri_allow_list)


def _is_same_site(url: SplitResult, site: SplitResult) -> bool:
    """Return whether an address is the site's; programs on this machine may use any port."""
    return (
        url.hostname == site.hostname
        and url.scheme == site.scheme
        and (url.port == site.port or url.hostname in _LOOPBACK_NAMES)
    )


def with_fragment(url: str, members: Mapping[str, str]) -> str:
    """Return an address with a new fragment, and nothing else changed."""
    return f"{url}#{_encode({**members, **MARKER})}"


def with_code(url: str, code: str) -> str:
    """Return an address with the code of the PKCE flow in its query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=_query(parts, {"code": code})))


def with_message(url: str, message: str, *, pkce: bool) -> str:
    """Return an address that says what remains to be done."""
    parts = urlsplit(url)
    query = _query(parts, {"message": message} if pkce else {})
    fragment = _encode({"message": message, **MARKER})
    return urlunsplit(parts._replace(query=query, fragment=fragment))


def with_error(url: str, error: AuthError, *, pkce: bool) -> str:
    """Return an address that says why a link was refused."""
    parts = urlsplit(url)
    members = {"error_code": error.code, "error_description": error.message}
    if error.status in _OAUTH_ERRORS:
        members["error"] = _OAUTH_ERRORS[error.status]
    query = _query(parts, members) if pkce else parts.query
    return urlunsplit(parts._replace(query=query, fragment=_encode({**members, **MARKER})))


def in_link(url: str) -> str:
    """Return an address as GoTrue writes it into the query of a link."""
    return quote(url, safe="") if any(character in url for character in "&=#") else url


def _query(parts: SplitResult, members: Mapping[str, str]) -> str:
    return _encode({**dict(parse_qsl(parts.query, keep_blank_values=True)), **members})


def _encode(members: Mapping[str, str]) -> str:
    """Encode as Go does: sorted by name."""
    return urlencode(sorted(members.items()))


def _glob(pattern: str) -> re.Pattern[str]:
    """Return a pattern of the allow list; `*` and `?` stop at `.` and `/`, `**` does not."""
    pieces = re.findall(r"\*\*|\*|\?|\{[^{}]*\}|\\.|[^*?{\\]+|.", pattern, re.DOTALL)
    return re.compile("".join(_piece(piece) for piece in pieces), re.DOTALL)


def _piece(piece: str) -> str:
    if piece == "**":
        return ".*"
    if piece == "*":
        return "[^./]*"
    if piece == "?":
        return "[^./]"
    if piece.startswith("{") and piece.endswith("}"):
        return "(?:" + "|".join(_glob(part).pattern for part in piece[1:-1].split(",")) + ")"
    return re.escape(piece.removeprefix("\\"))
