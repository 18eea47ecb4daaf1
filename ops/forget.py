"""`make forget USER=…`: delete a person's account. APPLY=1 does it, signed with WHO and WHY.

USER is an id, an e-mail address or a phone number. Credits that are left are given up; files,
addresses, Stripe's customer and the user in Supabase Auth go; ledger rows stay, without a name.
After a failure in between, run the same command again: by the id, if the address is gone already.
"""

from __future__ import annotations

import argparse
import math
import os
from typing import TYPE_CHECKING, Any
from uuid import UUID

from api._lib import database
from api._lib.accounts.forgetting import Forgotten, finish, forget, read_account
from api._lib.errors import AccountDeletedError, PurseError
from api._lib.settings import settings
from ops.command import command, subject
from ops.findings import count
from ops.money import money

if TYPE_CHECKING:
    from collections.abc import Mapping


def main() -> int:
    """Show what would happen; or do it, signed with who and why."""
    parser = argparse.ArgumentParser(prog="make forget", description=__doc__)
    parser.add_argument("user", nargs="?", help="whom")
    parser.add_argument("--apply", action="store_true", help="do it; otherwise only show")
    parser.add_argument("--who", default=os.environ.get("WHO"), help="your name, for the ledger")
    parser.add_argument("--why", default=os.environ.get("WHY"), help="the reason, for the ledger")
    asked = parser.parse_args()
    apply = asked.apply or os.environ.get("APPLY") == "1"
    if not asked.user:
        print("Name the person: make forget USER=ada@example.com")
        return 2
    if apply and not (asked.who and asked.why):
        print('Sign it: make forget USER=… APPLY=1 WHO="your name" WHY="they asked us to"')
        return 2
    user_id = find(asked.user)
    if user_id is None:
        print(f"Nobody has signed up as {asked.user}. If the account is deleted, name its id.")
        return 1
    if not apply:
        return _show(user_id)
    forgotten = forget(user_id, actor=asked.who, reason=asked.why)
    print(f"Deleting account {user_id} of {subject()}")
    _told(forgotten)
    return _finish(forgotten)


def find(user: str) -> str | None:
    """Return the id of a user who is named by id, e-mail address or phone number.

    An id is taken as it is: the account may be deleted already.
    """
    try:
        return str(UUID(user))
    except ValueError:
        found: str | None = database.call("find_user", p_address=user)
        return found


def _show(user_id: str) -> int:
    try:
        account = read_account(user_id)
    except AccountDeletedError:
        print(f"Account {user_id} is deleted already. To delete what is left of it, run this with")
        print("APPLY=1 WHO=… WHY=…")
        return 0
    print(f"Nothing is written. Deleting account {user_id} of {subject()} would:")
    _preview(account)
    print('  Do it with: make forget USER=… APPLY=1 WHO="your name" WHY="they asked us to"')
    return 0


def _preview(account: Mapping[str, Any]) -> None:
    print(f"  release   {count(account['holds'], 'hold')}")
    if account["balance"] < 0:
        print(f"  write off {count(-account['balance'], 'credit')} that are owed")
    else:
        print(f"  give up   {count(account['balance'], 'credit')}")
    print(f"  close     {count(account['open_checkouts'], 'payment page')}")
    print(f"  delete    {count(account['files'], 'file')}, the Stripe customer, the user")
    for pending in account["pending_payments"]:
        print(
            f"  NOT stop  {money(pending['amount'], pending['currency'])} for"
            f" {pending['package_name']}, which a bank has not confirmed. If it arrives, refund it."
        )


def _told(forgotten: Forgotten) -> None:
    if forgotten.replayed:
        print(f"  It was deleted on {forgotten.deleted_at[:10]}. Looking for what is left.")
        return
    print(f"  {count(forgotten.holds_released, 'hold')} released")
    print(f"  {count(forgotten.credits_given_up, 'credit')} given up")
    if forgotten.debt_written_off:
        print(f"  {count(forgotten.debt_written_off, 'credit')} of debts written off")


def _finish(forgotten: Forgotten) -> int:
    """Delete what is outside the database. A service that fails ends the command."""
    try:
        finished = [finish(user_id, deadline=math.inf) for user_id in forgotten.user_ids]
    except PurseError as error:
        print(f"  {error.message}")
        print("  The account is deleted, but not all of it. Run this again to delete the rest.")
        return 1
    if not all(finished):
        mode = "test" if settings().livemode else "live"
        print(f"  Stripe still has customers of {mode} mode. Run this again with the")
        print("  STRIPE_SECRET_KEY of that mode.")
        return 1
    print("  Files, Stripe and Supabase Auth have nothing of it any more.")
    return 0


if __name__ == "__main__":
    command(main)
