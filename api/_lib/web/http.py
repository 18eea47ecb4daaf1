"""The WSGI edge: request in, JSON out, every error turned into its answer in one place.

Plain WSGI because that is all these endpoints need and a cold start pays for every import
(docs/decisions/0001-plain-wsgi.md).
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from dataclasses import dataclass, field
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY_BYTES = 16 * 1024
MAX_QUERY_FIELDS = 20

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?", re.ASCII)

# Where nobody has set logging up (Vercel's runtime has), lines go to standard error.
logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
_log = logging.getLogger("purse")
_log.setLevel(logging.INFO)


@dataclass(frozen=True)
class Request:
    """One HTTP request, its body read whole and within the endpoint's limit."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the header's value, whatever the case of its name."""
        return self.headers.get(name.lower())

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        Raises:
            UnsupportedMediaTypeError: The body is not declared as JSON.
            InvalidRequestError: It is not a JSON object.
        """
        content_type = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise UnsupportedMediaTypeError
        value = parse_json(self.body)
        if not isinstance(value, dict):
            raise InvalidRequestError("The body must be a JSON object.", code="invalid_json")
        return value

    def idempotency_key(self) -> str | None:
        """Return the caller's Idempotency-Key, or None without one.

        Raises:
            InvalidRequestError: It is empty, too long, or not printable ASCII.
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


@dataclass(frozen=True)
class Response:
    """An answer: a JSON value, a status and headers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


if TYPE_CHECKING:
    Handler = Callable[[Request], Response]


def parse_json(body: bytes) -> Any:
    """Parse JSON that a stranger sent.

    Raises:
        InvalidRequestError: Not UTF-8, not JSON, or nested too deeply to be meant.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is not valid JSON.", code="invalid_json") from None


def endpoint(
    *,
    get: Handler | None = None,
    post: Handler | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> WSGIApplication:
    """Make the WSGI application of one endpoint from a handler for each method.

    HEAD is answered as GET without the body. Answers are not to be stored unless the handler says
    otherwise. An unexpected exception is logged without its text, which may hold what a user sent,
    and answered 500.
    """
    handlers = {"GET": get, "HEAD": get, "POST": post}
    allowed = ", ".join(method for method, handler in handlers.items() if handler)

    def refuse(_request: Request) -> Response:
        raise MethodNotAllowedError(allowed)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        try:
            handler = handlers.get(method) or refuse
            response = handler(_read_request(environ, max_body_bytes))
        except PurseError as error:
            response = _error_response(error)
        except Exception as error:  # noqa: BLE001 - the one place where the unforeseen ends
            _log_unexpected(environ, error)
            response = _error_response(PurseError())

        content = json.dumps(response.body, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            **response.headers,
            "Content-Length": str(len(content)),
        }
        status = HTTPStatus(response.status)
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return [] if method == "HEAD" else [content]

    return app


def _read_request(environ: WSGIEnvironment, max_body_bytes: int) -> Request:
    try:
        query = parse_qs(
            environ.get("QUERY_STRING", ""),
            keep_blank_values=True,
            max_num_fields=MAX_QUERY_FIELDS,
        )
    except ValueError:
        raise InvalidRequestError("Too many query parameters.") from None
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    return Request(
        method=environ["REQUEST_METHOD"],
        query={name: values[-1] for name, values in query.items()},
        headers=headers,
        body=_read_body(environ, max_body_bytes),
    )


def _read_body(environ: WSGIEnvironment, max_body_bytes: int) -> bytes:
    """Read at most the limit, and one byte more to know that there is more."""
    declared = environ.get("CONTENT_LENGTH") or ""
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if not declared and not chunked:
        return b""
    if declared:
        if not (declared.isascii() and declared.isdigit()):
            raise InvalidRequestError("Content-Length is not a number.")
        # Compared as text first: int() refuses thousands of digits with an error of its own.
        if len(declared) > len(str(max_body_bytes)) or int(declared) > max_body_bytes:
            raise BodyTooLargeError
        limit = int(declared)
    else:
        limit = max_body_bytes + 1
    try:
        body: bytes = environ["wsgi.input"].read(limit)
    except Exception:  # noqa: BLE001 - a broken chunk or a hang-up: each server has its own error
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


def _log_unexpected(environ: WSGIEnvironment, error: Exception) -> None:
    """Log what happened and where, but not the exception's text: it may quote personal data."""
    frames = traceback.extract_tb(sys.exc_info()[2])
    code = getattr(error, "code", None)
    _log.error(
        "%s %s: unexpected %s%s at %s",
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO", ""),
        type(error).__name__,
        f" {code}" if isinstance(code, str) else "",
        " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames)),
    )
