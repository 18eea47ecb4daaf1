"""What has happened can be moved into the past, for a history that is made in a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.standins.stripe.harness import eventually

if TYPE_CHECKING:
    from tests.standins.stripe.harness import StandIn

DAY_SECONDS = 24 * 60 * 60


def test_objects_and_their_events_become_older_and_the_clock_stays(own_stand_in: StandIn) -> None:
    client = own_stand_in.client
    intent = own_stand_in.pay()
    own_stand_in.receiver.wait_for(type="checkout.session.completed")
    before = own_stand_in.events(intent)
    charge = own_stand_in.charge(intent)
    request = {"seconds": DAY_SECONDS}
    eventually(
        lambda: own_stand_in.http.post("/_sim/age", json=request).is_success,
        "no webhook is under way",
    )
    assert own_stand_in.charge(intent).created == charge.created - DAY_SECONDS
    for old, new in zip(before, own_stand_in.events(intent), strict=True):
        assert new["created"] == old["created"] - DAY_SECONDS
        subject = old["data"]["object"]
        assert new["data"]["object"]["created"] == subject["created"] - DAY_SECONDS
        assert new["data"]["object"].get("amount") == subject.get("amount")
    later = client.v1.customers.create({"email": "ada@example.com"})
    assert charge.created <= later.created < charge.created + DAY_SECONDS


def test_nothing_becomes_older_while_a_webhook_is_under_way(own_stand_in: StandIn) -> None:
    own_stand_in.sim("webhooks", hold=True)
    intent = own_stand_in.pay()
    created = own_stand_in.charge(intent).created
    refused = own_stand_in.http.post("/_sim/age", json={"seconds": DAY_SECONDS})
    assert refused.status_code == 409
    assert "not delivered yet" in refused.json()["error"]["message"]
    assert own_stand_in.charge(intent).created == created
