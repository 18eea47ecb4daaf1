"""Orders and what Stripe tells of them, drawn from a seed: the same seed, the same deliveries."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from tests.stripe_events import Order, Reversal, event

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    Told = tuple[str, dict[str, Any]]  # an event's type and object

USERS = 20  # few, so that their rows are fought over
DELIVERIES_AN_EVENT = 10  # Stripe repeats itself
BEGAN_AT = 1_700_000_000


@dataclass(frozen=True)
class History:
    """One order and the events that Stripe has about it."""

    order: Order
    events: dict[str, bytes]  # webhook bodies by event id


def histories(rng: random.Random, deliveries: int) -> list[History]:
    """Draw as many orders as that many deliveries are about."""
    users = [_uuid(rng) for _ in range(USERS)]

    def endless() -> Iterator[History]:
        left = deliveries / DELIVERIES_AN_EVENT
        while left > 0:
            order = Order(
                user_id=rng.choice(users),
                order_id=_uuid(rng),
                credits=rng.randint(1, 3500),
                unit_amount=rng.randint(100, 3000),
                suffix=_suffix(rng),
            )
            told = _of_a_purchase(rng, order)
            yield History(order, dict(_event(rng, *one) for one in told))
            left -= len(told)

    return list(islice(endless(), deliveries))


def shuffled_deliveries(
    rng: random.Random, told: list[History], deliveries: int
) -> list[tuple[str, bytes]]:
    """Draw event ids and bodies in no order: each event at least once, many of them often."""
    once = [item for history in told for item in history.events.items()]
    more = [rng.choice(once) for _ in range(deliveries - len(once))]
    drawn = once + more
    rng.shuffle(drawn)
    return drawn


def _of_a_purchase(rng: random.Random, order: Order) -> list[Told]:
    """Draw what is told of an order, in the order in which it happens."""
    paid = ("checkout.session.completed", order.session())
    at_the_bank = ("checkout.session.completed", order.session("complete", "unpaid"))
    declined = ("payment_intent.payment_failed", order.declined_intent())
    free = ("checkout.session.completed", order.session("complete", "no_payment_required"))
    expired = ("checkout.session.expired", order.session("expired", "unpaid"))
    failed = ("checkout.session.async_payment_failed", order.session("complete", "unpaid"))
    succeeded = ("checkout.session.async_payment_succeeded", order.session())
    told = rng.choice(
        (
            [paid],
            [paid, paid],
            [paid],
            [declined, paid],
            [at_the_bank, succeeded],
            [declined, free],
            [at_the_bank, failed],
            [declined, expired],
        )
    )
    if told[-1] in (paid, succeeded):
        return [*told, *_of_its_money(rng, order)]
    return told


def _of_its_money(rng: random.Random, order: Order) -> list[Told]:
    """Draw what becomes of a payment: often nothing; else refunds in parts, a dispute, or both."""
    told: list[Told] = []
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        told += _of_a_refund(rng, order)
    if rng.random() < 0.3:
        told += _of_a_dispute(rng, order)
    return told


def _of_a_refund(rng: random.Random, order: Order) -> list[Told]:
    """Draw a refund of a part, or seldom of all: it succeeds at once or later, or fails in the end.

    Together refunds may come to more than was paid; then all of it is gone, and no more.
    """
    refund = Reversal(order, _suffix(rng))
    amount = rng.choice((rng.randint(1, order.unit_amount), order.unit_amount))
    ways: tuple[tuple[tuple[str, str], ...], ...] = (
        (("created", "succeeded"),),
        (("created", "pending"),),
        (("created", "pending"), ("updated", "succeeded")),
        (("created", "pending"), ("failed", "failed")),
        (("created", "pending"), ("updated", "succeeded"), ("failed", "failed")),
        (("created", "pending"), ("updated", "canceled")),
    )
    return [
        (f"refund.{type_}", refund.refund_object(amount, status))
        for type_, status in rng.choice(ways)
    ]


def _of_a_dispute(rng: random.Random, order: Order) -> list[Told]:
    """Draw an inquiry, or a dispute that is still open, won, lost, or lost after an appeal."""
    dispute = Reversal(order, _suffix(rng))
    amount = rng.choice((rng.randint(1, order.unit_amount), order.unit_amount))
    inquiry = (("created", "warning_needs_response", 0),)
    withdrawn = (("created", "needs_response", 0), ("funds_withdrawn", "needs_response", 1))
    won = (("funds_reinstated", "won", 2), ("closed", "won", 2))
    ways = (
        (*inquiry, ("closed", "warning_closed", 0)),
        (*inquiry, ("updated", "needs_response", 1)),
        withdrawn,
        (*withdrawn, ("updated", "under_review", 1)),
        (*withdrawn, ("closed", "lost", 1)),
        (*withdrawn, *won),
        (*withdrawn, *won, ("funds_withdrawn", "lost", 3)),
    )
    return [
        (f"charge.dispute.{type_}", dispute.dispute_object(amount, status, moves=moves))
        for type_, status, moves in rng.choice(ways)
    ]


def _event(rng: random.Random, type_: str, stripe_object: dict[str, Any]) -> tuple[str, bytes]:
    id_ = f"evt_{_suffix(rng)}"
    created = BEGAN_AT + rng.randrange(100_000)
    return id_, json.dumps(event(type_, stripe_object, id=id_, created=created)).encode()


def _suffix(rng: random.Random) -> str:
    return f"{rng.getrandbits(96):024x}"


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
