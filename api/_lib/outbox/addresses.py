"""Find an endpoint's address, and refuse those inside a private network.

The URL is the operator's own. Still, a name may resolve to an address of the network that the
function runs in, also later, when somebody else controls the name. So each delivery resolves the
name, checks every address, and connects to the one that was checked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressError(Exception):
    """The name has no address, or one that is not public. The message is one word for a log."""


async def public_address(host: str, port: int) -> str:
    """Return an address of a host to connect to.

    Raises:
        AddressError: `dns` if the name does not resolve, `address_not_public` if any of its
            addresses is not public.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressError("dns") from None
    addresses = [str(address[0]) for _, _, _, _, address in found]
    if not addresses:
        raise AddressError("dns")
    if not all(is_public(address) for address in addresses):
        raise AddressError("address_not_public")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is reachable from anywhere, as IANA's registries say.

    A NAT64 address is judged by the IPv4 address in it. Other IPv6 addresses that carry one are
    refused.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.ipv4_mapped or ip.sixtofour or ip.teredo:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
