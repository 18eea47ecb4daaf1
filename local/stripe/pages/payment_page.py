"""Serve the hosted payment page and the 3-D Secure page."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from flask import Flask, Response, request, url_for

from local.stripe.api.fields import EMAIL
from local.stripe.pages.rendering import (
    Form,
    payer_email,
    redirect_to,
    render,
    render_closed,
    render_form,
    return_url,
)
from local.stripe.payments import (
    bank_debits,
    buyer_details,
    card_payments,
    checkout_sessions,
    payment_intents,
    promotion_codes,
    taxes,
)
from local.stripe.payments.card_behaviour import BANK_ACCOUNT, TEST_CARDS, Outcome
from local.stripe.payments.card_input import Card, read_card
from local.stripe.payments.currencies import formatted
from local.stripe.shapes.checkout_session import MERCHANT, requires_consent

if TYPE_CHECKING:
    from local.stripe.events.webhook_sender import WebhookSender
    from local.stripe.store import Json, Store, Transaction

WEBHOOK_WAIT_SECONDS = 10
MAX_FIELD = 200


class Pages:
    """The pages of the sessions of one store."""

    def __init__(self, store: Store, sender: WebhookSender) -> None:
        self._store = store
        self._sender = sender

    def register(self, app: Flask) -> None:
        """Add the pages to the application."""
        page = "/c/pay/<session_id>"
        app.add_url_rule(page, "pay", self.show)
        app.add_url_rule(page, "submit", self.submit, methods=["POST"])
        app.add_url_rule(f"{page}/promotion", "promotion", self.promotion, methods=["POST"])
        app.add_url_rule(f"{page}/3ds", "authenticate", self.authenticate)
        app.add_url_rule(f"{page}/3ds", "authenticated", self.authenticated, methods=["POST"])
        app.jinja_env.globals.update(
            money=formatted,
            merchant=MERCHANT,
            test_cards=TEST_CARDS,
            bank_account=BANK_ACCOUNT,
            countries=buyer_details.COUNTRIES,
        )

    def show(self, session_id: str) -> Response:
        """GET the payment form, or a page that says why the session cannot be paid."""
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] != "open":
                return render_closed(session)
            taxes.assess(transaction, session)
            failure = None
            if "failed" in request.args:
                failure = _last_failure(transaction, session)
            values = {
                "number": request.args.get("card", "")[:MAX_FIELD],
                "email": (session["customer_details"] or {}).get("email", ""),
            }
            return render_form(transaction, session, Form(values, failure=failure))

    def submit(self, session_id: str) -> Response:
        """POST the payment form: try to pay."""
        values = {name: text.strip()[:MAX_FIELD] for name, text in request.form.items()}
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] == "expired":
                return render_closed(session)
            if session["status"] == "open":
                taxes.assess(transaction, session)
                answer = _pay(transaction, session, values)
                if answer is not None:
                    return answer
        return self._finish(session)

    def promotion(self, session_id: str) -> Response:
        """POST a promotion code: apply or remove it."""
        code = request.form.get("code", "").strip()[:MAX_FIELD]
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] != "open":
                return render_closed(session)
            if "remove" in request.form:
                promotion_codes.remove(transaction, session)
            else:
                try:
                    promotion_codes.apply(transaction, session, code)
                except promotion_codes.CodeError as refusal:
                    form = Form({"code": code}, {"code": str(refusal)})
                    return render_form(transaction, session, form, status=422)
        return redirect_to(url_for("pay", session_id=session_id))

    def authenticate(self, session_id: str) -> Response:
        """GET the bank's 3-D Secure page, if the payment waits for it."""
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] != "open":
                return render_closed(session)
            if not _awaits_authentication(transaction, session):
                return redirect_to(url_for("pay", session_id=session_id))
        return render("authenticate.html", session=session)

    def authenticated(self, session_id: str) -> Response:
        """POST the bank's 3-D Secure page: complete or fail the authentication."""
        passed = request.form.get("outcome") == "complete"
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] == "expired":
                return render_closed(session)
            if session["status"] == "open":
                card_payments.authenticate(transaction, session, passed=passed)
        if session["status"] == "open":
            return redirect_to(url_for("pay", session_id=session_id, failed=1))
        return self._finish(session)

    def _finish(self, session: Json) -> Response:
        """Wait up to WEBHOOK_WAIT_SECONDS for the webhook, then redirect to the shop."""
        with self._store.transaction() as transaction:
            event_id = transaction.private(session["id"])["completed_event"]
        self._sender.wait_until_delivered(event_id, WEBHOOK_WAIT_SECONDS)
        return redirect_to(return_url(session))


def _pay(transaction: Transaction, session: Json, values: dict[str, str]) -> Response | None:
    """Try to pay; return None if that completed the session, else the page to show."""
    problems: dict[str, str] = {}
    payer = _payer(transaction, session, values, problems)
    if requires_consent(session) and "terms" not in values:
        problems["terms"] = "Accept the terms of service to pay."
    method = values.get("method", "card")
    if session["amount_total"] == 0:
        if not problems:
            payment_intents.complete_without_payment(transaction, session, payer)
            return None
    elif method == "us_bank_account" and method in session["payment_method_types"]:
        if values.get("account", "").replace(" ", "") != BANK_ACCOUNT:
            problems["account"] = f"Use the test account number {BANK_ACCOUNT}."
        if not problems:
            bank_debits.pay(transaction, session, BANK_ACCOUNT[-4:], payer)
            return None
    elif "card" in session["payment_method_types"]:
        card, wrong = read_card(
            values.get("number", ""),
            values.get("expiry", ""),
            values.get("cvc", ""),
            dt.datetime.fromtimestamp(transaction.now, dt.UTC).date(),
        )
        problems |= wrong
        if not values.get("name"):
            problems["name"] = "Enter the name on the card."
        if card is not None and not problems:
            return _pay_by_card(transaction, session, card, payer, values)
    else:
        problems["method"] = "Choose one of the offered payment methods."
    return render_form(transaction, session, Form(values, problems), status=422)


def _pay_by_card(
    transaction: Transaction, session: Json, card: Card, payer: Json, values: dict[str, str]
) -> Response | None:
    outcome = card_payments.pay(transaction, session, card, payer)
    if outcome is Outcome.SUCCEEDS:
        return None
    if outcome is Outcome.NEEDS_AUTHENTICATION:
        return redirect_to(url_for("authenticate", session_id=session["id"]))
    failure = _last_failure(transaction, session)
    return render_form(transaction, session, Form(values, failure=failure), status=402)


def _payer(
    transaction: Transaction, session: Json, values: dict[str, str], problems: dict[str, str]
) -> Json:
    email = payer_email(transaction, session) or values.get("email", "")
    if EMAIL.fullmatch(email) is None:
        problems["email"] = "Enter a complete e-mail address."
    details = buyer_details.read(session, values, problems)
    return {"email": email, "name": values.get("name") or None, **details}


def _current(transaction: Transaction, session_id: str) -> Json | None:
    checkout_sessions.expire_overdue(transaction)
    return transaction.find("checkout.session", session_id)


def _awaits_authentication(transaction: Transaction, session: Json) -> bool:
    intent = transaction.find("payment_intent", session["payment_intent"] or "")
    return intent is not None and intent["status"] == "requires_action"


def _last_failure(transaction: Transaction, session: Json) -> str | None:
    intent = transaction.find("payment_intent", session["payment_intent"] or "")
    error = intent and intent["last_payment_error"]
    return str(error["message"]) if error else None
