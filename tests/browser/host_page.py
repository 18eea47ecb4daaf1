"""Another app: pages on an origin of their own, under a strict Content-Security-Policy."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local.stack import ROOT
from tests.docs.pages import blocks
from tests.tools.npm import FOLDER as NPM
from tests.tools.npm import tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.support import RunningStack, User

DOCS = ROOT / "docs/elements.md"
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
    answers = {
        f"/{path.name}": content(path.read_text("utf-8"), path.suffix, stack)
        for path in PAGES.iterdir()
    }
    answers["/umd.js"] = (SUPABASE_JS.read_bytes(), TYPES[".js"])
    answers["/"] = answers["/index.html"]
    page, script = page_of_the_docs()
    answers["/docs.html"] = content(page, ".html", stack)
    answers["/docs.js"] = content(script, ".js", stack)

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


def enter(page: Page, user: User) -> None:
    """Sign the user in by the app's own form."""
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(user.password)
    page.get_by_role("button", name="Enter").click()


def content(text: str, suffix: str, stack: RunningStack) -> tuple[bytes, str]:
    """Return a file with the stack's addresses and key, and its type."""
    for name, value in (
        ("https://purse.example.com", stack.site_url),
        ("https://your-site.example.com", stack.site_url),
        ("https://supabase.example.com", stack.supabase_url),
        ("publishable-key", stack.publishable_key),
    ):
        text = text.replace(name, value)
    return text.encode(), TYPES[suffix]


def page_of_the_docs() -> tuple[str, str]:
    """Return the page that docs/elements.md shows, and its script, which the policy wants apart."""
    (block,) = (block for block in blocks("html") if block.page == DOCS)
    tags, script = re.fullmatch(
        r'(.*)<script type="module">\n(.*)</script>\n?', block.text, re.DOTALL
    ).groups()
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>As in the docs</title>'
    scripts = '<script src="/umd.js"></script><script type="module" src="/docs.js"></script>'
    return head + scripts + tags, script


def policy(stack: RunningStack) -> str:
    """Return a policy that allows the app's own files, its Supabase, and what the docs name."""
    (block,) = (block for block in blocks("text") if block.page == DOCS)
    site = "https://your-site.example.com"
    named = dict(
        line.split(" ", 1) for line in block.text.replace(site, stack.site_url).splitlines()
    )
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {named['script-src']}",
            f"connect-src {stack.supabase_url} {named['connect-src']}",
            "style-src 'self'",
            "img-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )
