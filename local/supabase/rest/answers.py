"""HTTP answers of `/rest/v1`."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, jsonify

from local.supabase.rest.negotiation import JSON
from local.supabase.rest.ranges import Extent, Range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.supabase.rest.negotiation import Preferences, Shape
    from local.supabase.rest.statements import Result


def rows_response(  # noqa: PLR0913 -- each is another part of the answer
    result: Result,
    asked: Range,
    shape: Shape,
    preferences: Preferences,
    *,
    profile: str | None,
    location: str | None = None,
) -> Response:
    """Return the answer with rows, or with 204 for a function without a result."""
    extent = Extent(asked, result.rows, result.total)
    response = Response(status=204 if result.body is None else extent.status)
    del response.headers["Content-Type"]
    response.headers["Content-Range"] = extent.header
    if location is not None:
        response.headers["Content-Location"] = location
    if preferences.applied:
        response.headers["Preference-Applied"] = preferences.applied
    if result.body is None:
        return response
    if extent.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        response.data = json.dumps(extent.error().body(), separators=(",", ":")).encode()
    elif not shape.headers_only:
        response.data = result.body.encode()
    response.headers["Content-Type"] = f"{shape.media_type}; charset=utf-8"
    if profile is not None:
        response.headers["Content-Profile"] = profile
    return response


def json_response(
    body: object,
    status: int,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer that Postgres did not render."""
    response = jsonify(body)
    response.status_code = status
    response.headers["Content-Type"] = f"{JSON}; charset=utf-8"
    response.headers.update(headers or {})
    return response
