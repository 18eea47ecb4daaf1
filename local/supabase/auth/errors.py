"""Errors of `/auth/v1`, in GoTrue's words and in both of its shapes."""

from __future__ import annotations

import re

from flask import Response, jsonify, request

VERSION_HEADER = "X-Supabase-Api-Version"
_NEW_SHAPE_SINCE = "2024-01-01"
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


class AuthError(Exception):
    """An error that the client receives, with GoTrue's status and code."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        reasons: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.reasons = reasons


def unavailable() -> AuthError:
    """Return the error for a database failure."""
    return AuthError(500, "unexpected_failure", "Database error querying schema")


def invalid(message: str) -> AuthError:
    """Return the error for a request that cannot be meant."""
    return AuthError(400, "validation_failed", message)


def respond(error: AuthError) -> Response:
    """Return an error as a response, in the shape of the client's API version."""
    version = request.headers.get(VERSION_HEADER, "")
    if _DATE.fullmatch(version) and version >= _NEW_SHAPE_SINCE:
        body: dict[str, object] = {"code": error.code, "message": error.message}
    else:
        version = ""
        body = {"code": error.status, "error_code": error.code, "msg": error.message}
    if error.reasons:
        body["weak_password"] = {"reasons": list(error.reasons)}
    response = jsonify(body)
    response.status_code = error.status
    response.headers["X-Sb-Error-Code"] = error.code
    if version:
        response.headers[VERSION_HEADER] = _NEW_SHAPE_SINCE
    return response
