"""A pytest fixture for any project's tests: `pytest_plugins = ["local.stripe.pytest_plugin"]`.

`stripe_stand_in(webhook_url)` starts a stand-in, which is stopped at the end of the test:

    def test_my_shop_survives_duplicates(stripe_stand_in):
        stripe_ = stripe_stand_in("http://127.0.0.1:8000/my/webhook")
        client = StripeClient(stripe_.secret_key, base_addresses={"api": stripe_.url})
        stripe_.sim("webhooks", duplicate=2)
        stripe_.sim("refunds", payment_intent=..., amount=100)

Events are signed with its `webhook_secret`. The docstring of `local.stripe` lists the commands of
`sim`. At first only the events that Purse needs are enabled. To enable all of them:
`client.v1.webhook_endpoints.update(id, {"enabled_events": ["*"]})`.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from local.stripe.process import StandInProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def stripe_stand_in(tmp_path: Path) -> Iterator[Callable[[str], StandInProcess]]:
    """Start stand-ins that deliver to a URL; they stop at the end of the test."""
    with ExitStack() as running:

        def start(webhook_url: str) -> StandInProcess:
            state = tmp_path / f"stripe-{len(list(tmp_path.iterdir()))}"
            state.mkdir()
            stand_in = StandInProcess(state, webhook_url)
            running.callback(stand_in.close)
            stand_in.start()
            return stand_in

        yield start
