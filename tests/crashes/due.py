"""What an order calls for by the events that were acknowledged: read off Stripe's objects alone.

Knows nothing of facts, ranks or settlement, so that it does not share their faults.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.stripe_events import Order

REVERSALS = ("refund", "dispute")
FAILURES = ("failed", "canceled")


@dataclass(frozen=True)
class Due:
    """How an order must stand.

    Attributes:
        status: Its status.
        credits: What the ledger holds for it.
        most_entries: More ledger entries than this, and something was posted twice.
        fewest_entries: Fewer, and something was posted under another order's name.
    """

    status: str
    credits: int
    most_entries: int
    fewest_entries: int


def due(order: Order, bodies: Iterable[bytes]) -> Due:
    """Return how an order must stand after these webhook bodies, in whatever order they came."""
    sessions: list[tuple[str, dict[str, Any]]] = []
    reversals: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in map(json.loads, bodies):
        told = event["data"]["object"]
        if told["object"] == "checkout.session":
            sessions.append((event["type"], told))
        elif told["object"] in REVERSALS:
            reversals[told["id"]].append(told)

    status = _status(sessions)
    if status != "paid":
        return Due(status, 0, 0, 0)
    gone = min(order.unit_amount, sum(map(_gone, reversals.values())))
    credits_ = order.credits - ceil(order.credits * gone / order.unit_amount)
    told_of_money = sum(map(len, reversals.values()))
    return Due(status, credits_, 1 + told_of_money, int(credits_ > 0))


def is_reversal(body: bytes) -> bool:
    """Whether an event is about a refund or a dispute."""
    return json.loads(body)["data"]["object"]["object"] in REVERSALS


def _status(sessions: list[tuple[str, dict[str, Any]]]) -> str:
    if any(session["payment_status"] != "unpaid" for _, session in sessions):
        return "paid"
    types = {type_.rpartition(".")[2] for type_, _ in sessions}
    return next(
        status
        for type_, status in (
            ("async_payment_failed", "failed"),
            ("expired", "expired"),
            ("completed", "processing"),
        )
        if type_ in types
    )


def _gone(states: list[dict[str, Any]]) -> int:
    """Minor units that went back by one refund or dispute, of which these states are known.

    A refund that failed once has failed. A dispute's last state is the one with most movements, and
    its last movement says where the money is.
    """
    if states[0]["object"] == "refund":
        failed = any(state["status"] in FAILURES for state in states)
        return 0 if failed else int(states[0]["amount"])
    moved = max((state["balance_transactions"] for state in states), key=len)
    return max(-moved[-1]["amount"], 0) if moved else 0
