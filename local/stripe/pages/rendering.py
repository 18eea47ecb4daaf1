"""Render the payment pages' templates, with the headers that all pages have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Response, make_response, redirect, render_template

from local.stripe.payments import buyer_details, promotion_codes, taxes
from local.stripe.payments.checkout_sessions import TERMS_SWITCH
from local.stripe.shapes.checkout_session import requires_consent

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

# Without form-action, because the form's answer redirects to the merchant's host.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Form:
    """The texts and problems of a form by field, and the failure of the last attempt."""

    values: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    failure: str | None = None

    @property
    def first_problem(self) -> str:
        """The first field with a problem, which gets the focus."""
        return next(iter(self.problems), "")


def payer_email(transaction: Transaction, session: Json) -> str | None:
    """Return the e-mail address that the merchant gave; the page shows it and does not ask."""
    if session["customer_email"]:
        return str(session["customer_email"])
    customer = transaction.find("customer", session["customer"] or "")
    return customer.get("email") if customer else None


def return_url(session: Json) -> str:
    """Return the success_url with the session's id filled in."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def terms_url(transaction: Transaction, session: Json) -> str | None:
    """Return the terms of service that the payer has to accept; None if there is no such demand."""
    if not requires_consent(session):
        return None
    return str(transaction.switch(TERMS_SWITCH, ""))


def render_form(transaction: Transaction, session: Json, form: Form, status: int = 200) -> Response:
    """Return the payment form."""
    private = transaction.private(session["id"])
    return render(
        "pay.html",
        status,
        session=session,
        items=list(zip(private["line_items"], private["descriptions"], strict=True)),
        known_email=payer_email(transaction, session),
        promotion=promotion_codes.applied(session),
        terms_url=terms_url(transaction, session),
        asks_country=buyer_details.asks_country(session),
        tax_percent=taxes.rate(transaction),
        tax_behavior=taxes.behavior(private["line_items"]),
        form=form,
    )


def render_closed(session: Json | None) -> Response:
    """Return the page for a session that is unknown, expired or complete."""
    if session is None:
        return render("closed.html", 404, session=None)
    if session["status"] == "expired":
        return render("closed.html", 410, session=session)
    return render("closed.html", session=session, success_url=return_url(session))


def redirect_to(target: str) -> Response:
    """Return a redirect that the browser follows with GET."""
    return make_response(redirect(target, code=303))


def render(template: str, status: int = 200, **values: object) -> Response:
    """Return a page from a template."""
    response = make_response(render_template(template, **values), status)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
