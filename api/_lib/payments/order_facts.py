"""The facts of an order: what the Postgres function record_facts takes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from api._lib.payments.stripe_fields import flag, reference_or_null

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.payments.order import Order

State = Literal["open", "processing", "paid", "failed", "expired"]


class Payment(TypedDict):
    """What was paid, in minor units of currency_paid; all None until it is.

    amount_tax is a part of amount_paid, whether it was added to the price or was included in it.
    """

    amount_subtotal: int | None
    amount_paid: int | None
    amount_tax: int | None
    amount_discount: int | None
    currency_paid: str | None


class OrderFacts(Payment):
    """What Stripe told us about one order: the argument of the Postgres function record_facts.

    Amounts are in minor currency units, occurred_at in seconds since 1970 (UTC). ledger_id and seal
    are as the metadata has them. Several ledgers may share a Stripe account and receive each
    other's events, so the database ignores an unknown order of another ledger, and credits one of
    its own only if the seal is right. make rebuild adds confirmed: a person vouches for the order.
    """

    order_id: str
    ledger_id: str | None
    seal: str | None
    confirmed: NotRequired[bool]
    user_id: str
    package_id: str
    package_name: str
    credits: int
    unit_amount: int
    currency: str
    valid_days: int | None
    livemode: bool
    state: State
    checkout_session_id: str | None
    payment_intent_id: str | None
    customer_id: str | None
    invoiced: bool
    invoice_id: str | None
    decline_code: str | None
    occurred_at: int


NOT_PAID: Payment = {
    "amount_subtotal": None,
    "amount_paid": None,
    "amount_tax": None,
    "amount_discount": None,
    "currency_paid": None,
}


def order_facts(  # noqa: PLR0913 - one argument a fact
    order: Order,
    stripe_object: Mapping[str, Any],
    *,
    state: State,
    checkout_session_id: str | None,
    payment_intent_id: str | None,
    invoiced: bool,
    invoice_id: str | None,
    payment: Payment,
    decline_code: str | None,
    occurred_at: int,
) -> OrderFacts:
    """Return the facts of an order, from its metadata and from the object that has them."""
    return OrderFacts(
        order_id=order.order_id,
        ledger_id=order.ledger_id,
        seal=order.seal,
        user_id=order.user_id,
        package_id=order.package_id,
        package_name=order.package_name,
        credits=order.credits,
        unit_amount=order.unit_amount,
        currency=order.currency,
        valid_days=order.valid_days,
        livemode=flag(stripe_object, "livemode"),
        state=state,
        checkout_session_id=checkout_session_id,
        payment_intent_id=payment_intent_id,
        customer_id=reference_or_null(stripe_object, "customer"),
        invoiced=invoiced,
        invoice_id=invoice_id,
        amount_subtotal=payment["amount_subtotal"],
        amount_paid=payment["amount_paid"],
        amount_tax=payment["amount_tax"],
        amount_discount=payment["amount_discount"],
        currency_paid=payment["currency_paid"],
        decline_code=decline_code,
        occurred_at=occurred_at,
    )
