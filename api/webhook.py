"""POST /api/webhook: Stripe tells what happened.

A 2xx is a promise that the event is durably applied, or knowingly none of our business. Everything
else makes Stripe try again, for three days.
"""

from __future__ import annotations

import logging
import time

from api._lib import database
from api._lib.errors import InvalidRequestError, NotConfiguredError, PurseError
from api._lib.payments.facts import facts_of_event
from api._lib.payments.stripe_fields import UnreadableError
from api._lib.payments.webhook_signature import verified_event
from api._lib.settings import settings
from api._lib.web.http import Request, Response, endpoint

MAX_BODY_BYTES = 1024 * 1024

_log = logging.getLogger("purse")


class EventNotRecordedError(PurseError):
    """500: an event that may be about an order of ours and cannot be recorded as it is.

    It lacks a field, or contradicts what is recorded: somebody edited the order at Stripe, or
    Stripe's objects have changed. A 2xx would lose a payment in silence. A 4xx would blame Stripe
    for what a person here has to look into, a 503 promise that it passes by itself. So Stripe goes
    on trying, shows the event as failing and writes to the account's owner; once the release or the
    order is mended, the next attempt is recorded.
    """

    code = "event_not_recorded"
    message = "This event could not be recorded. Our log says why, under the event's id."


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
    except (database.DatabaseError, UnreadableError) as error:
        # Neither quotes what the event holds: one names a code, the other a field.
        _log.error("event %s %s: not recorded: %r", event["id"], event["type"], error)
        raise EventNotRecordedError from None
    _log.info("event %s %s: %s", event["id"], event["type"], outcome)
    return Response({"received": True, "outcome": outcome})


app = endpoint(post=post, max_body_bytes=MAX_BODY_BYTES)
