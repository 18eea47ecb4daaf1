"""HTTP requests that no client library would send: any method, header or body."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.openapi import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire."""

    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, bytes]] = ()
    body: bytes = b""
    chunked: bool = False

    def at(self, site_url: str) -> Answer:
        """Send it and return what comes back."""
        connection = http.client.HTTPConnection(urlsplit(site_url).netloc, timeout=TIMEOUT_SECONDS)
        try:
            target = f"{self.path}?{self.query}" if self.query else self.path
            connection.putrequest(self.method, target, skip_accept_encoding=True)
            for name, value in self.headers:
                connection.putheader(name, value)
            if self.chunked:
                connection.putheader("Transfer-Encoding", "chunked")
            elif self.body:
                connection.putheader("Content-Length", str(len(self.body)))
            connection.putheader("Connection", "close")
            connection.endheaders(self.body or None, encode_chunked=self.chunked)
            if self.chunked and not self.body:
                connection.send(b"0\r\n\r\n")
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()
