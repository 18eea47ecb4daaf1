"""Which network a request came from."""

from __future__ import annotations

import pytest

from api._lib.web.client_address import client_network
from api._lib.web.http import Request


@pytest.mark.parametrize(
    ("remote", "forwarded", "network"),
    [
        # Reached directly: what the client writes into a header does not count.
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),
        ("2a00:1450::1", None, "2a00:1450::/64"),
        # Behind a proxy: what the nearest one wrote counts, not what the client sent it.
        ("127.0.0.1", "9.9.9.9, 8.8.8.8", "8.8.8.8"),
        ("10.0.0.7", " 8.8.8.8 ", "8.8.8.8"),
        ("::1", "2a00:1450:4001:82a::200e", "2a00:1450:4001:82a::/64"),
        ("127.0.0.1", "::ffff:8.8.8.8", "8.8.8.8"),
        # Nothing more is known.
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "unknown", "127.0.0.1"),
        ("", None, "unknown"),
        ("", "8.8.8.8", "8.8.8.8"),
    ],
)
def test_the_network_of_a_client(remote: str, forwarded: str | None, network: str) -> None:
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    request = Request("POST", {}, headers, b"", remote_address=remote)
    assert client_network(request) == network
