"""The buyer is back and the webhook is not: ask Stripe ourselves, and record what it says.

The same facts through the same Postgres function as the webhook's, so it does not matter who comes
first, or that both come (https://docs.stripe.com/checkout/fulfillment).
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import stripe

from api._lib import database
from api._lib.errors import DatabaseUnavailableError
from api._lib.payments.retrieved_session import EXPAND_SESSION, facts_of_sighting
from api._lib.payments.stripe_client import stripe_client
from api._lib.payments.stripe_fields import UnreadableError
from api._lib.settings import settings

if TYPE_CHECKING:
    from api._lib.payments.facts import OrderFacts
    from api._lib.web.auth import User

# However often the page asks us, we ask Stripe at most so often for one user.
PAUSE_SECONDS = 4
# The page shows the balance meanwhile: better an old answer than a late one. It will ask again.
READ_TIMEOUT_SECONDS = 4

_log = logging.getLogger("purse")


def look_up(user: User, checkout_session_id: str) -> bool:
    """Record what Stripe says of this user's checkout session; return whether it was recorded.

    Whatever fails here is logged and nothing more: the balance as we know it is an answer too, and
    the webhook is still on its way.
    """
    config = settings()
    if config.stripe_secret_key is None:
        return False
    try:
        if not database.call("claim_stripe_lookup", p_user_id=user.id, p_seconds=PAUSE_SECONDS):
            return False
        facts = _facts_at_stripe(checkout_session_id)
        # A session id is no secret that proves anything: what its order says does.
        if facts is None or facts["user_id"] != user.id:
            return False
        database.call("record_facts", p_facts=facts, p_policy=config.clawback_policy)
    except (DatabaseUnavailableError, database.DatabaseError) as error:
        _log.warning("session %s: not looked up: %s", checkout_session_id, error)
        return False
    return True


def _facts_at_stripe(checkout_session_id: str) -> OrderFacts | None:
    client = stripe_client(read_timeout_seconds=READ_TIMEOUT_SECONDS, max_network_retries=0)
    try:
        session = client.v1.checkout.sessions.retrieve(
            checkout_session_id, {"expand": [*EXPAND_SESSION]}
        )
        return facts_of_sighting(
            session.to_dict(), project=settings().project, seen_at=int(time.time())
        )
    except stripe.StripeError as error:
        _log.warning(
            "session %s: %s status=%s",
            checkout_session_id,
            type(error).__name__,
            error.http_status,
        )
    except UnreadableError as error:
        _log.error("session %s: unreadable: %r", checkout_session_id, error)
    return None
