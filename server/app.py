"""The site as one WSGI application: api/ and public/ behind the rules of vercel.json.

It follows vercel.json as Vercel does, so `make run`, the tests and gunicorn serve what a deployment
serves:

    gunicorn -c server/gunicorn.conf.py 'server.app:create_app()'
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.datastructures import Headers
from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect, send_from_directory
from werkzeug.wrappers import Request, Response

from server.page_policy import page_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = Path(__file__).parent.parent


def create_app(root: Path = ROOT, public: str = "public") -> WSGIApplication:
    """Return the application for a tree that has api/, public/ and vercel.json.

    Args:
        root: The tree.
        public: Its folder of static files: public, or dist as `make build` wrote it.
    """
    config = json.loads((root / "vercel.json").read_text("utf-8"))
    functions = {
        address_of(path, root): _load_function(path, root) for path in function_files(root)
    }
    rewrites = {rule["source"]: _Rewrite(rule) for rule in config.get("rewrites", [])}
    header_rules = [_HeaderRule(rule) for rule in config["headers"]]

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/health":
            return Response("ok")(environ, start_response)
        function = functions.get(path)
        if function is None and path in rewrites:
            function = functions.get(rewrites[path].function)
            environ = rewrites[path].apply(environ)

        def start(
            status: str, headers: list[tuple[str, str]], *rest: Any
        ) -> Callable[[bytes], object]:
            merged = Headers(headers)
            rules = _headers_for(path, header_rules)
            if function is None and status.startswith("404"):
                # What is missing now may be there after the next deploy.
                rules.pop("Cache-Control", None)
            for name, value in rules.items():
                # On Vercel a function's own header wins over the rule, and a file's does not.
                if function is None or name not in merged:
                    merged[name] = value
            return start_response(status, merged.to_wsgi_list(), *rest)

        answer = function or _static(Request(environ), root / public)
        return answer(environ, start)

    return app


def function_files(root: Path = ROOT) -> list[Path]:
    """Return the files of api/ that are functions; a leading underscore marks all others."""
    return sorted(
        path
        for path in (root / "api").rglob("*.py")
        if not any(name.startswith("_") for name in path.relative_to(root).parts)
    )


def address_of(path: Path, root: Path = ROOT) -> str:
    """Return the URL path of a function: /api/files for api/files.py."""
    return f"/{path.relative_to(root).with_suffix('').as_posix()}"


def _load_function(path: Path, root: Path) -> WSGIApplication:
    """Import a function's file by its path, because file names may have hyphens; return its app."""
    name = address_of(path, root).strip("/").replace("/", ".")
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
    """One entry of vercel.json's headers: a source pattern, and the headers it sets."""

    def __init__(self, rule: dict[str, Any]) -> None:
        self._source = re.compile(rule["source"])
        self.headers = {header["key"]: _localised(header) for header in rule["headers"]}

    def matches(self, path: str) -> bool:
        return self._source.fullmatch(path) is not None


def _headers_for(path: str, rules: list[_HeaderRule]) -> dict[str, str]:
    """Return the headers of all rules that match a path; the last rule wins."""
    headers: dict[str, str] = {}
    for rule in rules:
        if rule.matches(path):
            headers |= rule.headers
    return headers


def _localised(header: dict[str, str]) -> str:
    """Return a header's value for this deployment."""
    value: str = header["value"]
    return page_policy(value, os.environ) if header["key"] == "Content-Security-Policy" else value


def _static(request: Request, public: Path) -> WSGIApplication:
    """Serve public/ with clean URLs: /a serves a.html, and /a.html redirects to /a."""
    if request.path.startswith("/api/"):
        return _not_found(request, public)
    if request.method not in ("GET", "HEAD"):
        return Response("Method Not Allowed", 405, {"Allow": "GET, HEAD"})
    path = request.path.strip("/")
    if path.endswith(".html") or (path and request.path.endswith("/")):
        clean = path.removesuffix(".html").removesuffix("index").rstrip("/")
        query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
        return redirect(f"/{quote(clean)}{query}", 308)
    for candidate in (path, f"{path}.html", f"{path}/index.html".lstrip("/")):
        if candidate and _is_file(public / candidate):
            return _file(request, public, candidate)
    return _not_found(request, public)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or with characters that no file name can have
        return False


def _file(request: Request, public: Path, name: str) -> Response:
    try:
        return send_from_directory(public, name, request.environ, max_age=0)
    except NotFound:
        return _not_found(request, public)


def _not_found(request: Request, public: Path) -> Response:
    if request.path.startswith("/api/") or not (public / "404.html").is_file():
        return Response("The page could not be found", 404)
    response = send_from_directory(public, "404.html", request.environ, max_age=0)
    response.status_code = 404
    return response
