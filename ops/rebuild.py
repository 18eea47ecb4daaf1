"""`make rebuild`: restore purchases in the ledger from Stripe alone. APPLY=1 writes them.

It only adds what is missing. So an empty ledger is restored, and a complete one does not change. A
database that replaces a lost one has another ledger id and other keys, so it ignores the orders at
Stripe until a person names the lost ledger: LEDGER=… shows all of its orders, and APPLY=1 then
credits them without a seal.
"""

from __future__ import annotations

import argparse
import os
from uuid import UUID

from api._lib import database
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
    parser.add_argument(
        "--ledger", type=_ledger_id, default=os.environ.get("LEDGER") or None, help="a lost ledger"
    )
    asked = parser.parse_args()
    apply, lost = asked.apply or os.environ.get("APPLY") == "1", asked.ledger
    if not apply:
        print(f"Rehearsing a rebuild from {subject()}. Nothing is written.")
        rehearsal = rehearse(None, confirmed_ledger=lost)
        _show(rehearsal, most=len(rehearsal.changes) if lost else MOST_SHOWN)
        if rehearsal.changes:
            named = f" LEDGER={lost}" if lost else ""
            print(f"  Post them with: make rebuild{named} APPLY=1")
        return 1 if rehearsal.refused else 0

    print(f"Rebuilding from {subject()}")
    if lost and not _adopt(lost):
        return 1
    progress = Progress()
    try:
        report = reconcile_since(None, tell=progress, confirmed_ledger=lost)
    finally:
        progress.done()
    status = summarize(report)
    print("A second rebuild would change:")
    left = rehearse(None)
    _show(left)
    return 1 if left.changes else status


def _ledger_id(text: str) -> str:
    """Return a ledger's id as the metadata has it.

    Raises:
        ValueError: The text is not a uuid.
    """
    return str(UUID(text))


def _adopt(ledger_id: str) -> bool:
    """Give this empty database the id of the ledger that it replaces; return whether it has it."""
    try:
        database.call("adopt_ledger", p_ledger_id=ledger_id)
    except database.DatabaseError as error:
        if error.code != "PT409":
            raise
        print("  This database has orders of its own ledger already. It cannot become another one.")
        return False
    return True


def _show(rehearsal: Rehearsal, *, most: int = MOST_SHOWN) -> None:
    print(f"  at Stripe   {rehearsal.orders:>8,} orders, of which {len(rehearsal.paid):,} paid")
    print(f"              {rehearsal.reversals:>8,} refunds and disputes")
    print(f"  to change   {len(rehearsal.changes):>8,} purchases")
    if rehearsal.changes:
        total = sum(change.difference for change in rehearsal.changes)
        users = len({change.user_id for change in rehearsal.changes})
        print(f"              {total:>+8,} credits, of {users:,} users")
        print(f"  {'order':<36}  {'user':<36}  {'posted':>9}  {'at Stripe':>9}")
    for change in rehearsal.changes[:most]:
        posted, at_stripe = f"{change.posted_before:,}", f"{change.posted:,}"
        print(f"  {change.purchase_id:<36}  {change.user_id:<36}  {posted:>9}  {at_stripe:>9}")
    if len(rehearsal.changes) > most:
        print(f"  and {len(rehearsal.changes) - most:,} more")
    for ledger_id, paid in rehearsal.other_ledgers.items():
        print(f"  ignored: {paid:,} paid orders of the ledger {ledger_id}")
        print(f"    If this database replaces that one: make rebuild LEDGER={ledger_id}")
    for stripe_id in rehearsal.refused:
        print(f"  refused, because it is unreadable or contradicts the database: {stripe_id}")


if __name__ == "__main__":
    command(main)
