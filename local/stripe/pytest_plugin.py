"""A pytest fixture for anybody's tests: `pytest_plugins = ["local.stripe.pytest_plugin"]`.

`stripe_stand_in(webhook_url)` starts a stand-in that ends with the test:

    def test_my_shop_survives_duplicates(stripe_stand_in):
        stripe_ = stripe_stand_in("http://127.0.0.1:8000/my/webhook")
        client = StripeClient(stripe_.secret_key, base_addresses={"api": stripe_.url})
        stripe_.sim("webhooks", duplicate=2)
        stripe_.sim("refunds", payment_intent=..., amount=100)

Events are signed with its `webhook_secret`; the package's docstring lists the orders that
`sim` takes. Only the events that Purse needs are enabled at first: to have others,
`client.v1.webhook_endpoints.update(id, {"enabled_events": ["*"]})`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.stripe.process import StandInProcess


@pytest.fixture
def stripe_stand_in(tmp_path: Path) -> Iterator[Callable[[str], StandInProcess]]:
    """Starts stand-ins for Stripe that deliver to an address; they end with the test."""
    with ExitStack() as running:

        def start(webhook_url: str) -> StandInProcess:
            state = tmp_path / f"stripe-{len(list(tmp_path.iterdir()))}"
            state.mkdir()
            stand_in = StandInProcess(state, webhook_url)
            running.callback(stand_in.close)
            stand_in.start()
            return stand_in

        yield start
