"""Stripe's invoice for a purchase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import stripe

from api._lib import database
from api._lib.payments.receipts import RECEIPTS
from api._lib.payments.stripe_client import log_stripe_error, stripe_client, stripe_failures

if TYPE_CHECKING:
    from api._lib.web.auth import User


@dataclass(frozen=True)
class Invoice:
    """A finished invoice: its number, and where Stripe shows its page and its PDF."""

    number: str | None
    url: str
    pdf: str


def invoice_of(user: User, order_id: str) -> Invoice | None:
    """Return the invoice of an order; None if there is none, or Stripe has not finished it.

    Stripe is asked each time: whoever has the addresses can read the invoice, and they end after
    some time (https://docs.stripe.com/invoicing/hosted-invoice-page).

    Raises:
        TooManyAttemptsError: The user has asked for too many receipts and invoices.
        StripeFailedError: Stripe failed or refused.
        DatabaseUnavailableError: The database cannot be reached.
    """
    session_id = database.call("invoiced_session", p_user_id=user.id, p_order_id=order_id)
    if session_id is None:
        return None
    RECEIPTS.count(user.id)
    with stripe_failures():
        try:
            session = stripe_client().v1.checkout.sessions.retrieve(
                session_id, {"expand": ["invoice"]}
            )
        except stripe.InvalidRequestError as error:
            # The payment was made with another account's key, or as a test that was deleted since.
            if error.code == "resource_missing":
                log_stripe_error(error)
                return None
            raise
    invoice = session.invoice
    if not isinstance(invoice, stripe.Invoice):
        return None
    # A draft has neither address.
    url, pdf = invoice.hosted_invoice_url, invoice.invoice_pdf
    return Invoice(invoice.number, url, pdf) if url and pdf else None
