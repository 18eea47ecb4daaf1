"""Serve `/rest/v1` as PostgREST 12 does.

Only POST of JSON to `rpc/…` is supported. Purse and supabase-py's `rpc()` use nothing else.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psycopg
from flask import Blueprint, Response, g, jsonify, request

from local.supabase.access import require_api_key
from local.supabase.pool import DatabaseUnreachableError, PoolBusyError
from local.supabase.rest import errors
from local.supabase.rest.call import RequestFacts, Result, invoke
from local.supabase.rest.errors import RestError
from local.supabase.rest.negotiation import JSON, Shape, negotiate
from local.supabase.rest.payload import read_payload
from local.supabase.rest.routines import SCHEMA, choose
from local.supabase.rest.tokens import ANONYMOUS_ROLE, Caller, bearer_token, caller_of_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.supabase.keys import SigningKey
    from local.supabase.pool import Pool
    from local.supabase.settings import Settings

_logger = logging.getLogger(__name__)
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def create_rest(settings: Settings, pool: Pool, key: SigningKey) -> Blueprint:
    """Return the blueprint of `/rest/v1`."""
    blueprint = Blueprint("rest", __name__, url_prefix="/rest/v1")
    blueprint.before_request(lambda: require_api_key(settings))

    @blueprint.errorhandler(RestError)
    def refuse(error: RestError) -> Response:
        if error.status >= 500:  # noqa: PLR2004
            _logger.warning("%r answered %d (%s)", request.path, error.status, error.code)
        return _json_response(error.body(), error.status, error.headers)

    @blueprint.route("/", defaults={"path": ""}, methods=_METHODS)
    @blueprint.route("/<path:path>", methods=_METHODS)
    def answer(path: str) -> Response:
        caller = _caller(key)
        folder, slash, name = path.partition("/")
        if folder != "rpc" or not slash or "/" in name:
            return _json_response({}, 404)
        if request.method != "POST":
            raise RestError(405, "PGRST101", f"Cannot use the {request.method} method on RPC")
        return _call(pool, name, caller)

    return blueprint


def _caller(key: SigningKey) -> Caller:
    """Return the caller: the user of the access token, or else the role of the API key."""
    authorization = request.headers.get("Authorization", "")
    token = bearer_token(authorization)
    if not authorization or token.startswith("sb_"):
        return Caller.of_role(g.api_role)
    return caller_of_token(token, key) if token else Caller.of_role(ANONYMOUS_ROLE)


def _call(pool: Pool, name: str, caller: Caller) -> Response:
    if request.query_string:
        raise RestError(400, "PGRST100", "This gateway takes no query parameters")
    profile = request.headers.get("Content-Profile")
    if profile not in (None, SCHEMA):
        raise RestError(406, "PGRST106", f"The schema must be one of the following: {SCHEMA}")
    payload = read_payload(request.get_data(), request.headers.get("Content-Type", ""))
    try:
        with pool.connection() as connection, connection.transaction():
            routine = choose(connection, name, payload.keys)
            shape = negotiate(
                request.headers.get("Accept", ""),
                request.headers.get("Prefer", ""),
            )
            result = invoke(
                connection, routine, payload, caller, _facts(name), singular=shape.singular
            )
    except DatabaseUnreachableError as error:
        raise errors.unreachable(error) from None
    except PoolBusyError:
        raise errors.pool_busy() from None
    except psycopg.Error as error:
        raise errors.from_postgres(error, anonymous=caller.anonymous) from error
    return _answer(result, shape, profile)


def _facts(name: str) -> RequestFacts:
    headers = {
        key.lower(): value.encode("latin-1").decode(errors="replace")
        for key, value in request.headers.items()
        if key.lower() != "cookie"
    }
    return RequestFacts(request.method, f"/rpc/{name}", headers, request.cookies)


def _answer(result: Result, shape: Shape, profile: str | None) -> Response:
    total = str(result.rows) if shape.counts_rows else "*"
    range_of_rows = f"0-{result.rows - 1}" if result.rows else "*"
    response = Response(status=204 if result.body is None else 200)
    del response.headers["Content-Type"]
    response.headers["Content-Range"] = f"{range_of_rows}/{total}"
    if shape.applied:
        response.headers["Preference-Applied"] = shape.applied
    if result.body is not None:
        response.data = result.body.encode()
        response.headers["Content-Type"] = f"{shape.media_type}; charset=utf-8"
        if profile is not None:
            response.headers["Content-Profile"] = profile
    return response


def _json_response(
    body: object,
    status: int,
    headers: Mapping[str, str] | None = None,
) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers["Content-Type"] = f"{JSON}; charset=utf-8"
    response.headers.update(headers or {})
    return response
