"""What doctor() found about the events that Stripe sent. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.desk.findings import Finding
from ops.findings import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SLOW_SECONDS = 60


def check_events(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Report what the webhook received, and how late."""
    webhook = data["webhook"]
    if webhook["events"]:
        p50, p95 = webhook["p50_seconds"], webhook["p95_seconds"]
        yield Finding(
            "note" if p95 > SLOW_SECONDS else "ok",
            f"{count(webhook['events'], 'event')} in seven days, received {p50} s after they"
            f" happened (p50), {p95} s (p95).",
            "Late ones failed at first: Stripe > Webhooks shows why." * (p95 > SLOW_SECONDS),
        )
    else:
        yield Finding("note", "No event was received in seven days.")
    if data["repeated_events"]:
        yield Finding(
            "WRONG",
            "Stripe delivers an event again and again, although it is recorded: our answers do not"
            " reach Stripe.",
            "Stripe > Webhooks > your endpoint shows the answers it gets instead of our 200.",
            [
                f"{case['id']} {case['type']}: {case['deliveries']} times"
                for case in data["repeated_events"]
            ],
        )
    if data["connected_events"]["events"]:
        yield Finding(
            "WRONG",
            f"The webhook received {count(data['connected_events']['events'], 'event')} of"
            " connected accounts in seven days. Their money is not this shop's, so they were"
            " ignored.",
            "Stripe > Webhooks > your endpoint: listen to events on your account only.",
            data["connected_events"]["accounts"],
        )
    if data["waiting_reversals"]:
        yield Finding(
            "note",
            f"{count(data['waiting_reversals'], 'refund or dispute', 'refunds or disputes')} of"
            " unknown payments are kept, in case their orders arrive later.",
        )
