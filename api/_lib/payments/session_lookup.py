"""Ask Stripe about a Checkout Session when the buyer is back and the webhook has not arrived.

The answer goes through the same facts and the same Postgres function as the webhook. So it does not
matter which of the two comes first, or that both come
(https://docs.stripe.com/checkout/fulfillment).
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import stripe

from api._lib import database
from api._lib.errors import DatabaseUnavailableError
from api._lib.payments.session_facts import (
    EXPAND_SESSION,
    facts_of_retrieved_session,
    last_decline,
)
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


@dataclass(frozen=True)
class SessionLookup:
    """What it brought to ask Stripe about a Checkout Session.

    Attributes:
        outcome: recorded: its facts are in the database. not_found, which is final: Stripe knows no
            such session of ours, or it is another person's. pending: Stripe was asked for this user
            a moment ago, or the database is away. stripe_unavailable: Stripe did not answer.
        checkout_url: Where the session can be paid, if it is open.
        decline_code: Of the latest declined attempt, which the database may not know yet.
    """

    outcome: Literal["recorded", "not_found", "pending", "stripe_unavailable"]
    checkout_url: str | None = None
    decline_code: str | None = None


_NOT_FOUND = SessionLookup("not_found")
_PENDING = SessionLookup("pending")
_UNAVAILABLE = SessionLookup("stripe_unavailable")


def look_up(user: User, checkout_session_id: str) -> SessionLookup:
    """Ask Stripe about a Checkout Session, and record its facts if it is this user's.

    A failure is only logged: the caller can still answer with the balance that the database has,
    and the webhook will still arrive.
    """
    try:
        return _look_up(user, checkout_session_id)
    except stripe.StripeError as error:
        name, status = type(error).__name__, error.http_status
        _log.warning("session %s: %s status=%s", checkout_session_id, name, status)
        return _NOT_FOUND if error.code == "resource_missing" else _UNAVAILABLE
    except InvalidStripeObjectError as error:
        _log.error("session %s: invalid: %r", checkout_session_id, error)
        return _PENDING
    except (DatabaseUnavailableError, database.DatabaseError) as error:
        _log.warning("session %s: not looked up: %s", checkout_session_id, error)
        return _PENDING


def _look_up(user: User, checkout_session_id: str) -> SessionLookup:
    config = settings()
    if config.stripe_secret_key is None:
        return _UNAVAILABLE
    if not database.call("claim_stripe_lookup", p_user_id=user.id, p_seconds=PAUSE_SECONDS):
        return _PENDING
    client = stripe_client(read_timeout_seconds=READ_TIMEOUT_SECONDS, max_network_retries=0)
    retrieved = client.v1.checkout.sessions.retrieve(
        checkout_session_id, {"expand": [*EXPAND_SESSION]}
    )
    session = retrieved.to_dict()
    facts = facts_of_retrieved_session(session, retrieved_at=int(time.time()))
    # Knowing a session's id proves nothing, so compare the owner of its order.
    if facts is None or not _is_owner(user, facts):
        return _NOT_FOUND
    database.call("record_facts", p_facts=facts, p_policy=config.clawback_policy)
    return SessionLookup("recorded", retrieved.url, last_decline(session))


def _is_owner(user: User, facts: OrderFacts) -> bool:
    """Return whether this user's purse gets the order's credits.

    The metadata names the account that ordered. A guest's purse may have moved since.
    """
    if facts["user_id"] == user.id:
        return True
    owner: str = database.call("owner_of_purse", p_user_id=facts["user_id"])
    return owner == user.id
