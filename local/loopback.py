"""Pages of the local stack that answer on its own machine only, as they have no other guard."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import request

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def is_from_this_machine(hosts: frozenset[str] = LOOPBACK_HOSTS) -> bool:
    """Return whether the request comes from this machine, and was made to one of these hosts.

    The host matters because of DNS rebinding: a foreign host name could resolve to this machine.
    """
    caller = ipaddress.ip_address(request.remote_addr or "0.0.0.0")
    return caller.is_loopback and urlsplit(request.host_url).hostname in hosts
