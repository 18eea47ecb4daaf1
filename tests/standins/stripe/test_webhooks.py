"""Webhooks are signed, and retried until the shop answers 2xx."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import stripe

from local.stripe.events.webhook_sender import retry_delay_seconds
from tests.standins.stripe.harness import StandIn, eventually


def test_the_sdk_accepts_the_signature(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay()
    received = stand_in.receiver.wait_for(type="checkout.session.completed", id=session.id)[0]
    header = received.headers["Stripe-Signature"]
    event = stand_in.client.construct_event(received.body, header, stand_in.webhook_secret)
    assert event.type == "checkout.session.completed"
    assert received.headers["User-Agent"].startswith("Stripe/1.0")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(received.body.decode(), header, "whsec_other")


def test_an_event_names_the_request_that_caused_it(stand_in: StandIn) -> None:
    customer = stand_in.client.v1.customers.create({}, {"idempotency_key": f"k{time.time_ns()}"})
    event = stand_in.receiver.wait_for(type="customer.created", id=customer.id)[0].event
    assert event["request"]["id"].startswith("req_")
    assert event["request"]["idempotency_key"].startswith("k")


def test_an_event_shows_its_object_as_it_was_then(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay_by_bank()
    stand_in.sim(f"sessions/{session.id}/settle", outcome="succeeded")
    completed = stand_in.receiver.wait_for(type="checkout.session.completed", id=session.id)
    assert completed[0].subject["payment_status"] == "unpaid"


def test_the_page_waits_for_the_webhooks_answer(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.receiver.answer("checkout.session.completed", 500)
    stand_in.page(session).pay()
    # Back from the page, the second attempt has been answered: no waiting here.
    attempts = stand_in.receiver.about(type="checkout.session.completed", id=session.id)
    assert len(attempts) == 2


def test_a_delivery_is_retried_until_2xx_with_a_signature_of_its_own(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.receiver.answer("checkout.session.expired", 503, 302, 400)
    stand_in.client.v1.checkout.sessions.expire(session.id)
    for attempts in range(1, 4):
        stand_in.receiver.wait_for(attempts, type="checkout.session.expired", id=session.id)
        query: dict[str, Any] = {"event": event_id(stand_in, session), "attempts": attempts}
        eventually(partial(stand_in.deliveries, **query), "the attempt is on record")
        stand_in.sim("webhooks/retry")
    received = stand_in.receiver.wait_for(4, type="checkout.session.expired", id=session.id)
    for each in received:
        stripe.WebhookSignature.verify_header(
            each.body.decode(), each.headers["Stripe-Signature"], stand_in.webhook_secret
        )
    record = eventually(
        lambda: stand_in.deliveries(event=event_id(stand_in, session), delivered=True),
        "the delivery succeeded",
    )
    assert (record[0]["attempts"], record[0]["last_status"]) == (4, 200)


def event_id(stand_in: StandIn, session: stripe.checkout.Session) -> str:
    """Return the id of the event about a session's expiry."""
    received = stand_in.receiver.about(type="checkout.session.expired", id=session.id)
    found: str = received[0].event["id"]
    return found


def test_retries_back_off_from_one_second_to_a_minute() -> None:
    assert [retry_delay_seconds(attempts) for attempts in (1, 2, 3, 6, 7, 50)] == [
        1, 2, 4, 32, 60, 60,
    ]  # fmt: skip


def test_held_events_wait_and_the_page_does_not(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.sim("webhooks", hold=True)
    started = time.monotonic()
    stand_in.page(session).pay()
    assert time.monotonic() - started < 5
    assert stand_in.receiver.about(id=session.id) == []
    assert stand_in.deliveries(type="checkout.session.completed", delivered=False)
    stand_in.sim("webhooks", hold=False)
    stand_in.receiver.wait_for(type="checkout.session.completed", id=session.id)


def test_a_lost_delivery_arrives_by_retry(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.sim("webhooks", lose_next=1)
    stand_in.client.v1.checkout.sessions.expire(session.id)
    stand_in.receiver.wait_for(type="checkout.session.expired", id=session.id)
    record = eventually(
        lambda: stand_in.deliveries(event=event_id(stand_in, session), delivered=True),
        "the delivery succeeded",
    )
    assert record[0]["attempts"] == 2


def test_duplicates_arrive_as_often_as_ordered(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.sim("webhooks", duplicate=3)
    stand_in.client.v1.checkout.sessions.expire(session.id)
    received = stand_in.receiver.wait_for(3, type="checkout.session.expired", id=session.id)
    assert len({each.event["id"] for each in received}) == 1
    assert len(stand_in.deliveries(event=event_id(stand_in, session))) == 3


def test_many_payments_at_once_are_all_told(stand_in: StandIn) -> None:
    sessions = [stand_in.session() for _ in range(20)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda session: stand_in.page(session).pay(), sessions))
    for session in sessions:
        stand_in.receiver.wait_for(type="checkout.session.completed", id=session.id)


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("webhooks", {"hold": "yes"}),
        ("webhooks", {"lose_next": -1}),
        ("webhooks", {"duplicate": 0}),
        ("webhooks", {"shuffle": True}),
        ("api", {"fail_next": 1, "status": 418}),
        ("api", {"delay_seconds": 3600}),
        ("clock", {"advance_seconds": -1}),
        ("sessions/cs_test_nothing/settle", {"outcome": "maybe"}),
    ],
    ids=str,
)
def test_an_order_that_makes_no_sense_is_refused(
    stand_in: StandIn, path: str, order: dict[str, object]
) -> None:
    response = stand_in.http.post(f"/_sim/{path}", json=order)
    assert response.status_code == 400
    assert response.json()["error"]["message"]


def test_a_web_page_cannot_give_orders(stand_in: StandIn) -> None:
    response = stand_in.http.post("/_sim/webhooks", data={"hold": "true"})
    assert response.status_code == 415
