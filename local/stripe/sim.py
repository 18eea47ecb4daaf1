"""`/_sim`: JSON endpoints that make the stand-in misbehave, for people and tests.

They answer on this machine only, and have no other guard.
"""

import ipaddress
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request

from local.stripe import checkout, payments, switches
from local.stripe.errors import InvalidParameterError, StripeError
from local.stripe.events import MAX_DUPLICATES
from local.stripe.store import Json, Store, Transaction

MAX_COUNT = 1_000_000
MAX_DELAY_SECONDS = 60
MAX_CLOCK_STEP_SECONDS = 366 * 24 * 3600
MAX_DELIVERIES = 1000
FAILURES = (402, 409, 429, 500)


class Sim:
    """The control surface of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def register(self, app: Flask) -> None:
        """Add the endpoints to the application."""
        app.before_request(_local_only)
        posts: tuple[tuple[str, Callable[..., Json]], ...] = (
            ("/_sim/webhooks", self._webhooks),
            ("/_sim/webhooks/retry", self._retry),
            ("/_sim/api", self._api),
            ("/_sim/clock", self._clock),
            ("/_sim/sessions/<session_id>/settle", self._settle),
        )
        for rule, view in posts:
            app.add_url_rule(rule, rule, _as_json(view), methods=["POST"])
        app.add_url_rule("/_sim/deliveries", "/_sim/deliveries", _as_json(self._deliveries))

    def _webhooks(self) -> Json:
        wanted = _body(hold=bool, lose_next=int, duplicate=int)
        with self._store.transaction() as transaction:
            if "hold" in wanted:
                transaction.set_switch("hold", wanted["hold"])
            if "lose_next" in wanted:
                transaction.set_switch("lose_next", _within(wanted, "lose_next", 0, MAX_COUNT))
            if "duplicate" in wanted:
                transaction.set_switch("duplicate", _within(wanted, "duplicate", 1, MAX_DUPLICATES))
            return _webhook_state(transaction)

    def _retry(self) -> Json:
        with self._store.transaction() as transaction:
            cursor = transaction.sql.execute(
                "update deliveries set due_at = ? where delivered_at is null", (time.time(),)
            )
            return {"due": cursor.rowcount}

    def _api(self) -> Json:
        wanted = _body(fail_next=int, status=int, after_commit=bool, delay_seconds=float, path=str)
        if "fail_next" in wanted:
            _within(wanted, "fail_next", 0, MAX_COUNT)
        if "delay_seconds" in wanted:
            _within(wanted, "delay_seconds", 0, MAX_DELAY_SECONDS)
        if "status" in wanted and wanted["status"] not in FAILURES:
            raise InvalidParameterError(f"status is one of {FAILURES}", param="status")
        with self._store.transaction() as transaction:
            current = {**switches.QUIET, **transaction.switch(switches.API_SWITCH, {})}
            if "fail_next" in wanted:
                # A new order replaces the old one whole: no status is left over from before.
                current = {**switches.QUIET, "delay_seconds": current["delay_seconds"]}
            current |= wanted
            transaction.set_switch(switches.API_SWITCH, current)
            return current

    def _clock(self) -> Json:
        step = _within(_body(advance_seconds=int), "advance_seconds", 0, MAX_CLOCK_STEP_SECONDS)
        with self._store.transaction() as transaction:
            ahead = transaction.switch("clock_ahead_seconds", 0) + step
            transaction.set_switch("clock_ahead_seconds", ahead)
        with self._store.transaction() as transaction:
            checkout.expire_overdue(transaction)
            return {"now": transaction.now}

    def _settle(self, session_id: str) -> Json:
        outcome = _body(outcome=str).get("outcome")
        if outcome not in {"succeeded", "failed"}:
            raise InvalidParameterError("outcome is succeeded or failed", param="outcome")
        with self._store.transaction() as transaction:
            session = checkout.retrieve(transaction, {}, session_id)
            payments.settle(transaction, session, succeeded=outcome == "succeeded")
            return session

    def _deliveries(self) -> Json:
        with self._store.transaction() as transaction:
            rows = transaction.sql.execute(
                "select * from deliveries order by id desc limit ?", (MAX_DELIVERIES,)
            ).fetchall()
            state = _webhook_state(transaction)
        deliveries = [
            {
                "id": row["id"],
                "event": row["event_id"],
                "type": row["type"],
                "attempts": row["attempts"],
                "last_status": row["last_status"],
                "last_error": row["last_error"],
                "delivered": row["delivered_at"] is not None,
            }
            for row in reversed(rows)
        ]
        return {**state, "deliveries": deliveries}


def _webhook_state(transaction: Transaction) -> Json:
    return {
        "hold": transaction.switch("hold", default=False),
        "lose_next": transaction.switch("lose_next", 0),
        "duplicate": transaction.switch("duplicate", 1),
    }


def _local_only() -> Response | None:
    """Refuse callers from elsewhere, and web pages, which cannot send JSON unasked."""
    if not request.path.startswith("/_sim"):
        return None
    caller = ipaddress.ip_address(request.remote_addr or "0.0.0.0")
    if not caller.is_loopback:
        return _problem("The control surface answers on its own machine only.", 403)
    if request.method == "POST" and request.mimetype != "application/json":
        return _problem("Send JSON with Content-Type: application/json.", 415)
    return None


def _problem(message: str, status: int) -> Response:
    response = jsonify({"error": {"message": message}})
    response.status_code = status
    return response


def _as_json(view: Callable[..., Json]) -> Callable[..., Response]:
    def serve(**path_values: str) -> Response:
        try:
            return jsonify(view(**path_values))
        except StripeError as refusal:
            return _problem(refusal.message, refusal.status)

    return serve


def _body(**types: type) -> Json:
    """The request's JSON object, which has the named fields at most, each of its type."""
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise InvalidParameterError("Send a JSON object.")
    for name, value in given.items():
        wanted = types.get(name)
        if wanted is None:
            raise InvalidParameterError(f"Unknown field: {name}. Known: {', '.join(types)}.")
        fits = isinstance(value, (int, float) if wanted is float else wanted)
        if not fits or (isinstance(value, bool) and wanted is not bool):
            raise InvalidParameterError(f"{name} must be of type {wanted.__name__}.")
    return given


def _within(wanted: Json, name: str, least: int, most: int) -> Any:
    value = wanted.get(name)
    if value is None or not least <= value <= most:
        raise InvalidParameterError(f"{name} must be from {least} to {most}.")
    return value
