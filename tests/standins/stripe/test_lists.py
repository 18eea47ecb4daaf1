"""Lists are paged, filtered, and newest first."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.standins.stripe.harness import STARTER, StandIn


def test_pages_follow_each_other_without_gap_or_overlap(stand_in: StandIn) -> None:
    customer = stand_in.client.v1.customers.create({"email": "pages@example.com"}).id
    made = [stand_in.session(customer=customer, customer_email=None).id for _ in range(5)]
    newest_first = made[::-1]
    sessions = stand_in.client.v1.checkout.sessions
    first = sessions.list({"customer": customer, "limit": 2})
    assert ([each.id for each in first.data], first.has_more) == (newest_first[:2], True)
    rest = sessions.list({"customer": customer, "starting_after": newest_first[1]})
    assert ([each.id for each in rest.data], rest.has_more) == (newest_first[2:], False)
    before = sessions.list({"customer": customer, "ending_before": newest_first[3], "limit": 2})
    assert ([each.id for each in before.data], before.has_more) == (newest_first[1:3], True)
    walked = sessions.list({"customer": customer, "limit": 2}).auto_paging_iter()
    assert [each.id for each in walked] == newest_first


def test_sessions_are_found_by_status_intent_and_time(stand_in: StandIn) -> None:
    sessions = stand_in.client.v1.checkout.sessions
    session = stand_in.session()
    stand_in.page(session).pay()
    paid = sessions.retrieve(session.id)
    assert isinstance(paid.payment_intent, str)
    found = sessions.list({"payment_intent": paid.payment_intent})
    assert [each.id for each in found.data] == [session.id]
    assert session.id in [each.id for each in sessions.list({"status": "complete"}).data]
    assert session.id not in [each.id for each in sessions.list({"status": "open"}).data]
    recent = sessions.list({"created": {"gte": session.created}})
    assert session.id in [each.id for each in recent.data]
    assert sessions.list({"created": {"gt": session.created + 3600}}).data == []


def test_refunds_disputes_and_charges_are_found_by_payment_and_time(stand_in: StandIn) -> None:
    client = stand_in.client.v1
    intent = stand_in.pay()
    charge = stand_in.charge(intent)
    refunds = [client.refunds.create({"charge": charge.id, "amount": 10}).id for _ in range(3)]
    disputes = [
        stand_in.sim("disputes", charge=charge.id, amount=10, inquiry=True)["id"] for _ in range(3)
    ]
    for query in ({"payment_intent": intent}, {"charge": charge.id}):
        listed: Any = query
        assert [each.id for each in client.refunds.list(listed).data] == refunds[::-1]
        assert [each.id for each in client.disputes.list(listed).data] == disputes[::-1]
    since: Any = {"created": {"gte": charge.created}, "limit": 100}
    later: Any = {"created": {"gt": charge.created + 3600}}
    assert refunds[0] in [each.id for each in client.refunds.list(since).data]
    assert disputes[0] in [each.id for each in client.disputes.list(since).data]
    assert charge.id in [each.id for each in client.charges.list(since).data]
    for service in (client.refunds, client.disputes, client.charges, client.events):
        assert service.list(later).data == []
    first = client.refunds.list({"charge": charge.id, "limit": 2})
    assert ([each.id for each in first.data], first.has_more) == (refunds[:0:-1], True)
    rest = client.refunds.list({"charge": charge.id, "starting_after": refunds[1]})
    assert ([each.id for each in rest.data], rest.has_more) == (refunds[:1], False)


def test_lists_expand_what_reconciliation_needs(stand_in: StandIn) -> None:
    client = stand_in.client.v1
    intent = stand_in.pay()
    client.refunds.create({"payment_intent": intent, "amount": 10})
    stand_in.sim("disputes", payment_intent=intent)
    expand = ["data.payment_intent", "data.charge"]
    for service in (client.refunds, client.disputes):
        found = service.list({"payment_intent": intent, "expand": expand}).data[0]
        assert isinstance(found.payment_intent, stripe.PaymentIntent)
        assert isinstance(found.charge, stripe.Charge)
    sessions = client.checkout.sessions.list(
        {"payment_intent": intent, "expand": ["data.payment_intent.latest_charge.refunds"]}
    )
    paid = sessions.data[0].payment_intent
    assert isinstance(paid, stripe.PaymentIntent)
    assert isinstance(paid.latest_charge, stripe.Charge)
    assert paid.latest_charge.refunds is not None
    assert [refund.amount for refund in paid.latest_charge.refunds.data] == [10]


def test_events_are_found_by_several_types_and_by_time(stand_in: StandIn) -> None:
    intent = stand_in.pay("4000000000000259")
    wanted: list[str] = ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    since = stand_in.charge(intent).created
    query: Any = {"types": wanted, "created": {"gte": since}, "limit": 2}
    assert [event.type for event in stand_in.client.v1.events.list(query).data] == wanted[::-1]


def test_an_unknown_cursor_is_refused(stand_in: StandIn) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        stand_in.client.v1.checkout.sessions.list({"starting_after": "cs_test_nothing"})
    assert refusal.value.param == "starting_after"


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_from_1_to_100_members(stand_in: StandIn, limit: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        stand_in.client.v1.events.list({"limit": limit})
    assert refusal.value.param == "limit"


def test_events_are_found_by_type(stand_in: StandIn) -> None:
    customer = stand_in.client.v1.customers.create({}).id
    for wanted in ("customer.created", "customer.*"):
        (event,) = stand_in.client.v1.events.list({"type": wanted, "limit": 1}).data
        assert (event.type, event.data.object["id"]) == ("customer.created", customer)


def test_intents_are_found_by_customer(stand_in: StandIn) -> None:
    customer = stand_in.client.v1.customers.create({"email": "intents@example.com"}).id
    session = stand_in.session(customer=customer, customer_email=None)
    stand_in.page(session).pay()
    intents = stand_in.client.v1.payment_intents.list({"customer": customer}).data
    assert [intent.status for intent in intents] == ["succeeded"]


def test_line_items_are_paged_too(stand_in: StandIn) -> None:
    session = stand_in.session(line_items=[STARTER] * 12)
    line_items = stand_in.client.v1.checkout.sessions.line_items
    first = line_items.list(session.id)
    assert (len(first.data), first.has_more) == (10, True)
    rest = line_items.list(session.id, {"starting_after": first.data[-1].id})
    assert (len(rest.data), rest.has_more) == (2, False)
    before = line_items.list(session.id, {"ending_before": rest.data[0].id, "limit": 3})
    assert [each.id for each in before.data] == [each.id for each in first.data[-3:]]
