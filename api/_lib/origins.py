"""Origins of other sites: which text is one, and whether an address lies within one. Pure.

An address is compared as text, never parsed and put together again. Two URL parsers may disagree
about a look-alike, and then the one that checks is not the one that follows the link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[1-9][0-9]{{0,4}}))?",
    re.ASCII,
)
_LOOPBACK = ("localhost", "127.0.0.1")
# Common mistakes, most telling first, so that the sentence says what to change.
_MISTAKES = tuple(
    (re.compile(pattern), problem)
    for pattern, problem in (
        (r"^(?!https?://)", "must begin with https://"),
        (r"[^\x21-\x7e]", "must be in ASCII without spaces (xn--…), as browsers send it"),
        (r"\*", "must not have a wildcard: name each origin"),
        (r"@", "must not have a user name or password"),
        (r"[?#]", "must not have a query or fragment"),
        (r"^\w+://[^/]*/$", "must not end with a slash"),
        (r"^\w+://[^/]*/", "must not have a path"),
        (r"[A-Z]", "must be in lower case"),
    )
)
# A browser leaves these out of the Origin header.
_DEFAULT_PORT = {"https": 443, "http": 80}
_HIGHEST_PORT = 65535


def origin_problem(text: str) -> str | None:
    """Return what is wrong with an origin, as the end of a sentence; None if it is exact.

    An exact origin is what a browser sends as Origin: lower case, without a default port.
    """
    for mistake, problem in _MISTAKES:
        if mistake.search(text):
            return problem
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return "is not an origin such as https://app.example.com or https://app.example.com:8443"
    scheme, port = match["scheme"], int(match["port"] or 0)
    if scheme == "http" and match["host"] not in _LOOPBACK:
        return "must begin with https:// (http:// is for localhost and 127.0.0.1 only)"
    if port > _HIGHEST_PORT:
        return f"has a port above {_HIGHEST_PORT}"
    if port == _DEFAULT_PORT[scheme]:
        return f"must leave out :{port}, as browsers do"
    return None


def is_within(address: str, origins: Iterable[str]) -> bool:
    """Whether an address is one of these origins, or a path or query of one."""
    return any(
        address.startswith(origin) and address[len(origin) : len(origin) + 1] in {"", "/", "?"}
        for origin in origins
    )
