"""Invoices that Checkout makes after a payment (`invoice_creation`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.events.event_log import emit
from local.stripe.ids import random_text
from local.stripe.shapes import invoice as shape

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction


def make(transaction: Transaction, session: Json) -> None:
    """Make the invoice of a session that was just paid, if it asks for one.

    The caller saves the session afterwards, which then names the invoice.
    """
    if not session["invoice_creation"]["enabled"]:
        return
    customer = transaction.find("customer", session["customer"] or "")
    private = transaction.private(session["id"])
    invoice = shape.draft(session, private["line_items"], customer, now=transaction.now)
    transaction.add(invoice)
    emit(transaction, "invoice.created", invoice)
    page = f"{private['invoices']}/{invoice['id']}"
    invoice |= {
        "effective_at": transaction.now,
        "ending_balance": 0,
        "hosted_invoice_url": page,
        "invoice_pdf": f"{page}/pdf",
        "number": _number(transaction, customer),
        "status": "open",
    }
    invoice["status_transitions"]["finalized_at"] = transaction.now
    emit(transaction, "invoice.finalized", invoice)
    invoice |= {"amount_paid": invoice["amount_due"], "amount_remaining": 0, "attempted": True}
    invoice["status"] = "paid"
    invoice["status_transitions"]["paid_at"] = transaction.now
    transaction.save(invoice)
    emit(transaction, "invoice.paid", invoice)
    emit(transaction, "invoice.payment_succeeded", invoice)
    if session["payment_intent"]:
        payment = shape.payment(invoice, session["payment_intent"], now=transaction.now)
        transaction.add(payment)
        emit(transaction, "invoice_payment.paid", payment)
    session["invoice"] = invoice["id"]


def _number(transaction: Transaction, customer: Json | None) -> str:
    """Return the next number: the customer's prefix and a count; a guest has a prefix once."""
    if customer is None:
        return f"{random_text(8).upper()}-0001"
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    customer["next_invoice_sequence"] += 1
    transaction.save(customer)
    return number
