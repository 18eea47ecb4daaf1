"""A receiver of events that can fail in every way that receivers do."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import standardwebhooks

SECRET = f"whsec_{base64.b64encode(b'receiver' * 4).decode()}"

# Answers a delivery: a status and headers, or None to close the connection without an answer.
Answer = Callable[[dict[str, Any]], tuple[int, dict[str, str]] | None]


def accept(_event: dict[str, Any]) -> tuple[int, dict[str, str]]:
    """Answer 204 to everything."""
    return 204, {}


@dataclass
class Receiver:
    """What came in: only what is signed. `answer` may be exchanged while it runs.

    Attributes:
        received: Each event with its webhook-id as `id`, in the order in which they came.
    """

    url: str
    answer: Answer = accept
    received: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def of(self, user_id: str, *types: str) -> list[dict[str, Any]]:
        """Return what came about a user, of some types if they are named."""
        return [
            event
            for event in self.received
            if event["data"].get("user_id") == user_id and (not types or event["type"] in types)
        ]


@contextmanager
def receiver(path: str = "/events") -> Iterator[Receiver]:
    """Run a receiver on this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                event = standardwebhooks.Webhook(SECRET).verify(body, dict(self.headers))
            except (standardwebhooks.WebhookVerificationError, ValueError) as error:
                state.refused.append(str(error))
                self.send_error(401)
                return
            event["id"] = self.headers["webhook-id"]
            state.received.append(event)
            answer = state.answer(event)
            if answer is None:
                self.close_connection = True
                return
            status, headers = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = Receiver(url=f"http://127.0.0.1:{server.server_port}{path}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
