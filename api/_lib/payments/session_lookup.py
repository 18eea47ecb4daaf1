"""Ask Stripe about a Checkout Session when the buyer is back and the webhook has not arrived.

The answer goes through the same facts and the same Postgres function as the webhook. So it does not
matter which of the two comes first, or that both come
(https://docs.stripe.com/checkout/fulfillment).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import stripe

from api._lib import database
from api._lib.errors import DatabaseUnavailableError
from api._lib.payments.session_facts import EXPAND_SESSION, facts_of_retrieved_session
from api._lib.payments.stripe_client import stripe_client
from api._lib.payments.stripe_fields import InvalidStripeObjectError
from api._lib.settings import settings

if TYPE_CHECKING:
    from api._lib.payments.order_facts import OrderFacts
    from api._lib.web.auth import User

# However often the page asks us, we ask Stripe at most once in this time for one user.
PAUSE_SECONDS = 4
# The page waits for this answer and asks again later, so an old balance is better than a late one.
READ_TIMEOUT_SECONDS = 4

_log = logging.getLogger("purse")


def look_up(user: User, checkout_session_id: str) -> bool:
    """Record the facts of this user's Checkout Session; return whether that was done.

    A failure is only logged: the caller can still answer with the balance that the database has,
    and the webhook will still arrive.
    """
    config = settings()
    if config.stripe_secret_key is None:
        return False
    try:
        if not database.call("claim_stripe_lookup", p_user_id=user.id, p_seconds=PAUSE_SECONDS):
            return False
        facts = _facts_at_stripe(checkout_session_id)
        # Knowing a session's id proves nothing, so compare the owner of its order.
        if facts is None or not _is_owner(user, facts):
            return False
        database.call("record_facts", p_facts=facts, p_policy=config.clawback_policy)
    except (DatabaseUnavailableError, database.DatabaseError) as error:
        _log.warning("session %s: not looked up: %s", checkout_session_id, error)
        return False
    return True


def _is_owner(user: User, facts: OrderFacts) -> bool:
    """Return whether this user's purse gets the order's credits.

    The metadata names the account that ordered. A guest's purse may have moved since.
    """
    if facts["user_id"] == user.id:
        return True
    owner: str = database.call("owner_of_purse", p_user_id=facts["user_id"])
    return owner == user.id


def _facts_at_stripe(checkout_session_id: str) -> OrderFacts | None:
    client = stripe_client(read_timeout_seconds=READ_TIMEOUT_SECONDS, max_network_retries=0)
    try:
        session = client.v1.checkout.sessions.retrieve(
            checkout_session_id, {"expand": [*EXPAND_SESSION]}
        )
        return facts_of_retrieved_session(session.to_dict(), retrieved_at=int(time.time()))
    except stripe.StripeError as error:
        _log.warning(
            "session %s: %s status=%s",
            checkout_session_id,
            type(error).__name__,
            error.http_status,
        )
    except InvalidStripeObjectError as error:
        _log.error("session %s: invalid: %r", checkout_session_id, error)
    return None
