"""Compare Stripe and the ledger in both directions, over the last weeks."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import stripe

from api._lib import database
from api._lib.desk.findings import Finding
from api._lib.payments.facts import EVENTS
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from ops.command import day
from ops.findings import count
from ops.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api._lib.settings import Settings

_DAY_SECONDS = 24 * 60 * 60
# Stripe retries a delivery for three days.
DELIVERY_SECONDS = 3 * _DAY_SECONDS
# Newer deliveries may still be in progress.
PATIENCE_SECONDS = 60
# The cron job runs once a day, and Vercel may start it an hour late.
RECONCILED_WITHIN_SECONDS = 2 * _DAY_SECONDS
PAGE_SIZE = 100


def check_payments(config: Settings, since: int) -> Iterator[Finding]:
    """Compare payments, refunds and disputes since a Unix time with the ledger."""
    rehearsal = rehearse(since)
    reconcile = f"make reconcile SINCE={day(since)}"
    if rehearsal.changes:
        yield Finding(
            "WRONG",
            "Stripe has payments, refunds or disputes that are missing in the ledger.",
            reconcile,
            [
                f"order {change.purchase_id}: {change.posted_before:,} credits here,"
                f" {change.posted:,} according to Stripe ({change.status})"
                for change in rehearsal.changes
            ],
        )
    else:
        yield Finding(
            "ok",
            f"The ledger has everything that Stripe has since {day(since)}:"
            f" {count(len(rehearsal.paid), 'paid order')},"
            f" {count(rehearsal.reversals, 'refund or dispute', 'refunds and disputes')}.",
        )
    if rehearsal.refused:
        yield Finding(
            "WRONG",
            "Stripe has orders that cannot be recorded, because their metadata was edited or the"
            " order belongs to another user in the database.",
            "Look at the session's metadata in Stripe's dashboard; refund it there if necessary.",
            rehearsal.refused,
        )
    yield from _missing_at_stripe(config, since, rehearsal.paid)


def _missing_at_stripe(config: Settings, since: int, paid: set[str]) -> Iterator[Finding]:
    """Find orders that are paid in the database and not at Stripe."""
    orders: list[dict[str, str]] = database.call(
        "paid_orders", p_livemode=config.livemode, p_since=since
    )
    cases = [
        f"order {order['order_id']}, session {order['checkout_session_id']}"
        for order in orders
        if order["order_id"] not in paid
    ]
    if cases:
        yield Finding(
            "WRONG",
            "Orders are paid in the database, but not at Stripe.",
            "Find out who wrote them. To take credits back, record a refund; never edit balances.",
            cases,
        )


def check_deliveries() -> Iterator[Finding]:
    """Find events that Stripe could not deliver and that are not in the database."""
    now = int(time.time())
    with stripe_failures():
        try:
            listed = stripe_client().v1.events.list(
                {
                    "types": [*EVENTS],
                    "delivery_success": False,
                    "created": {"gte": now - DELIVERY_SECONDS, "lte": now - PATIENCE_SECONDS},
                    "limit": PAGE_SIZE,
                }
            )
        except stripe.PermissionError:
            yield Finding(
                "note", "Deliveries were not checked: this restricted key may not read events."
            )
            return
    known = set(database.call("known_events", p_ids=[event.id for event in listed.data]))
    stuck = [event for event in listed.data if event.id not in known]
    if not stuck:
        yield Finding("ok", "No event is undelivered and missing in the database.")
        return
    yield Finding(
        "WRONG",
        "Stripe could not deliver events" + (". These are the newest." if listed.has_more else "."),
        "Stripe > Webhooks > your endpoint shows the errors. make reconcile works without events.",
        [f"{event.id} {event.type} of {day(event.created)}" for event in stuck],
    )


def check_reconciliation(config: Settings, data: Mapping[str, Any]) -> Iterator[Finding]:
    """Check that the daily reconciliation completes."""
    runs = [run for run in data["reconciliations"] if run["livemode"] == config.livemode]
    finished_at = runs[0]["finished_at"] if runs else None
    if finished_at is None:
        yield Finding(
            "note",
            "No reconciliation has completed yet. Vercel's cron job starts one every day.",
            "make reconcile",
        )
        return
    age_seconds = time.time() - seconds(finished_at)
    if age_seconds > RECONCILED_WITHIN_SECONDS:
        yield Finding(
            "WRONG",
            f"The last complete reconciliation was {count(int(age_seconds // _DAY_SECONDS), 'day')}"
            " ago.",
            "Vercel > Settings > Cron Jobs shows the runs of /api/cron?job=reconcile."
            " Now: make reconcile",
        )
    else:
        yield Finding(
            "ok", f"Last complete reconciliation: {finished_at[:16].replace('T', ' ')} UTC."
        )


def seconds(timestamp: str) -> float:
    """Return the Unix time of a timestamp in Postgres's JSON."""
    return datetime.fromisoformat(timestamp).timestamp()
