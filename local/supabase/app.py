"""The gateway as one WSGI application."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from local.supabase.access import add_cors, answer_preflight, discard_unread_body
from local.supabase.auth.endpoints import create_auth
from local.supabase.keys import load_or_create
from local.supabase.pool import DatabaseUnreachableError, Pool, PoolBusyError
from local.supabase.rest.endpoints import create_rest
from local.supabase.settings import Settings
from local.supabase.storage import create_storage

if TYPE_CHECKING:
    from collections.abc import Mapping

BODY_BYTES_AT_MOST = 1024 * 1024
REST_CONNECTIONS = 16
AUTH_CONNECTIONS = 4


def create_app(environment: Mapping[str, str] | None = None) -> Flask:
    """Return the application; settings come from the environment unless given.

    Raises:
        SystemExit: A setting is missing, or the signing key cannot be read.
    """
    settings = Settings.from_environment(environment or os.environ)
    key = load_or_create(settings.state)
    rest_pool = Pool(settings.rest_database_url, size=REST_CONNECTIONS)
    auth_pool = Pool(settings.auth_database_url, size=AUTH_CONNECTIONS)

    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_AT_MOST
    app.before_request(answer_preflight)
    app.after_request(add_cors)
    app.after_request(discard_unread_body)
    app.register_blueprint(create_rest(settings, rest_pool, key))
    app.register_blueprint(create_auth(settings, auth_pool, key))
    app.register_blueprint(create_storage(settings))

    @app.get("/health")
    def health() -> Response:
        try:
            for pool in (rest_pool, auth_pool):
                with pool.connection() as connection:
                    connection.execute("select 1")
        except (DatabaseUnreachableError, PoolBusyError, psycopg.Error):
            response = jsonify({"status": "unavailable"})
            response.status_code = 503
            return response
        return jsonify({"status": "ok"})

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        response = jsonify({"message": error.description})
        response.status_code = error.code or 500
        response.headers.extend(error.get_headers()[1:])
        return response

    return app
