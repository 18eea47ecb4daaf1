"""Orders and what Stripe tells of them, drawn from a seed: the same seed, the same deliveries."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from tests.support import Order, event

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    Tell = Callable[[str, str], str]

USERS = 20  # few, so that their rows are fought over
DELIVERIES_AN_EVENT = 10  # Stripe repeats itself
BEGAN_AT = 1_700_000_000


@dataclass(frozen=True)
class History:
    """One order, the events Stripe has about it, and how it must end."""

    order: Order
    events: dict[str, bytes]  # webhook bodies by event id
    status: str

    @property
    def credits(self) -> int:
        """What the ledger must hold for it."""
        return self.order.credits if self.status == "paid" else 0


_Told = tuple[tuple[str, str, str], ...]

# The status each ends in, and for each event its type and the session's two states.
_ENDINGS: tuple[tuple[str, _Told], ...] = (
    ("paid", (("completed", "complete", "paid"),)),
    ("paid", (("completed", "complete", "paid"), ("completed", "complete", "paid"))),
    (
        "paid",
        (("completed", "complete", "unpaid"), ("async_payment_succeeded", "complete", "paid")),
    ),
    ("paid", (("declined", "", ""), ("completed", "complete", "no_payment_required"))),
    (
        "failed",
        (("completed", "complete", "unpaid"), ("async_payment_failed", "complete", "unpaid")),
    ),
    ("expired", (("declined", "", ""), ("expired", "expired", "unpaid"))),
)


def histories(rng: random.Random, deliveries: int) -> list[History]:
    """Draw as many orders as that many deliveries are about."""
    users = [_uuid(rng) for _ in range(USERS)]

    def endless() -> Iterator[History]:
        while True:
            order = Order(
                user_id=rng.choice(users),
                order_id=_uuid(rng),
                credits=rng.randint(1, 3500),
                suffix=f"{rng.getrandbits(96):024x}",
            )
            status, told = rng.choice(_ENDINGS)
            yield History(order, dict(_event(rng, order, *one) for one in told), status)

    events_an_order = sum(len(told) for _, told in _ENDINGS) / len(_ENDINGS)
    return list(islice(endless(), int(deliveries / events_an_order / DELIVERIES_AN_EVENT) or 1))


def shuffled_deliveries(
    rng: random.Random, told: list[History], deliveries: int
) -> list[tuple[str, bytes]]:
    """Draw event ids and bodies in no order: each event at least once, many of them often."""
    once = [item for history in told for item in history.events.items()]
    more = [rng.choice(once) for _ in range(deliveries - len(once))]
    drawn = once + more
    rng.shuffle(drawn)
    return drawn


def _event(
    rng: random.Random, order: Order, type_: str, status: str, payment_status: str
) -> tuple[str, bytes]:
    id_ = f"evt_{rng.getrandbits(96):024x}"
    created = BEGAN_AT + rng.randrange(100_000)
    if type_ == "declined":
        stripe_object = order.declined_intent()
        type_ = "payment_intent.payment_failed"
    else:
        stripe_object = order.session(status, payment_status)
        type_ = f"checkout.session.{type_}"
    return id_, json.dumps(event(type_, stripe_object, id=id_, created=created)).encode()


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
