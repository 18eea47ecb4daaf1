"""POST /api/webhook: receive an event from Stripe.

A 2xx promises that the event is recorded durably, or that it does not concern us. After any other
status Stripe sends the event again, for three days.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from api._lib import database
from api._lib.errors import InvalidRequestError, NotConfiguredError, PurseError
from api._lib.payments.facts import facts_of_event
from api._lib.payments.stripe_fields import InvalidStripeObjectError
from api._lib.payments.webhook_signature import verified_event
from api._lib.request_log import note
from api._lib.settings import settings
from api._lib.web.http import Request, Response, endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES = 1024 * 1024
# Stripe's checkout page waits up to 10 s for this answer.
DELIVER_SECONDS = 1
ATTEMPT_SECONDS = 3

_log = logging.getLogger("purse")


class EventNotRecordedError(PurseError):
    """500: an event that may concern one of our orders and cannot be recorded.

    A field is missing or wrong, or it contradicts what is recorded: somebody edited the order at
    Stripe, or Stripe's objects have changed. A 2xx would lose a payment silently. A 4xx would blame
    Stripe for a problem that a person here has to solve. A 503 would promise that the problem ends
    by itself. With a 500 Stripe keeps trying, shows the event as failing and writes to the
    account's owner. Once our code or the order is corrected, the next attempt is recorded.
    """

    code = "event_not_recorded"
    message = "This event could not be recorded. Our log says why, under the event's id."


def post(request: Request) -> Response:
    """Verify the event, make its facts, and record both in one transaction."""
    config = settings()
    if not config.stripe_webhook_secrets:
        raise NotConfiguredError(("STRIPE_WEBHOOK_SECRET is missing",))
    event = verified_event(
        request.body,
        request.header("stripe-signature"),
        config.stripe_webhook_secrets,
        now=time.time(),
    )
    note(event_id=event["id"], event_type=event["type"])
    # A connected account's event, which may be of either mode, is about that account's money.
    account = event.get("account")
    if account is None and event["livemode"] != config.livemode:
        raise InvalidRequestError(
            "This event's livemode is not that of the configured key.", code="wrong_livemode"
        )
    try:
        facts = facts_of_event(event) if account is None else None
        outcome = database.call(
            "record_event",
            p_id=event["id"],
            p_type=event["type"],
            p_livemode=event["livemode"],
            p_created=event["created"],
            p_facts=facts,
            p_policy=config.clawback_policy,
            p_account=account,
        )
    except (database.DatabaseError, InvalidStripeObjectError) as error:
        # Neither error quotes the event's data: one has a code, the other a field's name.
        _log.error("event %s %s: not recorded: %r", event["id"], event["type"], error)
        raise EventNotRecordedError from None
    note(outcome=outcome)
    if outcome == "applied" and facts:
        _after_decline(facts, config.declines_per_hour)
    if outcome == "applied" and config.has_receivers:
        # Imported here: many deployments tell nobody, and it costs part of the cold start.
        from api._lib.outbox.runner import deliver_soon  # noqa: PLC0415

        deliver_soon(seconds=DELIVER_SECONDS, attempt_seconds=ATTEMPT_SECONDS)
    return Response({"received": True, "outcome": outcome})


def _after_decline(facts: Mapping[str, object], declines_per_hour: int) -> None:
    """Close the user's open checkouts if the facts are of one declined payment too many."""
    if not facts.get("decline_code"):
        return
    # Imported here: it brings Stripe's SDK, which would double the cold start.
    from api._lib.payments.declines import close_checkouts  # noqa: PLC0415

    close_checkouts(str(facts["order_id"]), declines_per_hour=declines_per_hour)


app = endpoint(post=post, max_body_bytes=MAX_BODY_BYTES)
