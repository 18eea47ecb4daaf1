"""Payments by card: success, decline, and 3-D Secure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.events.event_log import emit
from local.stripe.payments import disputes, payment_intents
from local.stripe.payments.card_behaviour import Dispute, Outcome, TestCard, behaviour
from local.stripe.shapes import charge as charge_shape
from local.stripe.shapes import payment_intent as intent_shape

if TYPE_CHECKING:
    from local.stripe.payments.card_input import Card
    from local.stripe.store import Json, Transaction


def pay(transaction: Transaction, session: Json, card: Card, payer: Json) -> Outcome:
    """Try to pay an open session with a card; return the outcome."""
    test_card = behaviour(card.number)
    intent = payment_intents.ensure_intent(transaction, session, payer)
    details = {
        "brand": card.brand,
        "cvc_check": "fail" if test_card.code == "incorrect_cvc" else "pass",
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "last4": card.number[-4:],
    }
    method = intent_shape.payment_method("card", details, payer, intent, now=transaction.now)
    if test_card.outcome is Outcome.DECLINED:
        _decline(transaction, intent, method, test_card)
    elif test_card.outcome is Outcome.NEEDS_AUTHENTICATION:
        intent |= {
            "status": "requires_action",
            "payment_method": method["id"],
            "last_payment_error": None,
            "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}},
        }
        transaction.save(intent)
        transaction.save_private(intent["id"], {"payment_method": method, "payer": payer})
        emit(transaction, "payment_intent.requires_action", intent)
    else:
        _succeed(transaction, session, intent, method, payer, dispute=test_card.dispute)
    return test_card.outcome


def authenticate(transaction: Transaction, session: Json, *, passed: bool) -> None:
    """End the 3-D Secure step of the last attempt; does nothing if none is waiting."""
    intent = transaction.find("payment_intent", session["payment_intent"] or "")
    if intent is None or intent["status"] != "requires_action":
        return
    waiting = transaction.private(intent["id"])
    method, payer = waiting["payment_method"], waiting["payer"]
    if passed:
        _succeed(transaction, session, intent, method, payer, authenticated=True)
        return
    payment_intents.fail(
        transaction,
        intent,
        {
            "code": "payment_intent_authentication_failure",
            "message": (
                "We are unable to authenticate your payment method. Choose a different payment "
                "method and try again."
            ),
            "payment_method": method,
        },
    )


def _succeed(  # noqa: PLR0913 - the objects of one payment
    transaction: Transaction,
    session: Json,
    intent: Json,
    method: Json,
    payer: Json,
    *,
    authenticated: bool = False,
    dispute: Dispute | None = None,
) -> None:
    charge = charge_shape.charge(intent, method, now=transaction.now, authenticated=authenticated)
    transaction.add(charge)
    intent |= {"payment_method": method["id"], "latest_charge": charge["id"]}
    payment_intents.approve(transaction, session, intent, charge)
    if dispute is not None:
        # Stripe does not promise an order of events. A dispute before the completed session is the
        # harder case for a shop.
        disputes.dispute_charge(
            transaction,
            charge,
            charge["amount"],
            reason="fraudulent",
            inquiry=dispute is Dispute.INQUIRY,
        )
    payment_intents.complete_session(transaction, session, payer, payment_status="paid")
    payment_intents.book(transaction, charge)


def _decline(transaction: Transaction, intent: Json, method: Json, card: TestCard) -> None:
    charge = charge_shape.charge(intent, method, now=transaction.now)
    charge |= {
        "status": "failed",
        "failure_code": card.code,
        "failure_message": card.message,
        "outcome": charge_shape.outcome(approved=False, reason=card.decline_code or card.code),
    }
    transaction.add(charge)
    intent["latest_charge"] = charge["id"]
    emit(transaction, "charge.failed", charge)
    error = {
        "charge": charge["id"],
        "code": card.code,
        "decline_code": card.decline_code,
        "message": card.message,
        "payment_method": method,
    }
    payment_intents.fail(transaction, intent, {key: value for key, value in error.items() if value})
