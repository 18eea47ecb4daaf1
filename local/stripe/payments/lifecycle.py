"""The story of a payment: attempt, decline, authentication, success, late settlement.

Every function here runs inside one transaction that has just read the session, so two
submissions of one page follow each other, and the second finds the session complete.
"""

from local.stripe.api.errors import StripeError
from local.stripe.events.log import emit
from local.stripe.payments import balance, disputes
from local.stripe.payments.cards import Card, Dispute, Outcome, TestCard, behaviour
from local.stripe.shapes import charge as charge_shape
from local.stripe.shapes import payment_intent as intent_shape
from local.stripe.shapes.checkout_session import customer_details
from local.stripe.store import Json, Transaction


def pay_by_card(transaction: Transaction, session: Json, card: Card, payer: Json) -> Outcome:
    """Try a card on an open session and say how that went."""
    plan = behaviour(card.number)
    intent = _intent(transaction, session, payer)
    details = {
        "brand": card.brand,
        "cvc_check": "fail" if plan.code == "incorrect_cvc" else "pass",
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "last4": card.number[-4:],
    }
    method = intent_shape.payment_method("card", details, payer, intent, now=transaction.now)
    if plan.outcome is Outcome.DECLINED:
        _decline(transaction, intent, method, plan)
    elif plan.outcome is Outcome.NEEDS_AUTHENTICATION:
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
        _succeed(transaction, session, intent, method, payer, dispute=plan.dispute)
    return plan.outcome


def authenticate(transaction: Transaction, session: Json, *, passed: bool) -> None:
    """Finish the 3-D Secure step of the card that was tried last."""
    intent = transaction.find("payment_intent", session["payment_intent"] or "")
    if intent is None or intent["status"] != "requires_action":
        return
    waiting = transaction.private(intent["id"])
    method, payer = waiting["payment_method"], waiting["payer"]
    if passed:
        _succeed(transaction, session, intent, method, payer, authenticated=True)
        return
    _fail_intent(
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


def pay_by_bank(transaction: Transaction, session: Json, last4: str, payer: Json) -> None:
    """Complete the session with a debit whose money comes, or does not, later."""
    intent = _intent(transaction, session, payer)
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
    _complete(transaction, session, payer, payment_status="unpaid")


def settle(transaction: Transaction, session: Json, *, succeeded: bool) -> None:
    """Let a bank debit that is under way arrive or bounce."""
    intent = transaction.find("payment_intent", session["payment_intent"] or "")
    if intent is None or intent["status"] != "processing":
        raise StripeError("This Checkout Session has no delayed payment under way.")
    charge = transaction.find("charge", intent["latest_charge"])
    if charge is None:
        raise LookupError(f"{intent['id']} is processing without a charge")
    if succeeded:
        _approve(transaction, session, intent, charge)
        session["payment_status"] = "paid"
        transaction.save(session)
        emit(transaction, "checkout.session.async_payment_succeeded", session)
        _book(transaction, charge)
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
    _fail_intent(transaction, intent, error)
    emit(transaction, "checkout.session.async_payment_failed", session)


def complete_without_payment(transaction: Transaction, session: Json, payer: Json) -> None:
    """Finish a session that costs nothing: there is no intent and no charge."""
    _complete(transaction, session, payer, payment_status="no_payment_required")


def _intent(transaction: Transaction, session: Json, payer: Json) -> Json:
    """The session's PaymentIntent, made at the first attempt and kept for the next ones."""
    if session["payment_intent"]:
        intent = transaction.find("payment_intent", session["payment_intent"])
        if intent is None:
            raise LookupError(f"{session['id']} names a payment intent that is not there")
        # A promotion code may have come or gone between two attempts.
        intent["amount"] = session["amount_total"]
        return intent
    data = transaction.private(session["id"])["payment_intent_data"]
    intent = intent_shape.payment_intent(session, data, now=transaction.now)
    transaction.add(intent)
    session["payment_intent"] = intent["id"]
    session["customer_details"] = customer_details(payer["email"], payer["name"])
    transaction.save(session)
    emit(transaction, "payment_intent.created", intent)
    return intent


def _succeed(  # noqa: PLR0913 - the parties to a payment
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
    _approve(transaction, session, intent, charge)
    if dispute is not None:
        # Before the session completes: Stripe promises no order, and this is the harder one.
        disputes.dispute_charge(
            transaction,
            charge,
            charge["amount"],
            reason="fraudulent",
            inquiry=dispute is Dispute.INQUIRY,
        )
    _complete(transaction, session, payer, payment_status="paid")
    _book(transaction, charge)


def _approve(transaction: Transaction, session: Json, intent: Json, charge: Json) -> None:
    """The bank says yes: charge and intent succeed."""
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


def _book(transaction: Transaction, charge: Json) -> None:
    """A moment after success, the charge gets its balance transaction."""
    charge["balance_transaction"] = balance.charged(transaction, charge)["id"]
    transaction.save(charge)
    emit(transaction, "charge.updated", charge, {"balance_transaction": None})


def _complete(transaction: Transaction, session: Json, payer: Json, *, payment_status: str) -> None:
    session |= {
        "status": "complete",
        "payment_status": payment_status,
        "customer_details": customer_details(payer["email"], payer["name"]),
        "url": None,
    }
    transaction.save(session)
    event = emit(transaction, "checkout.session.completed", session)
    # The page waits for this event's delivery before it sends the person back.
    private = transaction.private(session["id"])
    transaction.save_private(session["id"], {**private, "completed_event": event["id"]})


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
    _fail_intent(transaction, intent, {key: part for key, part in error.items() if part})


def _fail_intent(transaction: Transaction, intent: Json, error: Json) -> None:
    """The attempt failed; the intent waits for another payment method."""
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": {**error, "type": "card_error"},
    }
    transaction.save(intent)
    emit(transaction, "payment_intent.payment_failed", intent)
