"""`make go-live`: turn a database that was used for testing into a live one. APPLY=1 does it.

Holds are released, and each person gets one correction that brings the balance to 0. No row is
deleted. From then on the ledger ignores orders of test mode.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from api._lib import database
from api._lib.settings import settings
from ops.command import command
from ops.findings import count


def main() -> int:
    """Show what would happen; or do it, signed with who and why."""
    parser = argparse.ArgumentParser(prog="make go-live", description=__doc__)
    parser.add_argument("--apply", action="store_true", help="do it; otherwise only show")
    parser.add_argument("--who", default=os.environ.get("WHO"), help="your name, for the ledger")
    parser.add_argument("--why", default=os.environ.get("WHY"), help="the reason, for the ledger")
    asked = parser.parse_args()
    apply = asked.apply or os.environ.get("APPLY") == "1"
    if apply and not (asked.who and asked.why):
        print('Sign it: make go-live APPLY=1 WHO="your name" WHY="the shop opens"')
        return 2
    told: dict[str, Any] = database.call(
        "go_live", p_actor=asked.who, p_reason=asked.why, p_apply=apply
    )
    if told["was_live"]:
        print("This ledger is live already. Nothing was changed.")
        return 0
    print("This ledger is live now." if apply else "Nothing is written. Going live would:")
    _show(told)
    if apply and not settings().livemode:
        print("  Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET of live mode now, and redeploy.")
    if not apply:
        print('  Do it with: make go-live APPLY=1 WHO="your name" WHY="the shop opens"')
    return 0


def _show(told: dict[str, Any]) -> None:
    print(f"  release   {count(told['holds_released'], 'hold')}")
    print(f"  correct   {count(told['users'], 'balance')} to 0")
    print(f"  take      {count(told['credits_taken'], 'credit')} of test mode")
    print(f"  cancel    {count(told['debts_cancelled'], 'credit')} of debts")
    print(f"  keep      {count(told['test_orders'], 'order')} of test mode, for the record")


if __name__ == "__main__":
    command(main)
