"""Six weeks of the demo user's life, told day by day through the product's own endpoints.

Each day happens now; then time passes, in the database and at the stand-in for Stripe, until the
next day of the story. Other customers act in between (neighbours.py). So the ledger, the lots and
Stripe's objects are what they would be if the user had been here for six weeks, and lots that run
out on the way do so by themselves.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import psycopg

from local.demo import neighbours
from local.demo.customer import Customer
from local.demo.neighbours import Neighbours
from local.demo.passing_time import PassingTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.environment import Stack

AUDIO, TEXT, WORD, EXPORT = "audio_upload", "txt_upload", "docx_processing", "premium_export"


def _uses(*features: str | tuple[str, int]) -> Callable[[Customer], None]:
    def act(customer: Customer) -> None:
        for feature in features:
            name, quantity = (feature, 1) if isinstance(feature, str) else feature
            customer.spend(name, quantity)

    return act


def _arrives(customer: Customer) -> None:
    customer.receive(50, "Welcome gift", valid_days=5)
    customer.spend(TEXT)
    customer.spend(WORD)


def _has_an_export_undone(customer: Customer) -> None:
    customer.spend(EXPORT)
    customer.undo_last_spend("The export was incomplete")
    customer.spend(WORD, 4)


# How many days before today something happened, oldest first. The fractions spread the times over
# the day.
STORY: tuple[tuple[float, Callable[[Customer], None]], ...] = (
    (42.048, _arrives),
    (40.285, lambda customer: customer.buy("starter")),
    (38.922, _uses((WORD, 3))),
    (36.159, _uses((TEXT, 4), AUDIO)),
    (33.396, _uses(EXPORT)),
    (30.833, lambda customer: customer.buy_by_bank_in_vain("creator")),
    (28.170, _uses((WORD, 6), (AUDIO, 2))),
    (26.907, _uses((WORD, 9))),
    (24.244, _uses(EXPORT, (TEXT, 5))),
    (22.081, _uses((WORD, 12), EXPORT)),
    (20.318, _uses((AUDIO, 7), TEXT)),
    (19.155, _has_an_export_undone),
    (17.292, lambda customer: customer.buy("creator", declined_first=True)),
    (16.429, _uses((WORD, 14), (EXPORT, 2))),
    (14.966, _uses((TEXT, 6))),
    (12.803, _uses((WORD, 10), (AUDIO, 12), EXPORT)),
    (10.140, _uses((WORD, 17))),
    (8.277, lambda customer: customer.buy("starter")),
    (7.714, lambda customer: customer.refund_last()),
    (6.851, _uses((WORD, 8), (EXPORT, 3))),
    (4.988, _uses((TEXT, 9), (AUDIO, 4))),
    (3.125, _uses((WORD, 11), EXPORT)),
    (2.262, lambda customer: customer.receive(60, "Thank you for your feedback", valid_days=9)),
    (1.199, _uses((WORD, 5))),
    (0.136, _uses(AUDIO, TEXT)),
    (0.0, lambda _customer: None),
)


def tell(stack: Stack, session: dict[str, Any], superuser_url: str) -> None:
    """Give a user who has just signed up their history.

    Args:
        stack: The running local stack; nothing of it is a real service.
        session: What Supabase Auth answered to the sign-up.
        superuser_url: Connection URL of the local Postgres' superuser.

    Raises:
        httpx.HTTPError: A service did not do what it was asked. What happened until then stays.
        psycopg.Error: The database did not.
    """
    customer, others = Customer(stack, session), Neighbours(stack)
    story: list[tuple[float, Callable[[], object]]] = [
        *((day, partial(act, customer)) for day, act in STORY),
        *((day, partial(act, others)) for day, act in neighbours.STORY),
    ]
    story.sort(key=lambda entry: entry[0], reverse=True)
    try:
        with psycopg.connect(superuser_url, autocommit=True) as superuser:
            time = PassingTime(superuser)
            for (day, act), (next_day, _) in pairwise(story):
                act()
                span = timedelta(seconds=round((day - next_day) * 24 * 60 * 60))
                customer.let_time_pass_at_stripe(int(span.total_seconds()))
                time.pass_by(span)
    finally:
        customer.close()
        others.close()
