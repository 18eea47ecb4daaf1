"""Offers: packs for one customer each, which are bought once (sql/*_offers.sql).

An order of an offer is an order like any other. What differs is that an offer has one checkout at a
time: a second click gets the page that is open.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from api._lib import database
from api._lib.errors import DatabaseUnavailableError, PurseError
from api._lib.payments.session_facts import EXPAND_SESSION, facts_of_retrieved_session
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    import stripe

    from api._lib.payments.order import Order

_log = logging.getLogger("purse")


def is_offer(order: Order) -> bool:
    """Return whether an order is of an offer, whose id is a UUID. Ids of packs have no hyphen."""
    return "-" in order.package_id


def open_session_of(session_id: str) -> stripe.checkout.Session | None:
    """Return the Checkout Session of an offer if it is still open at Stripe.

    Otherwise record what became of it, as the webhook does, and return None.

    Raises:
        StripeFailedError: Stripe failed.
        StripeRefusedError: Stripe refused the request or our key.
        DatabaseUnavailableError: The database cannot be reached.
    """
    with stripe_failures():
        session = stripe_client().v1.checkout.sessions.retrieve(
            session_id, {"expand": [*EXPAND_SESSION]}
        )
    if session.status == "open":
        return session
    facts = facts_of_retrieved_session(session.to_dict(), retrieved_at=int(time.time()))
    database.call("record_facts", p_facts=facts, p_policy=settings().clawback_policy)
    return None


@contextmanager
def abandoned_on_failure(order: Order) -> Iterator[None]:
    """Give an offer's order up if its page cannot be opened, so that the next click begins another.

    Best effort: without it, the database does the same after a minute.
    """
    try:
        yield
    except PurseError:
        if is_offer(order):
            try:
                database.call("abandon_order", p_order_id=order.order_id)
            except (DatabaseUnavailableError, database.DatabaseError) as error:
                _log.warning("order %s: not abandoned: %s", order.order_id, error)
        raise
