"""Another app: pages on an origin of their own, under a strict Content-Security-Policy."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.tools.npm import FOLDER as NPM
from tests.tools.npm import tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import RunningStack

PAGES = Path(__file__).parent / "host"
SUPABASE_JS = NPM / "node_modules/@supabase/supabase-js/dist/umd/supabase.js"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


@contextmanager
def host_site(stack: RunningStack) -> Iterator[str]:
    """Serve the pages under host/ from an origin that the stack allows; yield that origin.

    Raises:
        MissingToolError: supabase-js cannot be had here.
    """
    tool("tsc")  # installs supabase-js, which has no command
    origin = stack.allowed_origins.split(",")[-1]
    answers = {f"/{path.name}": content(path, stack) for path in PAGES.iterdir()}
    answers["/supabase.js"] = (SUPABASE_JS.read_bytes(), TYPES[".js"])
    answers["/"] = answers["/index.html"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, kind = answers.get(urlsplit(self.path).path, (b"", TYPES[".html"]))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", policy(stack))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing for each request."""

    with ThreadingHTTPServer(("127.0.0.1", urlsplit(origin).port or 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield origin
        server.shutdown()


def content(path: Path, stack: RunningStack) -> tuple[bytes, str]:
    """Return a file with the stack's addresses and key, and its type."""
    text = path.read_text("utf-8")
    for name, value in (
        ("https://purse.example.com", stack.site_url),
        ("https://supabase.example.com", stack.supabase_url),
        ("publishable-key", stack.publishable_key),
    ):
        text = text.replace(name, value)
    return text.encode(), TYPES[path.suffix]


def policy(stack: RunningStack) -> str:
    """Return a policy that allows the app's own files, and Purse as docs/elements.md has it."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {stack.site_url}",
            f"connect-src {stack.site_url} {stack.supabase_url}",
            "style-src 'self'",
            "img-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )
