"""POST /api/webhook: Stripe tells what happened.

A 2xx is a promise that the event is durably applied, or knowingly none of our business. Everything
else makes Stripe try again, for three days.
"""

from __future__ import annotations

import logging
import time

from api._lib import database
from api._lib.errors import InvalidRequestError, NotConfiguredError
from api._lib.facts import facts_of_event
from api._lib.http import Request, Response, endpoint
from api._lib.order import NotAnOrderError
from api._lib.settings import settings
from api._lib.signature import verified_event

MAX_BODY_BYTES = 1024 * 1024

_log = logging.getLogger("purse")


def post(request: Request) -> Response:
    """Verify, map to facts, and record event and facts in one transaction."""
    config = settings()
    if not config.stripe_webhook_secrets:
        raise NotConfiguredError(("STRIPE_WEBHOOK_SECRET is missing",))
    event = verified_event(
        request.body,
        request.header("stripe-signature"),
        config.stripe_webhook_secrets,
        now=time.time(),
    )
    if event["livemode"] != config.livemode:
        raise InvalidRequestError(
            "This event's livemode is not that of the configured key.", code="wrong_livemode"
        )
    try:
        outcome = database.call(
            "record_event",
            p_id=event["id"],
            p_type=event["type"],
            p_livemode=event["livemode"],
            p_created=event["created"],
            p_facts=facts_of_event(event, project=config.project),
            p_policy=config.clawback_policy,
        )
    except (database.DatabaseError, NotAnOrderError) as error:
        # Answered 500, so that it stays visible as failing at Stripe, under this id.
        _log.error("event %s %s: refused: %r", event["id"], event["type"], error)
        raise
    _log.info("event %s %s: %s", event["id"], event["type"], outcome)
    return Response({"received": True, "outcome": outcome})


app = endpoint(post=post, max_body_bytes=MAX_BODY_BYTES)
