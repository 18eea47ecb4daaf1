"""`/_sim`: orders that make the stand-in misbehave, and a page to give them by hand.

They are taken on this machine only, and have no other guard.
"""

import ipaddress
import re
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request

from local.stripe.api.errors import StripeError
from local.stripe.control_room import command_input
from local.stripe.control_room.commands import ORDERS, Order, webhook_state
from local.stripe.control_room.overview import overview
from local.stripe.settings import Settings
from local.stripe.store import Json, Store

MAX_DELIVERIES = 1000
MAX_NOTICE = 300
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
FORM = "application/x-www-form-urlencoded"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Sim:
    """The control surface of a store."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._hosts = {*LOOPBACK_HOSTS, urlsplit(settings.base_url).hostname}

    def register(self, app: Flask) -> None:
        """Add the page and the orders to the application."""
        app.before_request(self._guard)
        for order in ORDERS:
            rule = f"/_sim/{order.rule}"
            app.add_url_rule(rule, rule, partial(self._take, order), methods=["POST"])
        app.add_url_rule("/_sim/deliveries", "/_sim/deliveries", _as_json(self._deliveries))
        app.add_url_rule("/_sim", "sim", self._page)

    def _guard(self) -> Response | None:
        """Refuse callers from elsewhere, and web pages but our own."""
        if not request.path.startswith("/_sim"):
            return None
        caller = ipaddress.ip_address(request.remote_addr or "0.0.0.0")
        # A foreign name that resolves to this machine would make a foreign page our own.
        named = urlsplit(request.host_url).hostname
        if not caller.is_loopback or named not in self._hosts:
            return _problem("The control surface answers on its own machine only.", 403)
        if request.method != "POST" or request.mimetype == "application/json":
            # Another site's page cannot send JSON unasked.
            return None
        if request.mimetype == FORM and _from_own_page():
            return None
        return _problem("Send JSON with Content-Type: application/json.", 415)

    def _take(self, order: Order, **path_values: str) -> Response:
        if request.mimetype == FORM:
            return self._take_form(order, **path_values)

        def work() -> Json:
            wanted = command_input.from_json(request.get_json(silent=True), order.fields)
            with self._store.transaction() as transaction:
                return order.work(transaction, wanted, **path_values)

        return _as_json(work)()

    def _take_form(self, order: Order, **path_values: str) -> Response:
        """Do the same for the page, and go back to where the button was."""
        back = re.sub(r"[^\w-]", "", request.form.get("back", ""))
        problem = ""
        try:
            wanted = command_input.from_form(request.form, order.fields)
            with self._store.transaction() as transaction:
                order.work(transaction, wanted, **path_values)
        except StripeError as refusal:
            problem = refusal.message
        place = f"#{back}" if back and not problem else ""
        response = make_response(redirect(f"/_sim{place}", 303))
        if problem:
            response.set_cookie("sim_problem", problem[:MAX_NOTICE], httponly=True, path="/_sim")
        return response

    def _page(self) -> Response:
        with self._store.transaction() as transaction:
            shown = overview(transaction)
        problem = request.cookies.get("sim_problem", "")
        response = make_response(render_template("sim.html", problem=problem, **shown))
        if problem:
            response.delete_cookie("sim_problem", path="/_sim")
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    def _deliveries(self) -> Json:
        with self._store.transaction() as transaction:
            rows = transaction.sql.execute(
                "select * from deliveries order by id desc limit ?", (MAX_DELIVERIES,)
            ).fetchall()
            state = webhook_state(transaction)
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


def _from_own_page() -> bool:
    """Whether the browser says that the form stood on a page of this very host."""
    return urlsplit(request.headers.get("Origin", "")).netloc == request.host != ""


def _problem(message: str, status: int) -> Response:
    response = jsonify({"error": {"message": message}})
    response.status_code = status
    return response


def _as_json(view: Callable[[], Json]) -> Callable[[], Response]:
    def serve() -> Response:
        try:
            return jsonify(view())
        except StripeError as refusal:
            return _problem(refusal.message, refusal.status)

    return serve
