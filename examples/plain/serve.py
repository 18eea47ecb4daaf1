"""Serve this folder: python serve.py. PORT is 3008 unless set, PURSE_URL http://127.0.0.1:3000."""

from __future__ import annotations

import json
import os
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PURSE_URL = os.environ.get("PURSE_URL", "http://127.0.0.1:3000")
PORT = int(os.environ.get("PORT", "3008"))


class Handler(SimpleHTTPRequestHandler):
    """Serves files, and /config.json: where Purse is."""

    def do_GET(self) -> None:
        """Answer a file or the configuration."""
        if self.path != "/config.json":
            super().do_GET()
            return
        content = json.dumps({"purse": PURSE_URL}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing for each request."""


if __name__ == "__main__":
    handler = partial(Handler, directory=str(Path(__file__).parent))
    with ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
        print(f"http://127.0.0.1:{PORT}", flush=True)
        server.serve_forever()
