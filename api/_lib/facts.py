"""Stripe's objects in, facts out. Pure: no I/O, no clock, the same answer every time.

Everything that settles a purchase comes through here: webhook, return page, reconciliation. The
facts go to the Postgres function record_facts, which merges them by rules that do not care about
order or repetition. What an order consists of travels in metadata that our server wrote, so that
Stripe alone can rebuild the ledger (https://docs.stripe.com/metadata).

Rules: act on a completed session only when its payment_status is not unpaid
(https://docs.stripe.com/checkout/fulfillment); credits never derive from the amount paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["open", "processing", "paid", "failed", "expired"]

_ORDER_ID = "purse_order_id"
_PROJECT = "purse_project"
_SESSION_EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
_PAYMENT_FAILED = "payment_intent.payment_failed"


class NotAnOrderError(Exception):
    """Metadata that names an order of ours, but not all of it: somebody edited it at Stripe."""


@dataclass(frozen=True)
class Order:
    """What was ordered, fixed before Stripe heard of it.

    Attributes:
        order_id: Our own id: Stripe's idempotency key, client_reference_id and metadata.
        user_id: The buyer's id in Supabase Auth.
        package_id: The package's id in the catalogue.
        package_name: Its name when it was ordered.
        credits: Credits ordered.
        unit_amount: Price in minor units of the currency.
        currency: ISO 4217, lower case.
    """

    order_id: str
    user_id: str
    package_id: str
    package_name: str
    credits: int
    unit_amount: int
    currency: str

    def metadata(self, project: str) -> dict[str, str]:
        """Return the order as Stripe metadata, marked with the project whose user ordered."""
        return {
            _ORDER_ID: self.order_id,
            _PROJECT: project,
            "purse_user_id": self.user_id,
            "purse_package_id": self.package_id,
            "purse_package_name": self.package_name,
            "purse_credits": str(self.credits),
            "purse_unit_amount": str(self.unit_amount),
            "purse_currency": self.currency,
        }


class Facts(TypedDict):
    """What Stripe told us of one order, as record_facts takes it; occurred_at in seconds, UTC.

    is_ours says whether the order carries our project's mark. Several deployments may share a
    Stripe account and hear of each other's orders: one neither known nor marked here is not made.
    """

    order_id: str
    is_ours: bool
    user_id: str
    package_id: str
    package_name: str
    credits: int
    unit_amount: int
    currency: str
    livemode: bool
    state: State
    checkout_session_id: str | None
    payment_intent_id: str | None
    customer_id: str | None
    amount_paid: int | None
    decline_code: str | None
    occurred_at: int


def facts_of_event(event: Mapping[str, Any], *, project: str) -> Facts | None:
    """Return the facts an event carries, or None if it is none of our business.

    Args:
        event: The event, as Stripe's JSON.
        project: Our project's mark.

    Raises:
        NotAnOrderError: It names an order of ours but does not carry all of it.
    """
    type_, stripe_object, occurred_at = event["type"], event["data"]["object"], event["created"]
    if type_ in _SESSION_EVENTS:
        return facts_of_session(
            stripe_object,
            project=project,
            occurred_at=occurred_at,
            payment_failed=type_ == "checkout.session.async_payment_failed",
        )
    if type_ == _PAYMENT_FAILED:
        return facts_of_declined_payment(stripe_object, project=project, occurred_at=occurred_at)
    return None


def facts_of_session(
    session: Mapping[str, Any],
    *,
    project: str,
    occurred_at: int,
    payment_failed: bool = False,
) -> Facts | None:
    """Return the facts of a Checkout Session, or None if it is not an order of ours.

    Args:
        session: The Checkout Session, as Stripe's JSON.
        project: Our project's mark.
        occurred_at: When this was so, in seconds, UTC.
        payment_failed: The delayed payment failed. The session itself cannot tell: it stays
            complete and unpaid, as it was while the payment was under way.

    Raises:
        NotAnOrderError: As above.
    """
    order = _order_in(session.get("metadata"))
    if order is None or session.get("mode") != "payment":
        return None
    state = _session_state(session, payment_failed=payment_failed)
    return _facts(
        order,
        session,
        project=project,
        state=state,
        checkout_session_id=session["id"],
        payment_intent_id=_id(session.get("payment_intent")),
        amount_paid=session["amount_total"] if state == "paid" else None,
        decline_code=None,
        occurred_at=occurred_at,
    )


def facts_of_declined_payment(
    intent: Mapping[str, Any], *, project: str, occurred_at: int
) -> Facts | None:
    """Return the facts of a PaymentIntent whose latest attempt was declined.

    The order stays open: the person may try another card on the same page. Which intent pays is
    left to the session to say.

    Raises:
        NotAnOrderError: As above.
    """
    order = _order_in(intent.get("metadata"))
    if order is None:
        return None
    error = intent.get("last_payment_error") or {}
    return _facts(
        order,
        intent,
        project=project,
        state="open",
        checkout_session_id=None,
        payment_intent_id=None,
        amount_paid=None,
        decline_code=error.get("decline_code") or error.get("code") or "unknown",
        occurred_at=occurred_at,
    )


def _session_state(session: Mapping[str, Any], *, payment_failed: bool) -> State:
    if session["status"] == "expired":
        return "expired"
    if session["status"] != "complete":
        return "open"
    if session["payment_status"] in ("paid", "no_payment_required"):
        return "paid"
    return "failed" if payment_failed else "processing"


def _order_in(metadata: Any) -> Order | None:
    if not isinstance(metadata, dict) or _ORDER_ID not in metadata:
        return None
    try:
        return Order(
            order_id=str(UUID(metadata[_ORDER_ID])),
            user_id=str(UUID(metadata["purse_user_id"])),
            package_id=metadata["purse_package_id"],
            package_name=metadata["purse_package_name"],
            credits=int(metadata["purse_credits"]),
            unit_amount=int(metadata["purse_unit_amount"]),
            currency=metadata["purse_currency"],
        )
    except (KeyError, ValueError, TypeError, AttributeError):
        raise NotAnOrderError from None


def _facts(  # noqa: PLR0913 - one argument a fact
    order: Order,
    stripe_object: Mapping[str, Any],
    *,
    project: str,
    state: State,
    checkout_session_id: str | None,
    payment_intent_id: str | None,
    amount_paid: int | None,
    decline_code: str | None,
    occurred_at: int,
) -> Facts:
    return Facts(
        order_id=order.order_id,
        is_ours=stripe_object["metadata"].get(_PROJECT) == project,
        user_id=order.user_id,
        package_id=order.package_id,
        package_name=order.package_name,
        credits=order.credits,
        unit_amount=order.unit_amount,
        currency=order.currency,
        livemode=stripe_object["livemode"],
        state=state,
        checkout_session_id=checkout_session_id,
        payment_intent_id=payment_intent_id,
        customer_id=_id(stripe_object.get("customer")),
        amount_paid=amount_paid,
        decline_code=decline_code,
        occurred_at=occurred_at,
    )


def _id(value: Any) -> str | None:
    """Return the id of a reference that Stripe may have expanded into its object."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else None
