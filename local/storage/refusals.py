"""Errors as the real server answers them: XML by S3, JSON by REST."""

from __future__ import annotations

import json
from http import HTTPStatus
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

XML_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class RefusalError(Exception):
    """A request that is refused.

    Args:
        code: Supabase's name for the error.
        message: The sentence for the caller.
        status: The HTTP status over S3; REST tells it in the body.
        error: What REST calls the error, where that differs from the code.
    """

    def __init__(
        self, code: str, message: str, status: int = HTTPStatus.FORBIDDEN, error: str = ""
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = int(status)
        self.error = error or code

    def as_xml(self) -> Response:
        """Return S3's answer."""
        body = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
            f'<Error xmlns="{XML_NAMESPACE}"><Code>{self.code}</Code>'
            f"<Message>{escape(self.message)}</Message></Error>"
        )
        return Response(body, self.status, content_type="application/xml; charset=utf-8")

    def as_json(self) -> Response:
        """Return REST's answer: always 400, with the true status as text in the body."""
        body = {
            "statusCode": str(self.status),
            "error": self.error,
            "message": self.message,
            "code": self.code,
        }
        return Response(
            json.dumps(body), HTTPStatus.BAD_REQUEST, content_type="application/json; charset=utf-8"
        )


def no_such_route(method: str, path: str) -> Response:
    """Return the answer to a path or method that the server does not know. It has no S3 code."""
    body = {"message": f"Route {method}:{path} not found", "error": "Not Found", "statusCode": 404}
    return Response(json.dumps(body), HTTPStatus.NOT_FOUND, content_type="application/json")


def no_such_bucket() -> RefusalError:
    """Return the error of a bucket that does not exist."""
    return RefusalError("NoSuchBucket", "Bucket not found", 404, "Bucket not found")


def no_such_key() -> RefusalError:
    """Return the error of an object that does not exist."""
    return RefusalError("NoSuchKey", "Object not found", 404, "not_found")


def too_large() -> RefusalError:
    """Return the error of an object or a limit that is too large."""
    message = "The object exceeded the maximum allowed size"
    return RefusalError("EntityTooLarge", message, 413, "Payload too large")


def not_implemented() -> RefusalError:
    """Return the error of a request that the real server knows and this one does not."""
    return RefusalError("NotImplemented", "The stand-in does not implement this.", 501)
