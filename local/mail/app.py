"""The mailbox as one WSGI application, with the SMTP server beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, abort, jsonify, make_response, render_template, request

from local.loopback import is_from_this_machine
from local.mail.reading import Mail, read
from local.mail.settings import Settings
from local.mail.smtp import SmtpServer
from local.mail.store import Store
from local.styles import add_styles

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# A mail runs no script and has no origin. Its links open in a new tab, which is free of this.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: http://127.0.0.1:* "
    "http://localhost:*; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application, and start the SMTP server.

    Raises:
        SystemExit: Settings are missing.
        OSError: The SMTP port is in use.
    """
    settings = settings or Settings.from_environment()
    store = Store(settings.state_folder / "mail.db")
    SmtpServer(store, settings.smtp_port).start()
    app = Flask(__name__)
    add_styles(app)
    Mailbox(store, settings).register(app)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


class Mailbox:
    """The page and the API of one store."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def register(self, app: Flask) -> None:
        """Add the routes."""
        app.before_request(_guard)
        app.add_url_rule("/", "mailbox", self.page)
        app.add_url_rule("/mails/<int:mail_id>", "mail", self.page)
        app.add_url_rule("/mails/<int:mail_id>/html", "html", self.html)
        app.add_url_rule("/api/mails", "api", self.api)

    def page(self, mail_id: int | None = None) -> Response:
        """Show the list, and the mail that is open."""
        wanted = request.args.get("to", "").strip()
        mails = self._mails(lambda recipient: wanted.lower() in recipient)
        opened = self._mail(mail_id) if mail_id is not None else None
        page = render_template(
            "mailbox.html", mails=mails, opened=opened, wanted=wanted, settings=self._settings
        )
        response = make_response(page)
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        return _uncached(response)

    def html(self, mail_id: int) -> Response:
        """Show the HTML of a mail, in the sandboxed frame of the page."""
        # The frame may not navigate, so links need a new tab.
        response = make_response('<!doctype html><base target="_blank">' + self._mail(mail_id).html)
        response.headers["Content-Security-Policy"] = _MAIL_POLICY
        return _uncached(response)

    def api(self) -> Response:
        """Return mails as JSON, for tests."""
        wanted = request.args.get("to", "").strip().lower()
        mails = self._mails(lambda recipient: wanted in {"", recipient})
        return _uncached(jsonify({"mails": [mail.as_json() for mail in mails]}))

    def _mails(self, is_wanted: Callable[[str], bool]) -> list[Mail]:
        return [
            read(stored)
            for stored in self._store.mails()
            if any(is_wanted(recipient.lower()) for recipient in stored.recipients)
        ]

    def _mail(self, mail_id: int) -> Mail:
        stored = self._store.mail(mail_id)
        if stored is None:
            abort(404)
        return read(stored)


def _guard() -> None:
    """Refuse callers from other machines, and foreign host names (DNS rebinding)."""
    if not is_from_this_machine():
        abort(403, "The mailbox only answers on its own machine.")


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
