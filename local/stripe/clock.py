"""Changes that only the passing of time causes: sessions expire, refunds settle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.payments import checkout_sessions, refunds

if TYPE_CHECKING:
    from local.stripe.store import Transaction


def catch_up(transaction: Transaction) -> None:
    """Expire the sessions and settle the refunds that are due by the stand-in's clock."""
    checkout_sessions.expire_overdue(transaction)
    refunds.settle_overdue(transaction)
