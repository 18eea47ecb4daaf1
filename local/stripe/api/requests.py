"""Serve the API under /v1: check the key, read parameters, run the endpoint, answer."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import json
import socket
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from local.stripe import clock
from local.stripe.api import expand, idempotency
from local.stripe.api.endpoints import Endpoint, endpoints
from local.stripe.api.errors import InvalidParameterError, StripeError
from local.stripe.api.form_decoding import decode
from local.stripe.control_room import switches
from local.stripe.ids import new_id
from local.stripe.settings import API_VERSION, Settings

if TYPE_CHECKING:
    from local.stripe.store import Json, Store, Transaction

OK = 200
# As at Stripe, these failures are stored under the idempotency key; 409 and 429 are not.
KEPT_FAILURES = frozenset({402, 500})


@dataclass(frozen=True, slots=True)
class Call:
    """One request, before its parameters are read."""

    endpoint: Endpoint
    path_values: tuple[str, ...]
    parameters: str
    request_id: str
    key: str | None

    @property
    def fingerprint(self) -> str:
        """The hash that a repetition with the same key must have."""
        return idempotency.fingerprint(self.endpoint.method, request.path, self.parameters)


class Api:
    """The API of one store."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._keys = idempotency.Keys()

    def register(self, app: Flask) -> None:
        """Add all endpoints to the application."""
        for endpoint in endpoints(self._settings.base_url):
            app.add_url_rule(
                endpoint.rule,
                endpoint=f"{endpoint.method} {endpoint.rule}",
                view_func=partial(self._serve, endpoint),
                methods=[endpoint.method],
            )

    def _serve(self, endpoint: Endpoint, **path_values: str) -> Response:
        request_id = new_id("request")
        try:
            self._check_caller()
            call = Call(
                endpoint,
                tuple(path_values.values()),
                _parameters(),
                request_id,
                request.headers.get("Idempotency-Key") if endpoint.method == "POST" else None,
            )
            with self._keys.held(call.key):
                kept = self._answer(call)
        except StripeError as refusal:
            kept = idempotency.Kept(refusal.status, _text(refusal.body()), request_id)
        return _response(kept, request_id)

    def _check_caller(self) -> None:
        given = _given_key()
        if not given:
            raise StripeError(
                "You did not provide an API key. Pass your secret key in the Authorization header: "
                "'Authorization: Bearer YOUR_SECRET_KEY'.",
                status=401,
            )
        if not hmac.compare_digest(given.encode(), self._settings.secret_key.encode()):
            raise StripeError(f"Invalid API Key provided: ****{given[-4:]}", status=401)
        version = request.headers.get("Stripe-Version", API_VERSION)
        if version != API_VERSION:
            raise InvalidParameterError(
                f"Invalid Stripe API version: {version}. This stand-in only supports {API_VERSION}."
            )

    def _answer(self, call: Call) -> idempotency.Kept:
        with self._store.transaction() as transaction:
            trouble = switches.next_api_trouble(transaction, request.path)
        time.sleep(trouble.delay_seconds)
        if trouble.fails and not trouble.after_commit:
            raise self._failure(call, trouble.status)
        kept = self._replay_or_run(call)
        if trouble.fails and trouble.status is None:
            _hang_up()
        elif trouble.fails:
            # The work is committed and its answer stored under the key; only the answer is lost.
            raise _trouble(trouble.status)
        return kept

    def _failure(self, call: Call, status: int | None) -> StripeError:
        failure = _trouble(status)
        if call.key and failure.status in KEPT_FAILURES:
            self._keep(call, call.key, failure)
        return failure

    def _replay_or_run(self, call: Call) -> idempotency.Kept:
        try:
            with self._store.transaction() as transaction:
                if call.key:
                    kept = idempotency.recall(transaction, call.key, call.fingerprint)
                    if kept is not None:
                        return kept
                answer = self._run(transaction, call)
                kept = idempotency.Kept(OK, _text(answer), call.request_id)
                if call.key:
                    idempotency.keep(transaction, call.key, call.fingerprint, kept)
                return kept
        except InvalidParameterError:
            raise
        except StripeError as refusal:
            if call.key:
                self._keep(call, call.key, refusal)
            raise

    def _run(self, transaction: Transaction, call: Call) -> Json:
        params = call.endpoint.schema.read(decode(call.parameters), "")
        transaction.request_id = call.request_id
        transaction.idempotency_key = call.key
        clock.catch_up(transaction)
        answer = call.endpoint.work(transaction, params, *call.path_values)
        return expand.expand(transaction, answer, params.get("expand", []))

    def _keep(self, call: Call, key: str, refusal: StripeError) -> None:
        kept = idempotency.Kept(refusal.status, _text(refusal.body()), call.request_id)
        with self._store.transaction() as transaction:
            idempotency.keep(transaction, key, call.fingerprint, kept)


def unrecognized() -> StripeError:
    """Return the error for a method and URL that the API does not have."""
    return StripeError(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)


def refusal_response(refusal: StripeError) -> Response:
    """Return the response for an error that was raised outside the endpoints."""
    request_id = new_id("request")
    kept = idempotency.Kept(refusal.status, _text(refusal.body()), request_id)
    return _response(kept, request_id)


def _given_key() -> str:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            return base64.b64decode(rest, validate=True).decode().partition(":")[0]
    return ""


def _parameters() -> str:
    query = request.query_string.decode("ascii", "replace")
    body = request.get_data()
    if body and request.mimetype != "application/x-www-form-urlencoded":
        raise InvalidParameterError(
            "Invalid request: parameters come form-encoded "
            "(Content-Type: application/x-www-form-urlencoded)."
        )
    return "&".join(filter(None, (query, body.decode("utf-8", "replace"))))


def _text(body: Any) -> str:
    return json.dumps(body, indent=2)


def _response(kept: idempotency.Kept, request_id: str) -> Response:
    response = Response(kept.body, kept.status, content_type="application/json")
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = API_VERSION
    if kept.request_id != request_id:
        response.headers["Idempotent-Replayed"] = "true"
        response.headers["Original-Request"] = kept.request_id
    if "Idempotency-Key" in request.headers:
        response.headers["Idempotency-Key"] = request.headers["Idempotency-Key"]
    return response


TROUBLES: dict[int, tuple[str, str | None, str]] = {
    402: ("card_error", "card_declined", "Your card was declined."),
    409: ("invalid_request_error", "lock_timeout", "This object is in use by another request."),
    429: ("invalid_request_error", "rate_limit", "Too many requests hit the API too quickly."),
}


def _trouble(status: int | None) -> StripeError:
    kind, code, message = TROUBLES.get(
        status or 500, ("api_error", None, "An unknown error occurred.")
    )
    return StripeError(message, status=status or 500, code=code, kind=kind)


def _hang_up() -> None:
    """Close the connection without an answer, as if the network had failed."""
    for name in ("gunicorn.socket", "werkzeug.socket"):
        connection = request.environ.get(name)
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
