"""The stand-in as one WSGI application: the gateway's CORS, then REST, or a signature and S3."""

from __future__ import annotations

import hashlib
import os
import tempfile
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from local.storage.buckets import Buckets
from local.storage.objects import Objects
from local.storage.refusals import RefusalError, no_such_route, too_large
from local.storage.s3 import S3, S3Request
from local.storage.settings import Settings
from local.storage.signature import Signed, check_signature

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

IN_MEMORY_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
PREFLIGHT_SECONDS = 3600

_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})
# Headers that moto must not see: those of the connection, and a condition that Supabase ignores.
_DROPPED = frozenset(
    {"authorization", "host", "connection", "content-length", "transfer-encoding", "if-none-match"}
)
# A multipart upload's parts are counted against the bucket's limit, a single upload also against
# the server's. Nothing is larger than this.
_MAX_BODY_BYTES = 200_000_000


def create_app() -> WSGIApplication:
    """Make the application from the environment."""
    settings = Settings.from_environment(os.environ)
    settings.folder.mkdir(parents=True, exist_ok=True)
    objects = Objects(settings.folder)
    buckets = Buckets(settings, objects)
    s3 = S3(buckets, objects, settings.max_file_bytes)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        response = _answer(request, settings, buckets, s3)
        _add_cors(request, response, settings)
        return response(environ, start_response)

    return app


def _answer(request: Request, settings: Settings, buckets: Buckets, s3: S3) -> Response:
    if request.path == "/health":
        return Response("ok")
    if request.method == "OPTIONS" and settings.allowed_origin:
        return Response(status=HTTPStatus.OK)
    if request.path.startswith(f"{settings.s3_path}/") and request.method in _METHODS:
        try:
            return _answer_s3(request, settings, s3)
        except RefusalError as error:
            response = error.as_xml()
            if request.method == "HEAD":
                response.data = b""
            return response
    if request.path.startswith(f"{settings.rest_path}/bucket"):
        return buckets.answer(request, request.path.removeprefix(settings.rest_path))
    return no_such_route(request.method, request.path)


def _answer_s3(request: Request, settings: Settings, s3: S3) -> Response:
    raw_path, _, query = _target(request).partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as body:
        digest, size = _receive(request, body)
        url = f"{request.scheme}://{request.headers.get('host', '')}{raw_path}"
        signed = Signed(request.method, url, query, headers, digest)
        check_signature(signed, settings, now=datetime.now(UTC))
        body.seek(0)
        parameters = signed.parameters.items()
        return s3.answer(
            S3Request(
                method=request.method,
                path=unquote(raw_path).removeprefix(settings.s3_path),
                query={name: text for name, text in parameters if not name.startswith("X-Amz-")},
                headers={name: text for name, text in headers.items() if name not in _DROPPED},
                body=body,
                size=int(headers.get("x-amz-decoded-content-length", size)),
            )
        )


def _target(request: Request) -> str:
    """Return path and query as they were sent, because these are signed."""
    target: str = request.environ.get("RAW_URI") or request.environ["REQUEST_URI"]
    return target


def _receive(request: Request, body: IO[bytes]) -> tuple[str, int]:
    """Read the whole body; return its digest and size."""
    if (request.content_length or 0) > _MAX_BODY_BYTES:
        raise too_large()
    digest, size = hashlib.sha256(), 0
    while chunk := request.stream.read(CHUNK_BYTES):
        digest.update(chunk)
        body.write(chunk)
        size += len(chunk)
    if size < (request.content_length or 0):
        raise RefusalError("IncompleteBody", "Fewer bytes came than Content-Length says.", 400)
    return digest.hexdigest(), size


def _add_cors(request: Request, response: Response, settings: Settings) -> None:
    """Add the gateway's headers; those that moto made are not the gateway's."""
    for name in [name for name, _ in response.headers if name.lower().startswith("access-")]:
        del response.headers[name]
    if not settings.allowed_origin:
        return
    response.headers["Access-Control-Allow-Origin"] = settings.allowed_origin
    if request.method == "OPTIONS":
        asked = request.headers.get("Access-Control-Request-Headers", "")
        response.headers["Access-Control-Allow-Methods"] = (
            "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"
        )
        response.headers["Access-Control-Allow-Headers"] = asked
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
