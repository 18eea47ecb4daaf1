"""`make go-live`: turn a database that was used for testing into a live one. APPLY=1 does it.

Holds are released, and each person gets one correction that brings the balance to 0. No row is
deleted. From then on the ledger ignores orders of test mode.

Balances are cleared in batches, a transaction each, while the shop works on. The last transaction
clears what came meanwhile and sets the mode. If the command is interrupted, run it again.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.errors import PurseError
from api._lib.settings import settings
from ops.command import command
from ops.findings import count

if TYPE_CHECKING:
    from collections.abc import Mapping

# How often all balances are cleared before the command gives up.
ROUNDS = 5
COUNTED = ("users", "credits_taken", "debts_cancelled", "holds_released")


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
    try:
        told = (
            _go_live(asked.who, asked.why) if apply else _clear(asked.who, asked.why, apply=False)
        )
    except _LiveAlreadyError:
        print("This ledger is live already. Nothing was changed.")
        return 0
    print("This ledger is live now." if apply else "Nothing is written. Going live would:")
    _show(told)
    if apply and not settings().livemode:
        print("  Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET of live mode now, and redeploy.")
    if not apply:
        print('  Do it with: make go-live APPLY=1 WHO="your name" WHY="the shop opens"')
    return 0


class _LiveAlreadyError(Exception):
    """The ledger is live, so there is nothing to do."""


def _go_live(who: str, why: str) -> Counter[str]:
    """Clear all balances and set the mode; return what was done.

    Raises:
        _LiveAlreadyError: There was nothing to do.
        PurseError: After ROUNDS, people still get test credits faster than they are cleared.
    """
    done: Counter[str] = Counter()
    for _ in range(ROUNDS):
        done += _clear(who, why, apply=True)
        last = database.call("go_live", p_actor=who, p_reason=why)
        if last["was_live"]:
            raise _LiveAlreadyError
        if last["applied"]:
            return done + _counts(last)
    raise PurseError(
        "Balances of test mode change faster than they are cleared. Set PAYMENTS_ENABLED=false,"
        " wait until no work is in progress, and run the command again."
    )


def _clear(who: str | None, why: str | None, *, apply: bool) -> Counter[str]:
    """Clear balances batch by batch, or show what that would do; return the counts.

    Raises:
        _LiveAlreadyError: There was nothing to do.
    """
    done: Counter[str] = Counter()
    after: str | None = None
    while True:
        batch = database.call(
            "clear_test_credits", p_actor=who, p_reason=why, p_apply=apply, p_after=after
        )
        if batch["was_live"]:
            raise _LiveAlreadyError
        done += _counts(batch)
        # The batches are over when no user is left: each begins after the one before.
        after = batch["next"]
        if after is None:
            done["test_orders"] = batch["test_orders"]
            return done


def _counts(told: Mapping[str, Any]) -> Counter[str]:
    return Counter({name: told[name] for name in COUNTED})


def _show(told: Counter[str]) -> None:
    print(f"  release   {count(told['holds_released'], 'hold')}")
    print(f"  correct   {count(told['users'], 'balance')} to 0")
    print(f"  take      {count(told['credits_taken'], 'credit')} of test mode")
    print(f"  cancel    {count(told['debts_cancelled'], 'credit')} of debts")
    print(f"  keep      {count(told['test_orders'], 'order')} of test mode, for the record")


if __name__ == "__main__":
    command(main)
