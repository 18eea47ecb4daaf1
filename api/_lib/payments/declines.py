"""Card testing: close a person's open checkouts after too many declined payments.

begin_purchase opens no further checkout at that limit. Pages that are open already would still take
cards, so they are closed at Stripe.
"""

from __future__ import annotations

import logging

import stripe

from api._lib import database
from api._lib.errors import DatabaseUnavailableError
from api._lib.payments.stripe_client import expire_session, stripe_client

READ_TIMEOUT_SECONDS = 4

_log = logging.getLogger("purse")


def close_checkouts(order_id: str, *, declines_per_hour: int) -> int:
    """Expire the open Checkout Sessions of an order's user, if the limit is reached.

    Best effort: the decline is recorded already, and the next one calls this again.

    Args:
        order_id: The order whose payment was declined.
        declines_per_hour: The limit.

    Returns:
        How many sessions were closed.
    """
    try:
        session_ids: list[str] = database.call(
            "checkouts_to_close", p_order_id=order_id, p_declines_per_hour=declines_per_hour
        )
    except (DatabaseUnavailableError, database.DatabaseError) as error:
        _log.warning("order %s: open checkouts not read: %r", order_id, error)
        return 0
    closed = 0
    for session_id in session_ids:
        client = stripe_client(read_timeout_seconds=READ_TIMEOUT_SECONDS, max_network_retries=0)
        try:
            closed += expire_session(client, session_id)
        except stripe.StripeError as error:
            _log.warning("session %s: not closed: %s", session_id, type(error).__name__)
            break
    if session_ids:
        _log.warning("order %s: too many declines, %d checkouts closed", order_id, closed)
    return closed
