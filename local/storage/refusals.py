"""Errors as S3 answers them."""

from __future__ import annotations

from http import HTTPStatus
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response


class RefusalError(Exception):
    """A request that S3 refuses.

    Args:
        code: S3's name for what is wrong.
        message: Its sentence.
        status: Its HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = HTTPStatus.FORBIDDEN) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status

    def response(self) -> Response:
        """Return the answer."""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
        )
        return Response(body, self.status, content_type="application/xml")
