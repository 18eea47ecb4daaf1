"""What the passing of time alone brings about."""

from local.stripe.payments import checkout_sessions, refunds
from local.stripe.store import Transaction


def catch_up(transaction: Transaction) -> None:
    """Do what is due by the stand-in's clock."""
    checkout_sessions.expire_overdue(transaction)
    refunds.settle_overdue(transaction)
