"""`make rebuild`: the ledger's purchases from Stripe alone. A rehearsal, unless APPLY=1.

Nothing is ever taken away: what is there already stays, what is missing is posted. So an emptied
ledger comes back, and a whole one does not change.
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
    """Rehearse, or apply and then rehearse to see that nothing is left."""
    parser = argparse.ArgumentParser(prog="make rebuild", description=__doc__)
    parser.add_argument("--apply", action="store_true", help="write; otherwise only show")
    apply = parser.parse_args().apply or os.environ.get("APPLY") == "1"
    if not apply:
        print(f"Rehearsing a rebuild from {subject()}; nothing is written")
        rehearsal = rehearse(None)
        _show(rehearsal)
        if rehearsal.changes:
            print("  make rebuild APPLY=1 posts them.")
        return 1 if rehearsal.refused else 0

    print(f"Rebuilding from {subject()}")
    progress = Progress()
    try:
        report = reconcile_since(None, tell=progress)
    finally:
        progress.done()
    status = summarize(report)
    print("What a second rebuild would change:")
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
        print(f"  {'order':<36}  {'user':<36}  {'there':>9}  {'at Stripe':>9}")
    for change in rehearsal.changes[:MOST_SHOWN]:
        there, then = f"{change.posted_before:,}", f"{change.posted:,}"
        print(f"  {change.purchase_id:<36}  {change.user_id:<36}  {there:>9}  {then:>9}")
    if len(rehearsal.changes) > MOST_SHOWN:
        print(f"  and {len(rehearsal.changes) - MOST_SHOWN:,} more")
    for stripe_id in rehearsal.refused:
        print(f"  refused, it cannot be read or contradicts what is recorded: {stripe_id}")


if __name__ == "__main__":
    command(main)
