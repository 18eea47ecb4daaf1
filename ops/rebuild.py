"""`make rebuild`: restore purchases in the ledger from Stripe alone. APPLY=1 writes them.

It only adds what is missing. So an empty ledger is restored, and a complete one does not change.
"""

from __future__ import annotations

import argparse
import os

from api._lib.payments.reconcile import reconcile_since
from ops.command import command, subject
from ops.reconcile import Progress, summarize
from ops.rehearsal import Rehearsal, rehearse

MOST_SHOWN = 50


def main() -> int:
    """Show what would change; or apply it, and check that a second run would change nothing."""
    parser = argparse.ArgumentParser(prog="make rebuild", description=__doc__)
    parser.add_argument(
        "--apply", action="store_true", help="write the changes; otherwise only show"
    )
    apply = parser.parse_args().apply or os.environ.get("APPLY") == "1"
    if not apply:
        print(f"Rehearsing a rebuild from {subject()}. Nothing is written.")
        rehearsal = rehearse(None)
        _show(rehearsal)
        if rehearsal.changes:
            print("  Post them with: make rebuild APPLY=1")
        return 1 if rehearsal.refused else 0

    print(f"Rebuilding from {subject()}")
    progress = Progress()
    try:
        report = reconcile_since(None, tell=progress)
    finally:
        progress.done()
    status = summarize(report)
    print("A second rebuild would change:")
    left = rehearse(None)
    _show(left)
    return 1 if left.changes else status


def _show(rehearsal: Rehearsal) -> None:
    print(f"  at Stripe   {rehearsal.orders:>8,} orders, of which {len(rehearsal.paid):,} paid")
    print(f"              {rehearsal.reversals:>8,} refunds and disputes")
    print(f"  to change   {len(rehearsal.changes):>8,} purchases")
    if rehearsal.changes:
        total = sum(change.difference for change in rehearsal.changes)
        users = len({change.user_id for change in rehearsal.changes})
        print(f"              {total:>+8,} credits, of {users:,} users")
        print(f"  {'order':<36}  {'user':<36}  {'posted':>9}  {'at Stripe':>9}")
    for change in rehearsal.changes[:MOST_SHOWN]:
        posted, at_stripe = f"{change.posted_before:,}", f"{change.posted:,}"
        print(f"  {change.purchase_id:<36}  {change.user_id:<36}  {posted:>9}  {at_stripe:>9}")
    if len(rehearsal.changes) > MOST_SHOWN:
        print(f"  and {len(rehearsal.changes) - MOST_SHOWN:,} more")
    for stripe_id in rehearsal.refused:
        print(f"  refused, because it is unreadable or contradicts the database: {stripe_id}")


if __name__ == "__main__":
    command(main)
