"""What doctor_refunds() found of refunds that do not end, as findings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.desk.findings import Finding
from api._lib.money import money
from ops.findings import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def check_refunds(stuck: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Report refunds that began more than an hour ago and have not ended."""
    if not stuck:
        return
    yield Finding(
        "WRONG",
        "A refund began more than an hour ago, and we do not know yet that Stripe made it. Its"
        " credits stay set aside, and the jobs go on with it. After several attempts, look into the"
        " log: it says what Stripe answers.",
        "make reconcile; and let a scheduler call GET /api/deliver: see docs/refunds.md.",
        [
            f"refund {case['refund_id']}, order {case['order_id']}:"
            f" {money(case['amount'], case['currency'])}, begun {case['created_at'][:16]},"
            f" {count(case['attempts'], 'attempt')}"
            for case in stuck
        ],
    )
