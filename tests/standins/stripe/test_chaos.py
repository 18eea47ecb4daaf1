"""Commands make deliveries late, shuffled, dropped or repeated, and make API calls fail."""

from __future__ import annotations

import time
from typing import Any

import pytest
import stripe

from api._lib.payments.facts import EVENTS
from local.stripe.events.webhook_endpoints import SHIPPED_EVENTS
from tests.standins.stripe.harness import StandIn, eventually


def expired(stand_in: StandIn, count: int) -> list[str]:
    """Expire a number of new sessions, one after another, and return their ids."""
    sessions = [stand_in.session().id for _ in range(count)]
    for session in sessions:
        stand_in.client.v1.checkout.sessions.expire(session)
    return sessions


def arrivals(stand_in: StandIn, sessions: list[str]) -> list[str]:
    """Return the order in which the shop received the events of these sessions."""
    for session in sessions:
        stand_in.receiver.wait_for(type="checkout.session.expired", id=session)
    received = stand_in.receiver.about(type="checkout.session.expired")
    return [each.subject["id"] for each in received if each.subject["id"] in sessions]


def shuffled(stand_in: StandIn, seed: int) -> list[int]:
    """The order in which eight shuffled events arrive."""
    stand_in.sim("webhooks", shuffle=8, seed=seed)
    sessions = expired(stand_in, 8)
    return [sessions.index(session) for session in arrivals(stand_in, sessions)]


def test_a_shuffle_is_repeated_by_its_seed(stand_in: StandIn) -> None:
    first = shuffled(stand_in, seed=7)
    assert sorted(first) == list(range(8)) != first
    assert shuffled(stand_in, seed=7) == first
    assert shuffled(stand_in, seed=8) != first


def test_a_shuffle_waits_until_it_is_full_and_says_its_seed(stand_in: StandIn) -> None:
    state = stand_in.sim("webhooks", shuffle=3)["shuffle"]
    assert (state["count"], state["waiting"]) == (3, 0)
    assert isinstance(state["seed"], int)
    sessions = expired(stand_in, 2)
    stand_in.sim("webhooks/retry")
    assert stand_in.receiver.about(id=sessions[0]) == []
    assert stand_in.http.get("/_sim/deliveries").json()["shuffle"]["waiting"] == 2
    stand_in.sim("webhooks", shuffle=0)
    assert sorted(arrivals(stand_in, sessions)) == sorted(sessions)


def test_a_page_does_not_wait_for_an_event_that_is_to_be_shuffled(stand_in: StandIn) -> None:
    stand_in.sim("webhooks", shuffle=100)
    started = time.monotonic()
    stand_in.pay()
    assert time.monotonic() - started < 5


def test_after_a_shuffle_events_go_as_they_come(stand_in: StandIn) -> None:
    stand_in.sim("webhooks", shuffle=1)
    arrivals(stand_in, expired(stand_in, 2))
    assert stand_in.http.get("/_sim/deliveries").json()["shuffle"] is None


def test_a_dropped_event_is_never_sent_and_can_be_found(stand_in: StandIn) -> None:
    stand_in.sim("webhooks", drop_next=1)
    dropped, sent = expired(stand_in, 2)
    stand_in.sim("webhooks/retry")
    arrivals(stand_in, [sent])
    assert stand_in.receiver.about(id=dropped) == []
    found = stand_in.client.v1.events.list({"type": "checkout.session.expired", "limit": 2}).data
    assert [event.data.object["id"] for event in found] == [sent, dropped]
    eventually(
        lambda: stand_in.client.v1.events.retrieve(found[0].id).pending_webhooks == 0,
        "the second event is delivered",
    )
    assert found[1].pending_webhooks == 1


def test_a_dropped_event_can_be_replayed_after_all(stand_in: StandIn) -> None:
    stand_in.sim("webhooks", drop_next=1)
    (dropped,) = expired(stand_in, 1)
    event = stand_in.client.v1.events.list({"limit": 1}).data[0].id
    assert stand_in.sim("webhooks/replay", event=event) == {"queued": 1}
    arrivals(stand_in, [dropped])
    eventually(
        lambda: stand_in.client.v1.events.retrieve(event).pending_webhooks == 0,
        "no webhook is pending",
    )


def test_a_delivered_event_can_be_replayed_as_often_as_wanted(stand_in: StandIn) -> None:
    (session,) = expired(stand_in, 1)
    arrivals(stand_in, [session])
    event = stand_in.receiver.about(id=session)[0].event["id"]
    for count in (2, 3):
        stand_in.sim("webhooks/replay", event=event)
        stand_in.receiver.wait_for(count, type="checkout.session.expired", id=session)


def test_all_events_since_a_moment_are_replayed_through_a_shuffle(own_stand_in: StandIn) -> None:
    before = own_stand_in.session()
    own_stand_in.client.v1.checkout.sessions.expire(before.id)
    moment = own_stand_in.sim("clock", advance_seconds=60)["now"]
    sessions = expired(own_stand_in, 3)
    arrivals(own_stand_in, [before.id, *sessions])
    own_stand_in.sim("webhooks", shuffle=3, seed=1)
    assert own_stand_in.sim("webhooks/replay", since=moment) == {"queued": 3}
    for session in sessions:
        own_stand_in.receiver.wait_for(2, type="checkout.session.expired", id=session)
    assert len(own_stand_in.receiver.about(id=before.id)) == 1


def test_a_delayed_event_comes_late(stand_in: StandIn) -> None:
    stand_in.sim("webhooks", delay_seconds=1.5)
    (session,) = expired(stand_in, 1)
    started = time.monotonic()
    arrivals(stand_in, [session])
    assert time.monotonic() - started > 1


def test_the_page_does_not_wait_for_what_comes_too_late(stand_in: StandIn) -> None:
    stand_in.sim("webhooks", delay_seconds=60)
    started = time.monotonic()
    stand_in.pay()
    assert time.monotonic() - started < 5


def test_only_enabled_events_are_sent(own_stand_in: StandIn) -> None:
    own_stand_in.enable_events("checkout.session.completed")
    intent = own_stand_in.pay()
    assert "charge.succeeded" in own_stand_in.story(intent)
    assert {each["type"] for each in own_stand_in.deliveries()} == {"checkout.session.completed"}
    endpoint = own_stand_in.client.v1.webhook_endpoints.list().data[0]
    own_stand_in.client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    own_stand_in.pay()
    assert len(own_stand_in.deliveries()) == 1
    # What was chosen outlives a restart.
    own_stand_in.kill()
    own_stand_in.start()
    again = own_stand_in.client.v1.webhook_endpoints.list().data[0]
    assert (again.status, again.enabled_events) == ("disabled", ["checkout.session.completed"])


def test_at_first_the_shop_gets_what_the_readme_lists(own_stand_in: StandIn) -> None:
    own_stand_in.kill()
    (own_stand_in.state / "stripe.db").unlink()
    own_stand_in.start()
    (endpoint,) = own_stand_in.client.v1.webhook_endpoints.list().data
    assert (endpoint.url, endpoint.status) == (own_stand_in.receiver.url, "enabled")
    assert endpoint.enabled_events == SHIPPED_EVENTS
    assert endpoint.api_version == stripe.api_version


def test_the_endpoint_is_registered_for_what_the_webhook_handles() -> None:
    assert sorted(SHIPPED_EVENTS) == sorted(EVENTS)


def test_the_nth_call_fails(stand_in: StandIn) -> None:
    stand_in.sim("api", skip_next=2, fail_next=1, status=429)
    outcomes = []
    for _ in range(4):
        try:
            stand_in.client.v1.events.list({"limit": 1})
            outcomes.append("well")
        except stripe.RateLimitError:
            outcomes.append("refused")
    assert outcomes == ["well", "well", "refused", "well"]


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("webhooks", {"drop_next": -1}),
        ("webhooks", {"delay_seconds": 10**6}),
        ("webhooks", {"shuffle": 2, "seed": -1}),
        ("webhooks/replay", {}),
        ("webhooks/replay", {"since": "yesterday"}),
        ("api", {"skip_next": -1}),
        ("refunds", {"charge": "ch_nothing", "amount": 0}),
        ("refunds/re_nothing/settle", {"outcome": "lost"}),
        ("disputes", {"charge": 7}),
    ],
    ids=str,
)
def test_an_order_that_makes_no_sense_is_refused(
    stand_in: StandIn, path: str, order: dict[str, Any]
) -> None:
    response = stand_in.http.post(f"/_sim/{path}", json=order)
    assert response.status_code == 400
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("webhooks/replay", {"event": "evt_nothing"}),
        ("refunds/re_nothing/settle", {"outcome": "failed"}),
        ("disputes/du_nothing/win", {}),
    ],
)
def test_an_order_about_nothing_is_refused(
    stand_in: StandIn, path: str, order: dict[str, Any]
) -> None:
    assert stand_in.http.post(f"/_sim/{path}", json=order).status_code == 404
