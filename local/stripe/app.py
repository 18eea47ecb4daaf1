"""The stand-in as one WSGI application."""

from __future__ import annotations

import logging
import sys

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from local.stripe import clock
from local.stripe.api.errors import InvalidParameterError, StripeError
from local.stripe.api.requests import Api, refusal_response, unrecognized
from local.stripe.control_room.routes import ControlRoom
from local.stripe.events import webhook_endpoints
from local.stripe.events.webhook_sender import WebhookSender
from local.stripe.pages.documents import Documents
from local.stripe.pages.payment_page import Pages
from local.stripe.payments.checkout_sessions import TERMS_SWITCH
from local.stripe.settings import Settings
from local.stripe.store import Store
from local.styles import add_styles

MAX_BODY_BYTES = 1_000_000


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; settings come from the environment unless given."""
    settings = settings or Settings.from_environment()
    _log_to_stdout()
    store = Store(settings.state_folder / "stripe.db")
    with store.transaction() as transaction:
        webhook_endpoints.ensure(transaction, settings.webhook_url)
        transaction.set_switch(TERMS_SWITCH, settings.terms_of_service_url)
    sender = WebhookSender(store, settings, on_tick=clock.catch_up)

    app = Flask(__name__, static_url_path="/c/static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.before_request(sender.ensure_running)
    add_styles(app)
    Api(store, settings).register(app)
    Pages(store, sender).register(app)
    Documents(store).register(app)
    ControlRoom(store, settings).register(app)

    @app.get("/health")
    def health() -> dict[str, str]:
        with store.transaction():
            return {"status": "ok"}

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response | HTTPException:
        if not request.path.startswith("/v1/"):
            return error
        if error.code in {404, 405}:
            return refusal_response(unrecognized())
        return refusal_response(InvalidParameterError(error.name, status=error.code or 400))

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        app.logger.error("Unexpected error", exc_info=error)
        return refusal_response(
            StripeError("An unknown error occurred.", status=500, kind="api_error")
        )

    return app


def _log_to_stdout() -> None:
    logger = logging.getLogger("local.stripe")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
