"""The pytest fixture for other projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import stripe

from local.stripe.pytest_plugin import stripe_stand_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stripe.process import StandInProcess
    from tests.standins.stripe.harness import Receiver

__all__ = ["stripe_stand_in"]


def test_a_stand_in_is_started_for_a_webhook_of_ones_own(
    stripe_stand_in: Callable[[str], StandInProcess],
    receiver: Receiver,
) -> None:
    ours = stripe_stand_in(receiver.url)
    ours.sim("webhooks", duplicate=2)
    client = stripe.StripeClient(ours.secret_key, base_addresses={"api": ours.url})
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://shop.example/done",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": 499,
                        "product_data": {"name": "Starter"},
                    },
                }
            ],
        }
    )
    client.v1.checkout.sessions.expire(session.id)
    for delivery in receiver.wait_for(2, type="checkout.session.expired", id=session.id):
        header = delivery.headers["Stripe-Signature"]
        client.construct_event(delivery.body, header, ours.webhook_secret)
