"""Every object has the shape that the SDK's annotations describe at this API version."""

from __future__ import annotations

import json
from typing import Any

import pytest
import stripe

from tests.standins.stripe.harness import StandIn, eventually
from tests.standins.stripe.sdk_shapes import fields, mismatches, resources

# What Stripe leaves out of an object unless asked to expand it, or shows in special cases only.
LEFT_OUT = {
    "checkout.session": {"line_items"},
    "payment_intent": set(),
    "charge": {"authorization_code", "level3", "refunds", "transfer"},
    "customer": {
        "cash_balance",
        "deleted",
        "invoice_credit_balance",
        "sources",
        "subscriptions",
        "tax",
        "tax_ids",
    },
    "event": {"account", "context"},
    "dispute": set(),
    "balance_transaction": set(),
    "invoice": {"amount_paid_off_stripe", "confirmation_secret", "deleted", "payments"},
    "invoice_payment": set(),
    "webhook_endpoint": {"deleted", "secret"},
}
EXPANDED = ["payment_intent.latest_charge", "customer", "line_items"]


def plain(resource: stripe.StripeObject) -> dict[str, Any]:
    """The JSON an SDK object was made from."""
    body: dict[str, Any] = json.loads(str(resource))
    return body


def assert_shape(body: dict[str, Any]) -> None:
    """Compare an object, top and nested, with its resource class."""
    kind = body["object"]
    resource = resources()[kind]
    assert mismatches(body, resource, kind) == []
    if kind in LEFT_OUT:
        assert set(fields(resource)) - set(body) == LEFT_OUT[kind]


def test_a_customer_has_stripes_shape(stand_in: StandIn) -> None:
    customer = stand_in.client.v1.customers.create(
        {"email": "ada@example.com", "metadata": {"user_id": "u1"}}
    )
    assert_shape(plain(customer))


def test_an_open_session_has_stripes_shape(stand_in: StandIn) -> None:
    customer = stand_in.client.v1.customers.create({"email": "ada@example.com"})
    for session in (
        stand_in.session(customer_email=None),
        stand_in.session(allow_promotion_codes=True, metadata={"order": "1"}),
        stand_in.session(customer=customer.id, customer_email=None),
    ):
        assert_shape(plain(session))


@pytest.mark.parametrize(
    "number", ["4242424242424242", "4000000000000002", "4000000000000127", "4000002500003155"]
)
def test_what_a_card_leaves_behind_has_stripes_shape(stand_in: StandIn, number: str) -> None:
    session = stand_in.session()
    stand_in.page(session).pay(number)
    expanded = stand_in.client.v1.checkout.sessions.retrieve(session.id, {"expand": EXPANDED})
    body = plain(expanded)
    assert mismatches(body, resources()["checkout.session"], "session") == []
    intent = body["payment_intent"]
    if intent["latest_charge"]:
        assert_shape(intent["latest_charge"])
        intent["latest_charge"] = intent["latest_charge"]["id"]
    assert_shape(intent)


def test_a_card_after_3ds_has_stripes_shape(stand_in: StandIn) -> None:
    session = stand_in.session()
    page = stand_in.page(session)
    page.pay("4000002500003155")
    page.authenticate("complete")
    expanded = stand_in.client.v1.checkout.sessions.retrieve(session.id, {"expand": EXPANDED})
    charge = plain(expanded)["payment_intent"]["latest_charge"]
    assert_shape(charge)
    assert charge["payment_method_details"]["card"]["three_d_secure"]["result"] == "authenticated"


def test_a_bank_debit_has_stripes_shape(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay_by_bank()
    stand_in.sim(f"sessions/{session.id}/settle", outcome="failed")
    expanded = stand_in.client.v1.checkout.sessions.retrieve(session.id, {"expand": EXPANDED})
    assert mismatches(plain(expanded), resources()["checkout.session"], "session") == []


def test_a_discounted_session_has_stripes_shape(stand_in: StandIn) -> None:
    session = stand_in.session(allow_promotion_codes=True)
    page = stand_in.page(session)
    page.promote(code="PURSE100")
    page.pay()
    assert_shape(plain(stand_in.client.v1.checkout.sessions.retrieve(session.id)))


# What refunds have only if they are to other kinds of payment method, or have failed.
REFUND_SELDOM = {"description", "instructions_email", "next_action"}
REFUND_FAILED = {"failure_balance_transaction", "failure_reason"}
PENDING = {"pending_reason"}


@pytest.mark.parametrize(
    ("number", "outcome", "absent"),
    [
        ("4242424242424242", None, PENDING | REFUND_FAILED),
        ("4000000000007726", None, REFUND_FAILED),
        ("4000000000007726", "succeeded", PENDING | REFUND_FAILED),
        ("4000000000005126", "failed", PENDING),
        ("4000000000007726", "canceled", PENDING),
    ],
)
def test_a_refund_has_stripes_shape_in_every_state(
    stand_in: StandIn, number: str, outcome: str | None, absent: set[str]
) -> None:
    refund = stand_in.client.v1.refunds.create({"payment_intent": stand_in.pay(number)})
    if outcome:
        stand_in.sim(f"refunds/{refund.id}/settle", outcome=outcome)
    body = plain(stand_in.client.v1.refunds.retrieve(refund.id))
    assert mismatches(body, stripe.Refund, "refund") == []
    assert set(fields(stripe.Refund)) - set(body) == REFUND_SELDOM | absent


def test_a_refund_of_a_bank_debit_has_stripes_shape(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay_by_bank()
    stand_in.sim(f"sessions/{session.id}/settle", outcome="succeeded")
    intent = stand_in.client.v1.checkout.sessions.retrieve(session.id).payment_intent
    assert isinstance(intent, str)
    refund = stand_in.client.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "pending"
    assert mismatches(plain(refund), stripe.Refund, "refund") == []
    dispute = stand_in.sim("disputes", payment_intent=intent)
    assert mismatches(dispute, stripe.Dispute, "dispute") == []


def test_a_dispute_has_stripes_shape_in_every_state(stand_in: StandIn) -> None:
    dispute = stand_in.sim("disputes", payment_intent=stand_in.pay(), inquiry=True)
    assert_shape(dispute)
    for action in ("respond", "escalate", "lose", "appeal", "respond", "win"):
        assert_shape(stand_in.sim(f"disputes/{dispute['id']}/{action}"))


def test_balance_transactions_have_stripes_shape(stand_in: StandIn) -> None:
    intent = stand_in.pay("4000000000005126")
    refund = stand_in.client.v1.refunds.create({"payment_intent": intent, "amount": 99})
    stand_in.sim(f"refunds/{refund.id}/settle", outcome="failed")
    dispute = stand_in.sim("disputes", payment_intent=intent)
    expanded = stand_in.client.v1.refunds.retrieve(
        refund.id,
        {"expand": ["balance_transaction", "failure_balance_transaction", "charge.refunds"]},
    )
    body = plain(expanded)
    assert mismatches(body, stripe.Refund, "refund") == []
    entries = [body["balance_transaction"], body["failure_balance_transaction"]]
    entries += dispute["balance_transactions"]
    booked = body["charge"]["balance_transaction"]
    entries.append(plain(stand_in.client.v1.balance_transactions.retrieve(booked)))
    for entry in entries:
        assert_shape(entry)
    assert [entry["amount"] for entry in entries] == [-99, 99, -499, 499]


def test_the_webhook_endpoint_has_stripes_shape(stand_in: StandIn) -> None:
    for endpoint in stand_in.client.v1.webhook_endpoints.list().data:
        assert_shape(plain(endpoint))


def test_line_items_have_stripes_shape(stand_in: StandIn) -> None:
    session = stand_in.session()
    items = stand_in.client.v1.checkout.sessions.line_items.list(session.id)
    for item in items.data:
        assert_shape(plain(item))


def test_every_event_and_its_object_have_stripes_shape(stand_in: StandIn) -> None:
    session = stand_in.session()
    page = stand_in.page(session)
    page.pay("4000000000000002")
    page.pay()
    stand_in.client.v1.refunds.create({"payment_intent": stand_in.pay()})
    stand_in.pay("4000000000000259")
    events = [plain(event) for event in stand_in.client.v1.events.list({"limit": 100}).data]
    assert {event["type"] for event in events} >= {
        "charge.dispute.funds_withdrawn",
        "charge.failed",
        "charge.refunded",
        "charge.updated",
        "checkout.session.completed",
        "payment_intent.payment_failed",
        "refund.created",
    }
    for event in events:
        assert_shape(event)
        subject = event["data"]["object"]
        if not subject.get("deleted"):
            assert_shape(subject)


def test_a_delivered_event_has_stripes_shape(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay()
    received = stand_in.receiver.wait_for(type="checkout.session.completed", id=session.id)
    assert_shape(received[0].event)
    assert_shape(received[0].subject)
    event_id = received[0].event["id"]
    eventually(
        lambda: stand_in.client.v1.events.retrieve(event_id).pending_webhooks == 0,
        "no webhook is pending",
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"payment_method": "card"}, "payment_method is unknown"),
        ({"livemode": 0}, "livemode"),
        ({"amount_total": "499"}, "amount_total"),
        ({"status": "done"}, "status"),
        ({"custom_text": {"colour": None}}, "colour is unknown"),
        ({"automatic_tax": {}}, "enabled is missing"),
        ({"metadata": {"order": 1}}, "order"),
    ],
    ids=str,
)
def test_the_comparison_sees_a_wrong_shape(
    stand_in: StandIn, change: dict[str, Any], complaint: str
) -> None:
    body = plain(stand_in.session()) | change
    found = mismatches(body, resources()["checkout.session"], "session")
    assert len(found) == 1
    assert complaint in found[0]
