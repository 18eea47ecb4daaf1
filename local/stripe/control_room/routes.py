"""Serve the control room, /_sim: JSON commands, and a page with a form for each.

Loopback only; no authentication.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request

from local.loopback import LOOPBACK_HOSTS, is_from_this_machine
from local.stripe.api.errors import StripeError
from local.stripe.control_room import command_input
from local.stripe.control_room.commands import COMMANDS, Command, webhook_state
from local.stripe.control_room.overview import overview

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stripe.settings import Settings
    from local.stripe.store import Json, Store

MAX_DELIVERIES = 1000
MAX_NOTICE = 300
FORM = "application/x-www-form-urlencoded"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class ControlRoom:
    """The control room of one store."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._mailbox_url = settings.mailbox_url
        self._hosts = LOOPBACK_HOSTS | {urlsplit(settings.base_url).hostname or ""}

    def register(self, app: Flask) -> None:
        """Add the page and the commands to the application."""
        app.before_request(self._guard)
        for command in COMMANDS:
            rule = f"/_sim/{command.rule}"
            app.add_url_rule(rule, rule, partial(self._run, command), methods=["POST"])
        app.add_url_rule("/_sim/deliveries", "/_sim/deliveries", _as_json(self._deliveries))
        app.add_url_rule("/_sim", "sim", self._page)

    def _guard(self) -> Response | None:
        """Refuse callers from other machines, and requests by other sites' pages."""
        if not request.path.startswith("/_sim"):
            return None
        if not is_from_this_machine(self._hosts):
            return _problem("The control room only answers on its own machine.", 403)
        if request.method != "POST" or request.mimetype == "application/json":
            # Browsers do not send JSON to another site without a CORS preflight.
            return None
        if request.mimetype == FORM and _from_own_page():
            return None
        return _problem("Send JSON with Content-Type: application/json.", 415)

    def _run(self, command: Command, **path_values: str) -> Response:
        if request.mimetype == FORM:
            return self._run_form(command, **path_values)

        def work() -> Json:
            fields = command_input.from_json(request.get_json(silent=True), command.fields)
            with self._store.transaction() as transaction:
                return command.work(transaction, fields, **path_values)

        return _as_json(work)()

    def _run_form(self, command: Command, **path_values: str) -> Response:
        """Run a command from a form, then redirect to the form's place on the page."""
        back = re.sub(r"[^\w-]", "", request.form.get("back", ""))
        problem = ""
        try:
            fields = command_input.from_form(request.form, command.fields)
            with self._store.transaction() as transaction:
                command.work(transaction, fields, **path_values)
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
        page = render_template("sim.html", problem=problem, mailbox_url=self._mailbox_url, **shown)
        response = make_response(page)
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
    """Return whether the browser sent the form from a page of this host."""
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
