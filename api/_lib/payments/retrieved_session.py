"""A Checkout Session as we find it at Stripe, rather than as an event tells of it. Pure.

An event says by its type and time what happened. A session that is only looked at says less: a
delayed payment that failed leaves it complete and unpaid, as it was while the payment was under
way. The PaymentIntent knows (https://docs.stripe.com/payments/paymentintents/lifecycle), so it is
asked for together with the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.payments.facts import facts_of_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.payments.facts import OrderFacts

# What to have expanded when a session is retrieved, and when sessions are listed.
EXPAND_SESSION = ("payment_intent.latest_charge",)
EXPAND_SESSIONS = ("data.payment_intent.latest_charge",)

# Back to the start, or given up: of a session that is complete this means that the payment failed.
_FAILED = ("requires_payment_method", "canceled")


def facts_of_sighting(
    session: Mapping[str, Any], *, project: str, seen_at: int
) -> OrderFacts | None:
    """Return the facts of a session that was looked at, or None if it is not an order of ours.

    Args:
        session: The Checkout Session as Stripe's JSON, expanded as EXPAND_SESSION says.
        project: Our project's mark.
        seen_at: When it was looked at, in seconds, UTC.

    Raises:
        UnreadableError: It may be an order of ours, but cannot be read.
    """
    return facts_of_session(
        session,
        project=project,
        occurred_at=_since_when(session, seen_at),
        payment_failed=_intent(session).get("status") in _FAILED,
    )


def _since_when(session: Mapping[str, Any], seen_at: int) -> int:
    """Return when this came to be so; where the session does not tell, when we saw it.

    Of several times for one fact the ledger keeps the earliest, so an event that comes later still
    puts it right.
    """
    charge = _intent(session).get("latest_charge")
    if session["payment_status"] == "paid" and isinstance(charge, dict):
        return int(charge["created"])
    return int(session["created"]) if session["status"] == "open" else seen_at


def _intent(session: Mapping[str, Any]) -> Mapping[str, Any]:
    intent = session.get("payment_intent")
    return intent if isinstance(intent, dict) else {}
