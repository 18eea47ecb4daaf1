"""Do Stripe and the ledger agree? Compared both ways, over the last weeks."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import stripe

from api._lib import database
from api._lib.payments.facts import EVENTS
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from ops.command import day
from ops.findings import Finding, count
from ops.rehearsal import rehearse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api._lib.settings import Settings

_DAY_SECONDS = 24 * 60 * 60
# Stripe tries for three days.
DELIVERY_SECONDS = 3 * _DAY_SECONDS
# A delivery that is under way is not stuck.
PATIENCE_SECONDS = 60
# The cron runs once a day; Vercel may be an hour late.
RECONCILED_WITHIN_SECONDS = 2 * _DAY_SECONDS
PAGE_SIZE = 100


def check_payments(config: Settings, since: int) -> Iterator[Finding]:
    """Compare payments, refunds and disputes with the ledger."""
    rehearsal = rehearse(since)
    reconcile = f"make reconcile SINCE={day(since)}"
    if rehearsal.changes:
        yield Finding(
            "WRONG",
            "Stripe has payments, refunds or disputes that the ledger has not.",
            reconcile,
            [
                f"order {change.purchase_id}: {change.posted_before:,} credits here,"
                f" {change.posted:,} by Stripe ({change.status})"
                for change in rehearsal.changes
            ],
        )
    else:
        yield Finding(
            "ok",
            f"The ledger has all of what Stripe has since {day(since)}:"
            f" {count(len(rehearsal.paid), 'paid order')},"
            f" {count(rehearsal.reversals, 'refund or dispute', 'refunds and disputes')}.",
        )
    if rehearsal.refused:
        yield Finding(
            "WRONG",
            "Stripe has orders that cannot be recorded: their metadata was edited, or the order"
            " belongs to another user here.",
            "Look at the session's metadata in Stripe's dashboard; refund it there if need be.",
            rehearsal.refused,
        )
    yield from _unheard_of(config, since, rehearsal.paid)


def _unheard_of(config: Settings, since: int, paid: set[str]) -> Iterator[Finding]:
    """Find orders that are paid here and not at Stripe."""
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
            "Orders are paid here of which Stripe knows nothing, or not that they are paid.",
            "Find out who wrote them. Credits are taken back by recording a refund, never by hand.",
            cases,
        )


def check_deliveries() -> Iterator[Finding]:
    """Ask Stripe which events it could not deliver, and whether we have them after all."""
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
            yield Finding("note", "This restricted key may not read events: not checked.")
            return
    known = set(database.call("known_events", p_ids=[event.id for event in listed.data]))
    stuck = [event for event in listed.data if event.id not in known]
    if not stuck:
        yield Finding("ok", "Stripe has no event that it could not deliver.")
        return
    yield Finding(
        "WRONG",
        "Stripe cannot deliver events"
        + (", of which these are the newest." if listed.has_more else "."),
        "Stripe > Webhooks > your endpoint shows the answers it got. make reconcile does without.",
        [f"{event.id} {event.type} of {day(event.created)}" for event in stuck],
    )


def check_reconciliation(config: Settings, data: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the daily reconciliation comes to its end."""
    runs = [run for run in data["reconciliations"] if run["livemode"] == config.livemode]
    finished_at = runs[0]["finished_at"] if runs else None
    if finished_at is None:
        yield Finding(
            "note",
            "No reconciliation has come to its end yet; Vercel's cron begins one a day.",
            "make reconcile",
        )
        return
    age_seconds = time.time() - seconds(finished_at)
    if age_seconds > RECONCILED_WITHIN_SECONDS:
        yield Finding(
            "WRONG",
            f"The last whole reconciliation was {count(int(age_seconds // _DAY_SECONDS), 'day')}"
            " ago.",
            "Vercel > Settings > Cron Jobs shows the runs of /api/cron?job=reconcile."
            " make reconcile",
        )
    else:
        yield Finding("ok", f"Last whole reconciliation: {finished_at[:16].replace('T', ' ')} UTC.")


def seconds(timestamp: str) -> float:
    """Return a timestamp of Postgres' JSON as seconds, UTC."""
    return datetime.fromisoformat(timestamp).timestamp()
