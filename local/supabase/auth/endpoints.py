"""Serve `/auth/v1` as GoTrue does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import psycopg
from flask import Blueprint, Response, jsonify, request

from local.supabase.access import require_api_key
from local.supabase.auth import captcha
from local.supabase.auth.account import Account
from local.supabase.auth.admin import Admin
from local.supabase.auth.admin_links import AdminLinks
from local.supabase.auth.errors import AuthError, respond, unavailable
from local.supabase.auth.mail_requests import MailRequests
from local.supabase.auth.providers import Providers
from local.supabase.auth.service import Service
from local.supabase.auth.sign_up import SignUp
from local.supabase.auth.tokens import Tokens
from local.supabase.auth.verify import Verify
from local.supabase.pool import DatabaseUnreachableError, PoolBusyError

if TYPE_CHECKING:
    from local.supabase.keys import SigningKey
    from local.supabase.pool import Pool
    from local.supabase.settings import Settings

_logger = logging.getLogger(__name__)

_JWKS_PATH = "/.well-known/jwks.json"
# Browsers open these without an API key: from a mail, or on the way to a provider.
_OPEN_PATHS = (_JWKS_PATH, "/verify", "/authorize")


def create_auth(settings: Settings, pool: Pool, key: SigningKey) -> Blueprint:
    """Return the blueprint of `/auth/v1`."""
    blueprint = Blueprint("auth", __name__, url_prefix="/auth/v1")
    service = Service(settings, pool, key)

    @blueprint.before_request
    def require_key() -> Response | None:
        if request.path.endswith(_OPEN_PATHS):
            return None
        return require_api_key(settings)

    @blueprint.before_request
    def require_captcha() -> None:
        captcha.check(service)

    blueprint.errorhandler(AuthError)(respond)

    @blueprint.errorhandler(DatabaseUnreachableError)
    @blueprint.errorhandler(PoolBusyError)
    @blueprint.errorhandler(psycopg.Error)
    def database_failed(error: Exception) -> Response:
        # The text of a database error can contain an e-mail address, so only its code is logged.
        _logger.error(
            "%r failed: %s", request.path, getattr(error, "sqlstate", None) or "no database"
        )
        return respond(unavailable())

    sign_up = SignUp(service)
    sign_up.register(blueprint)
    Tokens(service).register(blueprint)
    MailRequests(service, sign_up).register(blueprint)
    Verify(service).register(blueprint)
    Account(service).register(blueprint)
    Admin(service).register(blueprint)
    AdminLinks(service).register(blueprint)
    Providers(settings.auth).register(blueprint)

    @blueprint.get(_JWKS_PATH)
    def jwks() -> Response:
        response = jsonify(key.jwks())
        response.headers["Cache-Control"] = "public, max-age=600"
        return response

    @blueprint.get("/health")
    def health() -> Response:
        return jsonify(
            {
                "version": "local",
                "name": "GoTrue",
                "description": "GoTrue is a user registration and authentication API",
            }
        )

    return blueprint
