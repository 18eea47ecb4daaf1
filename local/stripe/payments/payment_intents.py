"""Payment intents: the steps that payments by card and by bank debit have in common.

Every function of this module, card_payments and bank_debits runs in the transaction that has just
read the session. So if a page is submitted twice, the second submission finds the session complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.events.event_log import emit
from local.stripe.payments import balance_transactions, buyer_details, invoices
from local.stripe.shapes import charge as charge_shape
from local.stripe.shapes import payment_intent as intent_shape
from local.stripe.shapes.checkout_session import requires_consent

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction


def complete_without_payment(transaction: Transaction, session: Json, payer: Json) -> None:
    """Complete a session whose total is 0; it gets no payment intent and no charge."""
    complete_session(transaction, session, payer, payment_status="no_payment_required")


def ensure_intent(transaction: Transaction, session: Json, payer: Json) -> Json:
    """Return the session's payment intent; the first attempt creates it."""
    if session["payment_intent"]:
        intent = transaction.find("payment_intent", session["payment_intent"])
        if intent is None:
            raise LookupError(f"{session['id']} refers to a payment intent that does not exist")
        # A promotion code may have changed the total since the last attempt.
        intent["amount"] = session["amount_total"]
        return intent
    data = transaction.private(session["id"])["payment_intent_data"]
    intent = intent_shape.payment_intent(session, data, now=transaction.now)
    transaction.add(intent)
    session["payment_intent"] = intent["id"]
    buyer_details.note(transaction, session, payer)
    transaction.save(session)
    emit(transaction, "payment_intent.created", intent)
    return intent


def approve(transaction: Transaction, session: Json, intent: Json, charge: Json) -> None:
    """The bank approves: charge and payment intent succeed."""
    receipts = transaction.private(session["id"])["receipts"]
    charge |= {
        "receipt_url": f"{receipts}/{charge['id']}",
        "status": "succeeded",
        "paid": True,
        "captured": True,
        "amount_captured": charge["amount"],
        "outcome": charge_shape.outcome(approved=True),
    }
    transaction.save(charge)
    emit(transaction, "charge.succeeded", charge)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "next_action": None,
    }
    transaction.save(intent)
    emit(transaction, "payment_intent.succeeded", intent)


def book(transaction: Transaction, charge: Json) -> None:
    """Give the charge its balance transaction, which at Stripe follows a moment later."""
    charge["balance_transaction"] = balance_transactions.charged(transaction, charge)["id"]
    transaction.save(charge)
    emit(transaction, "charge.updated", charge, {"balance_transaction": None})


def complete_session(
    transaction: Transaction, session: Json, payer: Json, *, payment_status: str
) -> None:
    """Complete a session with Stripe's payment_status: paid, unpaid or no_payment_required."""
    session |= {
        "status": "complete",
        "payment_status": payment_status,
        "consent": _consent(session),
        "url": None,
    }
    buyer_details.note(transaction, session, payer)
    if payment_status != "unpaid":
        invoices.make(transaction, session)
    transaction.save(session)
    event = emit(transaction, "checkout.session.completed", session)
    # The payment page waits for the delivery of this event before it redirects.
    private = transaction.private(session["id"])
    transaction.save_private(session["id"], {**private, "completed_event": event["id"]})


def _consent(session: Json) -> Json | None:
    """Return what the payer agreed to; the page lets nobody pay who did not."""
    if not requires_consent(session):
        return None
    return {"promotions": None, "terms_of_service": "accepted"}


def fail(transaction: Transaction, intent: Json, error: Json) -> None:
    """Record that the attempt failed; the intent waits for another payment method."""
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": {**error, "type": "card_error"},
    }
    transaction.save(intent)
    emit(transaction, "payment_intent.payment_failed", intent)
