"""Checkout Sessions and PaymentIntents in, the facts of an order out. Pure: no I/O, no clock.

Stripe's rules that this follows:

- A completed session is paid only if its payment_status is not unpaid
  (https://docs.stripe.com/checkout/fulfillment).
- Credits never derive from the amount paid. They travel in the metadata that our server wrote
  (order.py).
- A session alone cannot say that a delayed payment failed: it stays complete and unpaid, as it was
  while the payment was processing. An event says it by its type. For a session that we retrieve
  ourselves, its PaymentIntent says it
  (https://docs.stripe.com/payments/paymentintents/lifecycle).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.payments.order import order_in
from api._lib.payments.order_facts import NOT_PAID, order_facts
from api._lib.payments.stripe_fields import (
    InvalidStripeObjectError,
    flag,
    object_or_null,
    reference_or_null,
    text,
    text_or_null,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.payments.order_facts import OrderFacts, Payment, State

# What to expand when a session is retrieved, and when sessions are listed.
EXPAND_SESSION = ("payment_intent.latest_charge",)
EXPAND_SESSIONS = ("data.payment_intent.latest_charge",)

# The statuses of a PaymentIntent that, under a complete session, mean that the payment failed.
_FAILED = ("requires_payment_method", "canceled")


def facts_of_session(
    session: Mapping[str, Any],
    *,
    occurred_at: int,
    payment_failed: bool = False,
) -> OrderFacts | None:
    """Return the facts of a Checkout Session, or None if it is not for one of our orders.

    Args:
        session: The Checkout Session, as Stripe's JSON.
        occurred_at: When the session was in this state, in seconds since 1970 (UTC).
        payment_failed: Whether the delayed payment failed, which the session does not say.

    Raises:
        InvalidStripeObjectError: It may be for one of our orders, but a field is missing or wrong.
    """
    order = order_in(session.get("metadata"))
    if order is None or text(session, "mode") != "payment":
        return None
    state = _session_state(session, payment_failed=payment_failed)
    return order_facts(
        order,
        session,
        state=state,
        checkout_session_id=text(session, "id"),
        payment_intent_id=reference_or_null(session, "payment_intent"),
        invoiced=_makes_invoice(session),
        invoice_id=reference_or_null(session, "invoice"),
        payment=_payment(session) if state == "paid" else NOT_PAID,
        decline_code=None,
        occurred_at=occurred_at,
    )


def facts_of_retrieved_session(
    session: Mapping[str, Any], *, retrieved_at: int
) -> OrderFacts | None:
    """Return the facts of a session that we retrieved, or None if it is not for one of our orders.

    Args:
        session: The Checkout Session as Stripe's JSON, expanded as EXPAND_SESSION says.
        retrieved_at: When we retrieved it, in seconds since 1970 (UTC).

    Raises:
        InvalidStripeObjectError: As in facts_of_session.
    """
    return facts_of_session(
        session,
        occurred_at=_time_of_state(session, retrieved_at),
        payment_failed=_expanded_intent(session).get("status") in _FAILED,
    )


def last_decline(session: Mapping[str, Any]) -> str | None:
    """Return the code of the latest declined attempt, or None if there is none.

    It is for the reader alone. The ledger counts a decline by its event, which says when it was.

    Args:
        session: The Checkout Session as Stripe's JSON, expanded as EXPAND_SESSION says.
    """
    error = _expanded_intent(session).get("last_payment_error")
    return _decline_code(error) if isinstance(error, dict) else None


def facts_of_declined_payment(intent: Mapping[str, Any], *, occurred_at: int) -> OrderFacts | None:
    """Return the facts of a PaymentIntent whose latest attempt was declined.

    The order stays open: the buyer may try another card on the same page. The facts name no
    payment intent, because only the session says which intent pays.

    Raises:
        InvalidStripeObjectError: As in facts_of_session.
    """
    order = order_in(intent.get("metadata"))
    if order is None:
        return None
    error = object_or_null(intent, "last_payment_error") or {}
    return order_facts(
        order,
        intent,
        state="open",
        checkout_session_id=None,
        payment_intent_id=None,
        invoiced=False,
        invoice_id=None,
        payment=NOT_PAID,
        decline_code=_decline_code(error),
        occurred_at=occurred_at,
    )


def _session_state(session: Mapping[str, Any], *, payment_failed: bool) -> State:
    # Checked first: a session that is paid stays paid, whatever status Stripe may add one day.
    payment_status = text(session, "payment_status")
    if payment_status == "paid":
        return "paid"
    status = text_or_null(session, "status")
    if status == "expired":
        return "expired"
    if status != "complete":
        return "open"
    if payment_status == "no_payment_required":
        return "paid"
    return "failed" if payment_failed else "processing"


def _payment(session: Mapping[str, Any]) -> Payment:
    totals = object_or_null(session, "total_details")
    if totals is None:
        raise InvalidStripeObjectError("total_details")
    return {
        "amount_subtotal": whole_number(session, "amount_subtotal"),
        "amount_paid": whole_number(session, "amount_total"),
        "amount_tax": whole_number(totals, "amount_tax"),
        "amount_discount": whole_number(totals, "amount_discount"),
        "currency_paid": text(session, "currency"),
    }


def _makes_invoice(session: Mapping[str, Any]) -> bool:
    """Return whether Stripe makes an invoice once the session is paid."""
    creation = object_or_null(session, "invoice_creation")
    return creation is not None and flag(creation, "enabled")


def _time_of_state(session: Mapping[str, Any], retrieved_at: int) -> int:
    """Return when a session reached its state, or retrieved_at where the session does not say.

    Of several times for one fact the ledger keeps the earliest. So an event that arrives later can
    still correct this one.
    """
    charge = _expanded_intent(session).get("latest_charge")
    if session["payment_status"] == "paid" and isinstance(charge, dict):
        return int(charge["created"])
    return int(session["created"]) if session["status"] == "open" else retrieved_at


def _expanded_intent(session: Mapping[str, Any]) -> Mapping[str, Any]:
    intent = session.get("payment_intent")
    return intent if isinstance(intent, dict) else {}


def _decline_code(error: Mapping[str, Any]) -> str:
    """Return the bank's code for a decline, else Stripe's; either may be absent or null."""
    for field in ("decline_code", "code"):
        if error.get(field):
            return text(error, field)
    return "unknown"
