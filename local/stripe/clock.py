"""Changes that only the passing of time causes, such as sessions that expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.payments import balance_transactions, checkout_sessions, payouts, refunds

if TYPE_CHECKING:
    from local.stripe.store import Transaction


def catch_up(transaction: Transaction) -> None:
    """Expire sessions, settle refunds, release money and let payouts arrive, as they are due."""
    checkout_sessions.expire_overdue(transaction)
    refunds.settle_overdue(transaction)
    balance_transactions.become_available(transaction)
    payouts.arrive_overdue(transaction)
