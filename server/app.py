"""The site as one WSGI application: api/ and public/ behind the rules of vercel.json.

What Vercel does by its configuration is done here by the same file, so that `make run`, the tests
and `gunicorn 'server.app:create_app()'` serve what a deployment serves.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from werkzeug.datastructures import Headers
from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect, send_from_directory
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = Path(__file__).parent.parent


def create_app() -> WSGIApplication:
    """Make the application: functions from api/, files from public/, headers from vercel.json."""
    config = json.loads((ROOT / "vercel.json").read_text("utf-8"))
    functions = {address_of(path): _load_function(path) for path in function_files()}
    rewrites = {rule["source"]: _Rewrite(rule) for rule in config["rewrites"]}
    header_rules = [_HeaderRule(rule) for rule in config["headers"]]

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        answer: WSGIApplication | None = functions.get(path)
        if answer is None and path in rewrites:
            answer = functions.get(rewrites[path].function)
            environ = rewrites[path].apply(environ)
        answer = answer or _static(Request(environ))

        def start(
            status: str, headers: list[tuple[str, str]], *rest: Any
        ) -> Callable[[bytes], object]:
            merged = Headers(headers)
            for rule in header_rules:
                if rule.matches(path):
                    merged.update(rule.headers)
            return start_response(status, merged.to_wsgi_list(), *rest)

        if path == "/health":
            return Response("ok")(environ, start_response)
        return answer(environ, start)

    return app


def function_files() -> list[Path]:
    """Return the files under api/ that are functions: all but what begins with an underscore."""
    files = (ROOT / "api").rglob("*.py")
    return sorted(
        path
        for path in files
        if not any(part.startswith("_") for part in path.relative_to(ROOT).parts)
    )


def address_of(path: Path) -> str:
    """Return the address of a function: /api/files for api/files.py."""
    return f"/{path.relative_to(ROOT).with_suffix('').as_posix()}"


def _load_function(path: Path) -> WSGIApplication:
    """Import api/NAME.py, whose name may have hyphens, and return its app."""
    name = address_of(path).strip("/").replace("/", ".")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    app: WSGIApplication = module.app
    return app


class _Rewrite:
    """One entry of vercel.json's rewrites: a path that a function answers, with a query of its own.

    The source is a plain path here, without the patterns that Vercel takes.
    """

    def __init__(self, rule: dict[str, str]) -> None:
        self.function, _, self._query = rule["destination"].partition("?")

    def apply(self, environ: WSGIEnvironment) -> WSGIEnvironment:
        """Add the destination's query after the client's. Functions do not look at the path."""
        query = "&".join(filter(None, (environ.get("QUERY_STRING"), self._query)))
        return {**environ, "QUERY_STRING": query}


class _HeaderRule:
    """One entry of vercel.json's headers: a source pattern and what to add where it matches."""

    def __init__(self, rule: dict[str, Any]) -> None:
        self._source = re.compile(rule["source"])
        self.headers = {header["key"]: _localised(header) for header in rule["headers"]}

    def matches(self, path: str) -> bool:
        return self._source.fullmatch(path) is not None


def _localised(header: dict[str, str]) -> str:
    """Let the page reach its Supabase project and storage where they are not on supabase.co."""
    value: str = header["value"]
    if header["key"] != "Content-Security-Policy":
        return value
    addresses = [os.environ.get(name, "") for name in ("SUPABASE_URL", "STORAGE_S3_ENDPOINT")]
    origins = [
        f"{parts.scheme}://{parts.netloc}"
        for parts in map(urlsplit, addresses)
        if parts.netloc and not (parts.hostname or "").endswith(".supabase.co")
    ]
    return value.replace("connect-src 'self'", " ".join(["connect-src 'self'", *origins]))


def _static(request: Request) -> WSGIApplication:
    """Serve public/ with clean URLs: /a for a.html, /a.html sent on to /a, no trailing slash."""
    if request.path.startswith("/api/"):
        return _not_found(request)
    if request.method not in ("GET", "HEAD"):
        return Response("Method Not Allowed", 405, {"Allow": "GET, HEAD"})
    path = request.path.strip("/")
    if path.endswith(".html") or (path and request.path.endswith("/")):
        clean = path.removesuffix(".html").removesuffix("index").rstrip("/")
        query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
        return redirect(f"/{quote(clean)}{query}", 308)
    for candidate in (path, f"{path}.html", f"{path}/index.html".lstrip("/")):
        if candidate and _is_file(candidate):
            return _file(request, candidate)
    return _not_found(request)


def _is_file(name: str) -> bool:
    try:
        return (ROOT / "public" / name).is_file()
    except (OSError, ValueError):  # too long, or with characters no file name has
        return False


def _file(request: Request, name: str) -> Response:
    try:
        return send_from_directory(ROOT / "public", name, request.environ, max_age=0)
    except NotFound:
        return _not_found(request)


def _not_found(request: Request) -> Response:
    if request.path.startswith("/api/") or not (ROOT / "public" / "404.html").is_file():
        return Response("The page could not be found", 404)
    response = send_from_directory(ROOT / "public", "404.html", request.environ, max_age=0)
    response.status_code = 404
    return response
