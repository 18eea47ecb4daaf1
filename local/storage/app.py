"""The stand-in as one WSGI application: CORS, size, signature, then moto."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode

from werkzeug.wrappers import Request, Response

from local.storage.bucket import Bucket
from local.storage.refusals import RefusalError
from local.storage.settings import Settings
from local.storage.signature import Signed, check_signature

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

IN_MEMORY_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024
PREFLIGHT_SECONDS = 3600

_READING = frozenset({"GET", "HEAD"})
_METHODS = frozenset({*_READING, "PUT", "POST", "DELETE"})
# As Supabase's gateway answers every storage request.
_CORS = {"Access-Control-Allow-Origin": "*"}
_HOP = frozenset({"authorization", "host", "connection", "content-length", "transfer-encoding"})


def create_app() -> WSGIApplication:
    """Make the application from the environment."""
    settings = Settings.from_environment(os.environ)
    bucket = Bucket(settings.bucket, settings.folder)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = _answer(request, settings, bucket)
        except RefusalError as error:
            response = error.response()
        for name in [name for name, _ in response.headers if name.lower().startswith("access-")]:
            del response.headers[name]
        response.headers.update(_CORS)
        if request.method == "OPTIONS":
            response.headers.update(_preflight(request))
        return response(environ, start_response)

    return app


def _preflight(request: Request) -> dict[str, str]:
    return {
        "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT",
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", ""),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }


def _answer(request: Request, settings: Settings, bucket: Bucket) -> Response:
    if request.path == "/health":
        return Response("ok")
    if request.method == "OPTIONS":
        return Response(status=HTTPStatus.OK)
    if request.method not in _METHODS:
        raise RefusalError(
            "MethodNotAllowed", "The method is not allowed here.", HTTPStatus.METHOD_NOT_ALLOWED
        )
    raw_path, _, query = _target(request).partition("?")
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as body:
        digest = _receive(request, body, settings)
        headers = {name.lower(): value for name, value in request.headers.items()}
        url = f"{request.scheme}://{request.headers.get('host', '')}{raw_path}"
        signed = Signed(request.method, url, query, headers, digest)
        check_signature(signed, settings, now=datetime.now(UTC))
        path = unquote(raw_path).removeprefix(settings.prefix)
        if not raw_path.startswith(f"{settings.prefix}/") or not _is_in(path, settings):
            raise RefusalError(
                "NoSuchBucket", "The specified bucket does not exist", HTTPStatus.NOT_FOUND
            )
        # What only signs is not moto's business.
        asked = urlencode(
            {name: value for name, value in signed.parameters.items() if name[:6] != "X-Amz-"}
        )
        passed = {name: value for name, value in headers.items() if name not in _HOP}
        if request.method in _READING:
            return bucket.read(request.method, path, asked, passed)
        body.seek(0)
        response = bucket.change(request.method, path, asked, passed, body)
        if bucket.size(path) > settings.max_file_bytes:
            bucket.change("DELETE", path, "", {}, io.BytesIO())
            raise _too_large()
        return response


def _target(request: Request) -> str:
    """Return path and query as they were sent, which is what is signed."""
    target: str = request.environ.get("RAW_URI") or request.environ["REQUEST_URI"]
    return target


def _is_in(path: str, settings: Settings) -> bool:
    return path == f"/{settings.bucket}" or path.startswith(f"/{settings.bucket}/")


def _receive(request: Request, body: IO[bytes], settings: Settings) -> str:
    """Read the body, whole, and return its digest."""
    if request.method == "PUT" and request.content_length is None:
        raise RefusalError(
            "MissingContentLength",
            "You must provide the Content-Length HTTP header.",
            HTTPStatus.LENGTH_REQUIRED,
        )
    if (request.content_length or 0) > settings.max_file_bytes:
        raise _too_large()
    digest, left = hashlib.sha256(), request.content_length or 0
    while left and (chunk := request.stream.read(min(CHUNK_BYTES, left))):
        digest.update(chunk)
        body.write(chunk)
        left -= len(chunk)
    if left:
        raise RefusalError(
            "IncompleteBody", "You did not provide the bytes you announced.", HTTPStatus.BAD_REQUEST
        )
    return digest.hexdigest()


def _too_large() -> RefusalError:
    return RefusalError(
        "EntityTooLarge",
        "The object exceeded the maximum allowed size",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )
