"""Another currency shown to the payer, and a customer who is billed in one currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests.standins.stripe.sdk_shapes import mismatches

if TYPE_CHECKING:
    from tests.standins.stripe.harness import StandIn


def line_item(currency: str) -> dict[str, Any]:
    price = {"currency": currency, "unit_amount": 730, "product_data": {"name": "Starter"}}
    return {"quantity": 1, "price_data": price}


def test_what_the_payer_is_shown_leaves_session_payment_and_refund_in_their_currency(
    own_stand_in: StandIn,
) -> None:
    session = own_stand_in.session()
    own_stand_in.sim(f"sessions/{session.id}/present", currency="jpy", amount=900)
    assert own_stand_in.page(session).pay().status_code == 303
    client = own_stand_in.client.v1
    paid = client.checkout.sessions.retrieve(session.id)
    intent = client.payment_intents.retrieve(str(paid.payment_intent))
    charge = own_stand_in.charge(intent.id)
    refund = client.refunds.create({"payment_intent": intent.id, "amount": charge.amount // 2})
    objects: list[tuple[Any, type, str]] = [
        (paid, stripe.checkout.Session, "session"),
        (intent, stripe.PaymentIntent, "intent"),
        (charge, stripe.Charge, "charge"),
        (refund, stripe.Refund, "refund"),
    ]
    for thing, kind, name in objects:
        assert thing.currency == "usd"
        assert thing.presentment_details.presentment_currency == "jpy"
        assert mismatches(thing.to_dict(), kind, name) == []
    assert (paid.amount_total, charge.amount) == (499, 499)
    assert paid.presentment_details is not None
    assert paid.presentment_details.presentment_amount == 900
    assert refund.presentment_details is not None
    assert refund.presentment_details.presentment_amount == 900 * 249 // 499


@pytest.mark.parametrize("wrong", [{"currency": "zzz", "amount": 1}, {"currency": "eur"}])
def test_what_cannot_be_shown_is_refused(own_stand_in: StandIn, wrong: dict[str, Any]) -> None:
    session = own_stand_in.session()
    with pytest.raises(ValueError, match=r"currency is|amount must"):
        own_stand_in.sim(f"sessions/{session.id}/present", **wrong)


def test_a_customer_pays_in_any_currency(own_stand_in: StandIn) -> None:
    customer = own_stand_in.client.v1.customers.create({"email": "ada@example.com"})
    for currency in ("usd", "eur", "jpy"):
        session = own_stand_in.session(
            customer=customer.id, customer_email=None, line_items=[line_item(currency)]
        )
        assert session.currency == currency
        assert own_stand_in.page(session).pay().status_code == 303


def test_a_customer_with_a_subscription_pays_in_its_currency_alone(own_stand_in: StandIn) -> None:
    customer = own_stand_in.client.v1.customers.create({"email": "ada@example.com"})
    own_stand_in.sim(f"customers/{customer.id}/subscribe", currency="gbp")
    billed = own_stand_in.client.v1.customers.retrieve(customer.id)
    assert billed.currency == "gbp"
    assert mismatches(billed.to_dict(), stripe.Customer, "customer") == []
    theirs = {"customer": customer.id, "customer_email": None}
    assert own_stand_in.session(**theirs, line_items=[line_item("gbp")]).currency == "gbp"
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies"):
        own_stand_in.session(**theirs, line_items=[line_item("eur")])
