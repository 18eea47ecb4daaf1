"""The hosted payment page: what Stripe shows between "Buy" and the way back."""

import datetime as dt
from dataclasses import dataclass, field

from flask import Flask, Response, make_response, redirect, render_template, request, url_for

from local.stripe.api.fields import EMAIL
from local.stripe.events.sender import Courier
from local.stripe.payments import checkout_sessions, lifecycle, promotion_codes
from local.stripe.payments.cards import BANK_ACCOUNT, TEST_CARDS, Card, Outcome, read_card
from local.stripe.payments.currencies import formatted
from local.stripe.shapes.checkout_session import MERCHANT
from local.stripe.store import Json, Store, Transaction

WEBHOOK_WAIT_SECONDS = 10
MAX_FIELD = 200
# No form-action: the answer to the form is a redirect to the merchant's own host.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed, and what is wrong with it."""

    values: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    failure: str | None = None

    @property
    def first_problem(self) -> str:
        """The field that gets the focus."""
        return next(iter(self.problems), "")


class Pages:
    """The pages of one store's sessions."""

    def __init__(self, store: Store, courier: Courier) -> None:
        self._store = store
        self._courier = courier

    def register(self, app: Flask) -> None:
        """Add the pages to the application."""
        page = "/c/pay/<session_id>"
        app.add_url_rule(page, "pay", self.show)
        app.add_url_rule(page, "submit", self.submit, methods=["POST"])
        app.add_url_rule(f"{page}/promotion", "promotion", self.promotion, methods=["POST"])
        app.add_url_rule(f"{page}/3ds", "authenticate", self.authenticate)
        app.add_url_rule(f"{page}/3ds", "authenticated", self.authenticated, methods=["POST"])
        app.add_url_rule("/receipts/<charge_id>", "receipt", self.receipt)
        app.jinja_env.globals.update(
            money=formatted, merchant=MERCHANT, test_cards=TEST_CARDS, bank_account=BANK_ACCOUNT
        )

    def show(self, session_id: str) -> Response:
        """The payment form, or why there is none."""
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] != "open":
                return _closed(session)
            failure = None
            if "failed" in request.args:
                failure = _last_failure(transaction, session)
            values = {
                "number": request.args.get("card", "")[:MAX_FIELD],
                "email": (session["customer_details"] or {}).get("email", ""),
            }
            return _form(transaction, session, Form(values, failure=failure))

    def submit(self, session_id: str) -> Response:
        """Try to pay with what was typed."""
        values = {name: text.strip()[:MAX_FIELD] for name, text in request.form.items()}
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] == "expired":
                return _closed(session)
            if session["status"] == "open":
                answer = _pay(transaction, session, values)
                if answer is not None:
                    return answer
        return self._finish(session)

    def promotion(self, session_id: str) -> Response:
        """Apply or remove a promotion code."""
        code = request.form.get("code", "").strip()[:MAX_FIELD]
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] != "open":
                return _closed(session)
            if "remove" in request.form:
                promotion_codes.remove(transaction, session)
            else:
                try:
                    promotion_codes.apply(transaction, session, code)
                except promotion_codes.CodeError as refusal:
                    form = Form({"code": code}, {"code": str(refusal)})
                    return _form(transaction, session, form, status=422)
        return _redirect(url_for("pay", session_id=session_id))

    def authenticate(self, session_id: str) -> Response:
        """The bank's 3-D Secure page, as far as one is waiting."""
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] != "open":
                return _closed(session)
            if not _awaits_authentication(transaction, session):
                return _redirect(url_for("pay", session_id=session_id))
        return _render("authenticate.html", session=session)

    def authenticated(self, session_id: str) -> Response:
        """The answer given on the bank's page."""
        passed = request.form.get("outcome") == "complete"
        with self._store.transaction() as transaction:
            session = _current(transaction, session_id)
            if session is None or session["status"] == "expired":
                return _closed(session)
            if session["status"] == "open":
                lifecycle.authenticate(transaction, session, passed=passed)
        if session["status"] == "open":
            return _redirect(url_for("pay", session_id=session_id, failed=1))
        return self._finish(session)

    def receipt(self, charge_id: str) -> Response:
        """What Stripe shows under a charge's receipt_url."""
        with self._store.transaction() as transaction:
            charge = transaction.find("charge", charge_id)
        if charge is None or charge["receipt_url"] is None:
            return _render("receipt.html", 404, charge=None)
        paid_at = dt.datetime.fromtimestamp(charge["created"], dt.UTC)
        return _render("receipt.html", charge=charge, paid_at=paid_at)

    def _finish(self, session: Json) -> Response:
        """Wait a while for the webhook's answer, then send the person back."""
        with self._store.transaction() as transaction:
            event_id = transaction.private(session["id"])["completed_event"]
        self._courier.wait_until_delivered(event_id, WEBHOOK_WAIT_SECONDS)
        return _redirect(_success_url(session))


def _pay(transaction: Transaction, session: Json, values: dict[str, str]) -> Response | None:
    """Pay, and return the page to show if that did not complete the session."""
    problems: dict[str, str] = {}
    payer = _payer(transaction, session, values, problems)
    method = values.get("method", "card")
    if session["amount_total"] == 0:
        if not problems:
            lifecycle.complete_without_payment(transaction, session, payer)
            return None
    elif method == "us_bank_account" and method in session["payment_method_types"]:
        if values.get("account", "").replace(" ", "") != BANK_ACCOUNT:
            problems["account"] = f"Use the test account number {BANK_ACCOUNT}."
        if not problems:
            lifecycle.pay_by_bank(transaction, session, BANK_ACCOUNT[-4:], payer)
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
        problems["method"] = "Choose one of the offered ways to pay."
    return _form(transaction, session, Form(values, problems), status=422)


def _pay_by_card(
    transaction: Transaction, session: Json, card: Card, payer: Json, values: dict[str, str]
) -> Response | None:
    outcome = lifecycle.pay_by_card(transaction, session, card, payer)
    if outcome is Outcome.SUCCEEDS:
        return None
    if outcome is Outcome.NEEDS_AUTHENTICATION:
        return _redirect(url_for("authenticate", session_id=session["id"]))
    failure = _last_failure(transaction, session)
    return _form(transaction, session, Form(values, failure=failure), status=402)


def _payer(
    transaction: Transaction, session: Json, values: dict[str, str], problems: dict[str, str]
) -> Json:
    email = _known_email(transaction, session) or values.get("email", "")
    if EMAIL.fullmatch(email) is None:
        problems["email"] = "Enter a complete e-mail address."
    return {"email": email, "name": values.get("name") or None}


def _current(transaction: Transaction, session_id: str) -> Json | None:
    checkout_sessions.expire_overdue(transaction)
    return transaction.find("checkout.session", session_id)


def _known_email(transaction: Transaction, session: Json) -> str | None:
    """The address that the merchant gave, which the page shows and does not ask for."""
    if session["customer_email"]:
        return str(session["customer_email"])
    customer = transaction.find("customer", session["customer"] or "")
    return customer.get("email") if customer else None


def _awaits_authentication(transaction: Transaction, session: Json) -> bool:
    intent = transaction.find("payment_intent", session["payment_intent"] or "")
    return intent is not None and intent["status"] == "requires_action"


def _last_failure(transaction: Transaction, session: Json) -> str | None:
    intent = transaction.find("payment_intent", session["payment_intent"] or "")
    error = intent and intent["last_payment_error"]
    return str(error["message"]) if error else None


def _success_url(session: Json) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _form(transaction: Transaction, session: Json, form: Form, status: int = 200) -> Response:
    private = transaction.private(session["id"])
    return _render(
        "pay.html",
        status,
        session=session,
        items=list(zip(private["line_items"], private["descriptions"], strict=True)),
        known_email=_known_email(transaction, session),
        promotion=promotion_codes.applied(session),
        form=form,
    )


def _closed(session: Json | None) -> Response:
    """The friendly page for a session that can no longer be paid."""
    if session is None:
        return _render("closed.html", 404, session=None)
    if session["status"] == "expired":
        return _render("closed.html", 410, session=session)
    return _render("closed.html", session=session, success_url=_success_url(session))


def _redirect(target: str) -> Response:
    return make_response(redirect(target, code=303))


def _render(template: str, status: int = 200, **values: object) -> Response:
    response = make_response(render_template(template, **values), status)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
