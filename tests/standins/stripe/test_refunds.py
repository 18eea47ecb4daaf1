"""Refunds: partial and full, at once and later, succeeded and failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests.standins.stripe.harness import STARTER

if TYPE_CHECKING:
    from tests.standins.stripe.harness import StandIn

STARTER_PRICE: Any = STARTER["price_data"]
LATER = "4000 0000 0000 7726"
BOUNCES = "4000 0000 0000 5126"


def refund(stand_in: StandIn, intent: str, **params: Any) -> stripe.Refund:
    """Refund a payment through the API."""
    wanted: Any = {"payment_intent": intent, **params}
    return stand_in.client.v1.refunds.create(wanted)


def refused(stand_in: StandIn, **params: Any) -> stripe.InvalidRequestError:
    """Return the error that refuses a refund."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        stand_in.client.v1.refunds.create(params)
    return refusal.value


def test_a_full_refund_is_told_as_stripe_does(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    made = refund(stand_in, intent, reason="requested_by_customer", metadata={"ticket": "7"})
    assert (made.amount, made.status, made.reason) == (499, "succeeded", "requested_by_customer")
    assert made.metadata is not None
    assert made.metadata["ticket"] == "7"
    assert stand_in.story(intent)[-3:] == ["refund.created", "charge.refunded", "refund.updated"]
    charge = stand_in.charge(intent)
    assert (charge.amount_refunded, charge.refunded, charge.paid) == (499, True, True)


def test_partial_refunds_add_up_on_the_charge(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    for amount in (100, 1, 398):
        refund(stand_in, intent, amount=amount)
    told = [event for event in stand_in.events(intent) if event["type"] == "charge.refunded"]
    charges = [event["data"]["object"] for event in told]
    assert [charge["amount_refunded"] for charge in charges] == [100, 101, 499]
    assert [charge["refunded"] for charge in charges] == [False, False, True]
    assert [event["data"]["previous_attributes"] for event in told] == [
        {"amount_refunded": 0},
        {"amount_refunded": 100},
        {"amount_refunded": 101, "refunded": False},
    ]


def test_what_is_left_is_refunded_when_no_amount_is_given(stand_in: StandIn) -> None:
    charge = stand_in.charge(stand_in.pay())
    stand_in.client.v1.refunds.create({"charge": charge.id, "amount": 99})
    assert stand_in.client.v1.refunds.create({"charge": charge.id}).amount == 400


def test_more_than_was_paid_is_refused(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    refund(stand_in, intent, amount=300)
    error = refused(stand_in, payment_intent=intent, amount=200)
    assert (error.http_status, error.param) == (400, "amount")
    assert "($2.00) is greater than unrefunded amount on charge ($1.99)" in str(error.user_message)


@pytest.mark.parametrize(
    ("currency", "paid", "odd"), [("kwd", 4990, 3992), ("isk", 49_900, 39_920)]
)
def test_a_part_that_the_currency_cannot_charge_is_refused(
    stand_in: StandIn, currency: str, paid: int, odd: int
) -> None:
    price = {**STARTER_PRICE, "currency": currency, "unit_amount": paid}
    session = stand_in.session(line_items=[{"quantity": 1, "price_data": price}])
    assert stand_in.page(session).pay().status_code == 303
    intent = stand_in.client.v1.checkout.sessions.retrieve(session.id).payment_intent
    assert isinstance(intent, str)
    error = refused(stand_in, payment_intent=intent, amount=odd)
    assert (error.http_status, error.param) == (400, "amount")
    assert f"Amounts in {currency.upper()} must be evenly divisible" in str(error.user_message)
    assert refund(stand_in, intent, amount=100).amount == 100
    assert refund(stand_in, intent).amount == paid - 100


def test_a_refunded_charge_is_refused(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    refund(stand_in, intent)
    assert refused(stand_in, payment_intent=intent).code == "charge_already_refunded"


def test_a_disputed_charge_is_refused_but_an_inquiry_is_not(stand_in: StandIn) -> None:
    assert refused(stand_in, payment_intent=stand_in.pay("4000000000000259")).code == (
        "charge_disputed"
    )
    assert refund(stand_in, stand_in.pay("4000000000001976")).status == "succeeded"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, None),
        ({"charge": "ch_nothing"}, "charge"),
        ({"payment_intent": "pi_nothing"}, "payment_intent"),
        ({"charge": "ch_nothing", "amount": 0}, "amount"),
        ({"charge": "ch_nothing", "reason": "because"}, "reason"),
    ],
    ids=str,
)
def test_a_refund_of_nothing_is_refused(
    stand_in: StandIn, params: dict[str, Any], param: str | None
) -> None:
    assert refused(stand_in, **params).param == param


def test_charge_and_intent_must_belong_together(stand_in: StandIn) -> None:
    charge = stand_in.charge(stand_in.pay())
    assert "does not belong" in str(refused(stand_in, charge=charge.id, payment_intent="pi_1"))


def test_a_payment_that_failed_or_is_under_way_has_nothing_to_refund(stand_in: StandIn) -> None:
    declined, waiting = stand_in.session(), stand_in.session()
    stand_in.page(declined).pay("4000000000000002")
    stand_in.page(waiting).pay_by_bank()
    for session in (declined, waiting):
        intent = stand_in.client.v1.checkout.sessions.retrieve(session.id).payment_intent
        assert "no money to refund or dispute" in str(refused(stand_in, payment_intent=intent))


def test_a_pending_refund_succeeds_later(stand_in: StandIn) -> None:
    intent = stand_in.pay(LATER)
    made = refund(stand_in, intent)
    assert (made.status, made.pending_reason) == ("pending", "processing")
    assert stand_in.charge(intent).refunded
    assert stand_in.story(intent)[-2:] == ["refund.created", "charge.refunded"]
    settled = stand_in.sim(f"refunds/{made.id}/settle", outcome="succeeded")
    assert settled["status"] == "succeeded"
    updated = stand_in.events(intent)[-2]
    assert updated["type"] == "refund.updated"
    assert updated["data"]["previous_attributes"]["status"] == "pending"


@pytest.mark.parametrize("number", [LATER, BOUNCES])
def test_a_refund_that_fails_frees_the_charge(stand_in: StandIn, number: str) -> None:
    intent = stand_in.pay(number)
    made = refund(stand_in, intent)
    stand_in.sim(f"refunds/{made.id}/settle", outcome="failed")
    assert stand_in.story(intent)[-2:] == ["refund.updated", "refund.failed"]
    failed = stand_in.client.v1.refunds.retrieve(made.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    charge = stand_in.charge(intent)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert refund(stand_in, intent).amount == 499


def test_a_refund_called_off_frees_the_charge_too(stand_in: StandIn) -> None:
    intent = stand_in.pay(LATER)
    made = refund(stand_in, intent)
    stand_in.sim(f"refunds/{made.id}/settle", outcome="canceled")
    assert stand_in.story(intent)[-1] == "refund.updated"
    assert stand_in.client.v1.refunds.retrieve(made.id).status == "canceled"
    assert not stand_in.charge(intent).refunded


def test_refunds_settle_by_the_clock_as_their_card_has_it(own_stand_in: StandIn) -> None:
    refunds = {
        number: refund(own_stand_in, own_stand_in.pay(number)) for number in (LATER, BOUNCES)
    }
    assert [made.status for made in refunds.values()] == ["pending", "succeeded"]
    own_stand_in.sim("clock", advance_seconds=3601)
    own_stand_in.receiver.wait_for(type="refund.failed", id=refunds[BOUNCES].id)
    retrieve = own_stand_in.client.v1.refunds.retrieve
    assert [retrieve(made.id).status for made in refunds.values()] == ["succeeded", "failed"]
    # What has ended stays ended, however much time goes by.
    own_stand_in.sim("clock", advance_seconds=3601)
    assert [retrieve(made.id).status for made in refunds.values()] == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("first", "then"), [("failed", "succeeded"), ("succeeded", "canceled"), ("failed", "failed")]
)
def test_a_refund_does_not_rise_again(stand_in: StandIn, first: str, then: str) -> None:
    made = refund(stand_in, stand_in.pay(LATER))
    stand_in.sim(f"refunds/{made.id}/settle", outcome=first)
    again = stand_in.http.post(f"/_sim/refunds/{made.id}/settle", json={"outcome": then})
    assert again.status_code == 400


def test_the_same_key_refunds_once(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    key = f"refund-{time.time_ns()}"
    ids = {
        stand_in.client.v1.refunds.create(
            {"payment_intent": intent, "amount": 100}, {"idempotency_key": key}
        ).id
        for _ in range(2)
    }
    assert len(ids) == 1
    assert stand_in.charge(intent).amount_refunded == 100


def test_metadata_of_a_refund_can_be_changed(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    made = refund(stand_in, intent, metadata={"a": "1", "b": "2"})
    changed = stand_in.client.v1.refunds.update(made.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert stand_in.story(intent)[-1] == "refund.updated"


def test_a_refund_is_delivered_to_the_shop(stand_in: StandIn) -> None:
    made = refund(stand_in, stand_in.pay(), amount=100)
    received = stand_in.receiver.wait_for(type="refund.created", id=made.id)
    assert received[0].subject["amount"] == 100
    stand_in.receiver.wait_for(type="charge.refunded", id=str(made.charge))
