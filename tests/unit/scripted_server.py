"""An HTTP/1.1 server that answers as a test says, and counts connections and requests."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Script = Callable[["Exchange"], tuple[int, bytes] | None]


class Exchange(BaseHTTPRequestHandler):
    """One connection's requests."""

    protocol_version = "HTTP/1.1"
    server: ScriptedServer
    body: bytes
    extra_headers: dict[str, str]

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def do_POST(self) -> None:
        """Answer as the script says; close the connection without an answer where it says None."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.extra_headers = {}
        with self.server.lock:
            self.server.requests += 1
        answer = self.server.script(self)
        if answer is None:
            self.close_connection = True
            return
        status, content = answer
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        for name, value in self.extra_headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


class ScriptedServer(ThreadingHTTPServer):
    """Serves a script, which a test may replace while it runs."""

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.script = script
        self.lock = threading.Lock()
        self.connections = 0
        self.requests = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def scripted_server(script: Script) -> Iterator[ScriptedServer]:
    """Serve a script until the block ends."""
    server = ScriptedServer(script)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
