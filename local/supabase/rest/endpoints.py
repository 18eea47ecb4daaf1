"""Serve `/rest/v1` as PostgREST 12 does.

Tables and views are read, and functions called. What PostgREST can do beyond that is answered 501
with its name.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import psycopg
from flask import Blueprint, Response, g, request

from local.supabase.access import require_api_key
from local.supabase.pool import DatabaseUnreachableError, PoolBusyError
from local.supabase.rest import errors
from local.supabase.rest.answers import json_response, rows_response
from local.supabase.rest.call import invoke
from local.supabase.rest.errors import NotFoundError, RestError, unsupported
from local.supabase.rest.negotiation import (
    Preferences,
    Shape,
    negotiate,
    passes_single_object,
    read_preferences,
)
from local.supabase.rest.parameters import read_query
from local.supabase.rest.payload import of_query, read_arguments, read_rows
from local.supabase.rest.plan import asked_range, make_plan
from local.supabase.rest.read import read_table
from local.supabase.rest.routines import SCHEMA, choose
from local.supabase.rest.tokens import ANONYMOUS_ROLE, Caller, bearer_token, caller_of_token
from local.supabase.rest.transaction import RequestFacts, Session
from local.supabase.rest.write import Write, refuse, require_range_allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.supabase.keys import SigningKey
    from local.supabase.pool import Pool
    from local.supabase.rest.query import Query
    from local.supabase.settings import Settings

_logger = logging.getLogger(__name__)
_READING = ("GET", "HEAD")
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def create_rest(settings: Settings, pool: Pool, key: SigningKey) -> Blueprint:
    """Return the blueprint of `/rest/v1`."""
    blueprint = Blueprint("rest", __name__, url_prefix="/rest/v1")
    blueprint.before_request(lambda: require_api_key(settings))

    @blueprint.errorhandler(RestError)
    def fail(error: RestError) -> Response:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _logger.warning("%r answered %d (%s)", request.path, error.status, error.code)
        return json_response(error.body(), error.status, error.headers)

    @blueprint.errorhandler(NotFoundError)
    def miss(_error: NotFoundError) -> Response:
        return json_response({}, 404)

    @blueprint.route("/", defaults={"path": ""}, methods=_METHODS)
    @blueprint.route("/<path:path>", methods=_METHODS)
    def answer(path: str) -> Response:
        caller = _caller(key)
        folder, slash, name = path.partition("/")
        if folder == "rpc" and slash and "/" not in name:
            return _call(pool, name, caller)
        if path and not slash:
            return _read_or_write(pool, path, caller)
        if not path and request.method in _READING:
            raise unsupported("the description of the schema (OpenAPI)")
        raise NotFoundError

    return blueprint


def _caller(key: SigningKey) -> Caller:
    """Return the caller: the user of the access token, or else the role of the API key."""
    authorization = request.headers.get("Authorization", "")
    token = bearer_token(authorization)
    if not authorization or token.startswith("sb_"):
        return Caller.of_role(g.api_role)
    return caller_of_token(token, key) if token else Caller.of_role(ANONYMOUS_ROLE)


def _read_or_write(pool: Pool, name: str, caller: Caller) -> Response:
    query = read_query(request.query_string)
    profile = _profile()
    if request.method in _READING:
        return _read(pool, name, query, caller, profile)
    return _write(pool, name, query, caller)


def _read(pool: Pool, name: str, query: Query, caller: Caller, profile: str | None) -> Response:
    asked = asked_range(query, _range_header())
    plan = make_plan(query, asked)
    shape, preferences = _shape()
    with _session(pool, caller) as session:
        result = read_table(session, name, plan, shape)
    location = f"/{name}" + (f"?{query.canonical}" if query.canonical else "")
    return rows_response(result, asked, shape, preferences, profile=profile, location=location)


def _write(pool: Pool, name: str, query: Query, caller: Caller) -> Response:
    asked = asked_range(query, None)
    require_range_allowed(query, request.method)
    payload = None
    if request.method != "DELETE":
        content_type = request.headers.get("Content-Type", "")
        payload = read_rows(request.get_data(), content_type, query.columns)
    plan = make_plan(query, asked)
    _, preferences = _shape()
    returns_rows = preferences.representation == "return=representation"
    with _session(pool, caller) as session:
        raise refuse(session, Write(name, query, plan, payload, returns_rows))


def _call(pool: Pool, name: str, caller: Caller) -> Response:
    by_query = request.method in _READING
    if not by_query and request.method != "POST":
        raise RestError(405, "PGRST101", f"Cannot use the {request.method} method on RPC")
    query = read_query(request.query_string, calls_function=by_query)
    profile = _profile()
    asked = asked_range(query, _range_header())
    if passes_single_object(request.headers.get("Prefer", "")):
        raise unsupported("Prefer: params=single-object")
    if query.columns is not None:
        raise unsupported("columns= of a function's arguments")
    if by_query:
        payload = of_query(query.arguments, None)
    else:
        payload = read_arguments(request.get_data(), request.headers.get("Content-Type", ""))
    with _session(pool, caller) as session:
        routine = choose(session.connection, name, payload.keys, has_body=not by_query)
        plan = make_plan(query, asked)
        if by_query and routine.variadic:
            payload = of_query(query.arguments, routine.names[-1])
        shape, preferences = _shape()
        result = invoke(session, routine, payload, plan, shape)
    return rows_response(result, asked, shape, preferences, profile=profile)


@contextmanager
def _session(pool: Pool, caller: Caller) -> Iterator[Session]:
    """Open a transaction; every failure of the database becomes PostgREST's error."""
    try:
        with pool.connection() as connection, connection.transaction():
            yield Session(connection, caller, _facts())
    except DatabaseUnreachableError as error:
        raise errors.unreachable(error) from None
    except PoolBusyError:
        raise errors.pool_busy() from None
    except psycopg.Error as error:
        raise errors.from_postgres(error, anonymous=caller.anonymous) from error


def _profile() -> str | None:
    """Return the schema that the request names."""
    name = "Accept-Profile" if request.method in _READING else "Content-Profile"
    profile = request.headers.get(name)
    if profile not in (None, SCHEMA):
        raise RestError(406, "PGRST106", f"The schema must be one of the following: {SCHEMA}")
    return profile


def _range_header() -> str | None:
    return request.headers.get("Range") if request.method == "GET" else None


def _shape() -> tuple[Shape, Preferences]:
    media_type = negotiate(request.headers.get("Accept", ""))
    preferences = read_preferences(request.headers.get("Prefer", ""))
    preferences.require_known()
    return Shape(media_type, preferences.count, request.method == "HEAD"), preferences


def _facts() -> RequestFacts:
    headers = {
        key.lower(): value.encode("latin-1").decode(errors="replace")
        for key, value in request.headers.items()
        if key.lower() != "cookie"
    }
    path = request.path.removeprefix("/rest/v1")
    return RequestFacts(request.method, path, headers, request.cookies)
