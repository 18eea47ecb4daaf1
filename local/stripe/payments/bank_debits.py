"""Payments by bank debit: the session completes at once, the money arrives or fails later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.errors import StripeError
from local.stripe.events.event_log import emit
from local.stripe.payments import invoices, payment_intents
from local.stripe.shapes import charge as charge_shape
from local.stripe.shapes import payment_intent as intent_shape

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction


def pay(transaction: Transaction, session: Json, last4: str, payer: Json) -> None:
    """Complete the session with a bank debit, which succeeds or fails later."""
    intent = payment_intents.ensure_intent(transaction, session, payer)
    method = intent_shape.payment_method(
        "us_bank_account", {"last4": last4}, payer, intent, now=transaction.now
    )
    charge = charge_shape.charge(intent, method, now=transaction.now)
    transaction.add(charge)
    intent |= {
        "status": "processing",
        "payment_method": method["id"],
        "latest_charge": charge["id"],
        "last_payment_error": None,
        "next_action": None,
    }
    transaction.save(intent)
    transaction.save_private(intent["id"], {"payment_method": method, "payer": payer})
    emit(transaction, "charge.pending", charge)
    emit(transaction, "payment_intent.processing", intent)
    payment_intents.complete_session(transaction, session, payer, payment_status="unpaid")


def settle(transaction: Transaction, session: Json, *, succeeded: bool) -> None:
    """Let the pending bank debit of a session succeed or fail.

    Raises:
        StripeError: No bank debit is pending.
    """
    intent = transaction.find("payment_intent", session["payment_intent"] or "")
    if intent is None or intent["status"] != "processing":
        raise StripeError("This Checkout Session has no pending bank debit.")
    charge = transaction.find("charge", intent["latest_charge"])
    if charge is None:
        raise LookupError(f"{intent['id']} is processing without a charge")
    if succeeded:
        payment_intents.approve(transaction, session, intent, charge)
        session["payment_status"] = "paid"
        invoices.make(transaction, session)
        transaction.save(session)
        emit(transaction, "checkout.session.async_payment_succeeded", session)
        payment_intents.book(transaction, charge)
        return
    message = "The customer's account has insufficient funds to cover this payment."
    charge |= {
        "status": "failed",
        "failure_code": "insufficient_funds",
        "failure_message": message,
    }
    transaction.save(charge)
    emit(transaction, "charge.failed", charge)
    method = transaction.private(intent["id"])["payment_method"]
    error = {
        "charge": charge["id"],
        "code": "payment_intent_payment_attempt_failed",
        "decline_code": "insufficient_funds",
        "message": message,
        "payment_method": method,
    }
    payment_intents.fail(transaction, intent, error)
    emit(transaction, "checkout.session.async_payment_failed", session)
