"""Acknowledged changes survive a crash of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.stripe.settings import Settings

if TYPE_CHECKING:
    from tests.standins.stripe.harness import StandIn


def test_state_and_undelivered_events_survive_a_kill(own_stand_in: StandIn) -> None:
    customer = own_stand_in.client.v1.customers.create(
        {"email": "ada@example.com"}, {"idempotency_key": "once"}
    )
    paid, still_open = own_stand_in.session(), own_stand_in.session()
    own_stand_in.sim("webhooks", hold=True)
    own_stand_in.page(paid).pay()
    own_stand_in.kill()
    own_stand_in.start()
    client = own_stand_in.client
    again = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "once"})
    assert again.id == customer.id
    assert client.v1.checkout.sessions.retrieve(paid.id).payment_status == "paid"
    assert own_stand_in.receiver.about(type="checkout.session.completed", id=paid.id) == []
    own_stand_in.sim("webhooks", hold=False)
    own_stand_in.receiver.wait_for(type="checkout.session.completed", id=paid.id)
    assert own_stand_in.page(still_open).pay().status_code == 303


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"PURSE_LOCAL_STATE.*STRIPE_WEBHOOK_URL is not an http"):
        Settings.from_environment({"STRIPE_WEBHOOK_URL": "ftp://nowhere"})
