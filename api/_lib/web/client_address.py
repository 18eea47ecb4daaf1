"""The network that a request came from, to limit what one network may try."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api._lib.web.http import Request

# A provider gives one household a whole /64 of IPv6 addresses, so they count as one.
IPV6_PREFIX = 64


def client_network(request: Request) -> str:
    """Return the IPv4 address or the IPv6 /64 of the client; "unknown" where nothing is known.

    Behind a proxy on a private or loopback address, which is how Vercel's runtime and most servers
    reach us, the last entry of X-Forwarded-For counts. The nearest proxy has to write it, so that a
    client cannot choose it: Vercel does, and docs/deploying.md says how nginx does.
    """
    address = _parsed(request.remote_address)
    if address is None or not address.is_global:
        forwarded = (request.header("x-forwarded-for") or "").rpartition(",")[2].strip()
        address = _parsed(forwarded) or address
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((address, IPV6_PREFIX), strict=False))
    return str(address or "unknown")


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
