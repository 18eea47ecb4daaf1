"""The Stripe stand-in, told to misbehave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests import plain_http
from tests.support import until

if TYPE_CHECKING:
    from tests.support import RunningStack

MANY = 1_000_000


class StandIn:
    """Stripe, as it is on a bad day."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack

    def hold_webhooks(self) -> None:
        """Deliver nothing until they are released."""
        self._stack.simulate("webhooks", hold=True)

    def release_webhooks(self) -> None:
        """Deliver what was held."""
        self._stack.simulate("webhooks", hold=False)

    def lose_webhooks(self) -> None:
        """Lose every attempt to deliver, those held before included, until retry_webhooks."""
        self._stack.simulate("webhooks", hold=False, lose_next=MANY)

    def retry_webhooks(self) -> None:
        """Lose no more, and try again at once."""
        self._stack.simulate("webhooks", lose_next=0)
        self._stack.simulate("webhooks/retry")

    def deliver_twice(self) -> None:
        """Deliver each event twice."""
        self._stack.simulate("webhooks", duplicate=2)

    def break_down(self) -> None:
        """Answer each call of the API with 500 until it recovers."""
        self._stack.simulate("api", fail_next=MANY, status=500)

    def recover(self) -> None:
        """Be well again: nothing is held, lost, doubled or refused."""
        self._stack.simulate("api", fail_next=0, delay_seconds=0)
        self._stack.simulate("webhooks", hold=False, lose_next=0, duplicate=1)
        self._stack.simulate("webhooks/retry")

    def settle(self, session_id: str, outcome: str) -> None:
        """Let the bank debit of a session arrive ("succeeded") or bounce ("failed")."""
        self._stack.simulate(f"sessions/{session_id}/settle", outcome=outcome)

    def wait_until_delivered(self) -> None:
        """Wait until the site has taken every event."""
        until(lambda: all(each["delivered"] for each in self.deliveries()), "every event arrives")

    def deliveries(self) -> list[dict[str, Any]]:
        """Return every delivery: event, type, attempts, delivered."""
        answer = plain_http.get(f"{self._stack.stripe_api_base}/_sim/deliveries").raise_for_status()
        deliveries: list[dict[str, Any]] = answer.json()["deliveries"]
        return deliveries
