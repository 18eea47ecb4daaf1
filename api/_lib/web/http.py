"""The WSGI edge: reads requests, answers JSON, and turns every error into its answer in one place.

Plain WSGI, because these endpoints need no more and a cold start pays for every import
(docs/decisions/0001-plain-wsgi.md).
"""

from __future__ import annotations

import json
import re
import socketserver
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from api._lib.errors import (
    BodyTooLargeError,
    InvalidRequestError,
    MethodNotAllowedError,
    PurseError,
    UnsupportedMediaTypeError,
)
from api._lib.request_log import RequestLog, log_unexpected, logged, note, set_logging_up
from api._lib.web.cors import cors_headers, preflight_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY_BYTES = 16 * 1024
MAX_QUERY_FIELDS = 20

# Vercel's runtime serves us with http.server. Its backlog of 5 would make the slowest of 50
# simultaneous requests wait for seconds. The runtime binds its socket after this import.
socketserver.TCPServer.request_queue_size = 1024

set_logging_up()

_HEADER_VALUE = re.compile(r"[\x20-\x7e]*", re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?", re.ASCII)


@dataclass(frozen=True)
class Request:
    """One HTTP request. Its body was read whole and is within the endpoint's limit."""

    method: str
    query: Mapping[str, str]
    environ: Mapping[str, Any]
    body: bytes
    remote_address: str = ""

    def header(self, name: str) -> str | None:
        """Return the header's value, or None. The name's case does not matter."""
        variable = name.upper().replace("-", "_")
        value: str | None = self.environ.get(
            variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"
        )
        return value

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        Raises:
            UnsupportedMediaTypeError: The Content-Type is not JSON.
            InvalidRequestError: The body is not a JSON object.
        """
        content_type = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise UnsupportedMediaTypeError
        value = parse_json(self.body)
        if not isinstance(value, dict):
            raise InvalidRequestError("The body must be a JSON object.", code="invalid_json")
        return value

    def idempotency_key(self) -> str | None:
        """Return the caller's Idempotency-Key, or None if there is none.

        Raises:
            InvalidRequestError: The key is empty, too long, or not printable ASCII.
        """
        key = self.header("idempotency-key")
        if key is None:
            return None
        if not _IDEMPOTENCY_KEY.fullmatch(key):
            raise InvalidRequestError(
                "The Idempotency-Key must be 1 to 255 printable ASCII characters.",
                code="invalid_idempotency_key",
            )
        return key

    def required_idempotency_key(self, otherwise: str) -> str:
        """Return the caller's Idempotency-Key, where a request needs one.

        Raises:
            InvalidRequestError: There is none, and `otherwise` is the message; or it is invalid.
        """
        key = self.idempotency_key()
        if key is None:
            raise InvalidRequestError(otherwise, code="invalid_idempotency_key")
        return key


@dataclass(frozen=True)
class Response:
    """An answer: a JSON value, or bytes with their Content-Type; a status and headers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


if TYPE_CHECKING:
    Handler = Callable[[Request], Response]


def parse_json(body: bytes) -> Any:
    """Parse JSON from an untrusted client.

    Raises:
        InvalidRequestError: The body is not UTF-8, is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is not valid JSON.", code="invalid_json") from None


def endpoint(
    *,
    get: Handler | None = None,
    post: Handler | None = None,
    delete: Handler | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    cross_origin: Collection[str] | None = None,
) -> WSGIApplication:
    """Make the WSGI application of one endpoint from a handler for each method.

    Args:
        get: Answers GET and HEAD.
        post: Answers POST.
        delete: Answers DELETE.
        max_body_bytes: The largest body that is read.
        cross_origin: The request headers that pages of ALLOWED_ORIGINS may send. None: no page of
            another origin may read the answers.

    HEAD is answered as GET without the body. Answers carry Cache-Control: no-store unless the
    handler sets another. An unexpected exception is logged without its text, which may quote what a
    user sent, and is answered 500. Each request is one line in the log; the answer's X-Request-Id
    names it, and Server-Timing says where the time went.

    The answer is encoded whole before start_response is called. Vercel's runtime sends nothing at
    all if the application raises before that call, and cannot replace an answer after it.
    """
    handlers = {"GET": get, "HEAD": get, "POST": post, "DELETE": delete}
    allowed = ", ".join(method for method, handler in handlers.items() if handler)

    def refuse(_request: Request) -> Response:
        raise MethodNotAllowedError(allowed)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if cross_origin is not None and method == "OPTIONS":
            headers = preflight_headers(environ, methods=allowed, headers=cross_origin)
            if headers is not None:
                start_response("204 No Content", headers)
                return []
        log = RequestLog(method, environ.get("PATH_INFO", ""), environ.get("HTTP_X_VERCEL_ID", ""))
        with logged(log):
            try:
                handler = handlers.get(method) or refuse
                answer = _encode(handler(_read_request(environ, max_body_bytes)))
            except PurseError as error:
                note(outcome=error.code)
                answer = _encode(_error_response(error))
            except Exception as error:  # noqa: BLE001 - the one place that catches every exception
                log_unexpected(error)
                note(outcome=PurseError.code)
                answer = _encode(_error_response(PurseError()))
        shared = [] if cross_origin is None else cors_headers(environ)
        headers = [*answer.headers, *log.end(answer.status), *shared]
        start_response(answer.status_line, headers)
        return [] if method == "HEAD" else [answer.content]

    return app


@dataclass(frozen=True)
class _Answer:
    """A response in the form that WSGI sends."""

    status: int
    status_line: str
    headers: list[tuple[str, str]]
    content: bytes


# Letters as they are: an escape such as \u4e2d is twice as long.
_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def _encode(response: Response) -> _Answer:
    """Encode a response.

    Raises:
        ValueError: A header could not be sent, or the status or body is not valid.
        TypeError: The body is not a JSON value.
    """
    # UTF-8 cannot hold a lone surrogate. It becomes an escape; backslashreplace writes the one that
    # JSON has for it.
    content = (
        response.body
        if isinstance(response.body, bytes)
        else _JSON.encode(response.body).encode("utf-8", "backslashreplace")
    )
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        **response.headers,
        "Content-Length": str(len(content)),
    }
    for name, value in response.headers.items():
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError(name)
    return _Answer(response.status, _status_line(response.status), list(headers.items()), content)


@cache
def _status_line(status: int) -> str:
    known = HTTPStatus(status)
    return f"{known.value} {known.phrase}"


def _read_request(environ: WSGIEnvironment, max_body_bytes: int) -> Request:
    query_string = environ.get("QUERY_STRING", "")
    try:
        query = query_string and parse_qs(
            query_string, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS
        )
    except ValueError:
        raise InvalidRequestError("Too many query parameters.") from None
    return Request(
        method=environ["REQUEST_METHOD"],
        query={name: values[-1] for name, values in query.items()} if query else {},
        environ=environ,
        body=_read_body(environ, max_body_bytes),
        remote_address=environ.get("REMOTE_ADDR", ""),
    )


def _read_body(environ: WSGIEnvironment, max_body_bytes: int) -> bytes:
    """Read the body; without a declared length, up to one byte beyond the limit."""
    declared = environ.get("CONTENT_LENGTH") or ""
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if not declared and not chunked:
        return b""
    if declared:
        if not (declared.isascii() and declared.isdigit()):
            raise InvalidRequestError("Content-Length is not a number.")
        # The number of digits is compared first, because int() raises on thousands of them.
        if len(declared) > len(str(max_body_bytes)) or int(declared) > max_body_bytes:
            raise BodyTooLargeError
        limit = int(declared)
    else:
        limit = max_body_bytes + 1
    try:
        body: bytes = environ["wsgi.input"].read(limit)
    except Exception:  # noqa: BLE001 - each server has its own error for a broken chunk or a hang-up
        raise InvalidRequestError("The body could not be read.") from None
    if len(body) > max_body_bytes:
        raise BodyTooLargeError
    return body


def _error_response(error: PurseError) -> Response:
    return Response(
        {"error": {"code": error.code, "message": error.message, **error.details}},
        status=error.status,
        headers=error.headers,
    )
