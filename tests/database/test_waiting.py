"""Functions wait for a lock only so long: a moment for spending, longer for settlement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.access import FUNCTIONS

if TYPE_CHECKING:
    from psycopg import Connection

SPENDING_MS, SETTLEMENT_MS = 300, 2000
SETTLEMENT = {
    "begin_purchase",
    "adopt_ledger",
    "begin_reconciliation",
    "desk_act",
    "forget_files",
    "forget_user",
    "go_live",
    "link_stripe_customer",
    "mark_swept",
    "move_purse",
    "reconcile_facts",
    "record_event",
    "record_facts",
    "rehearse_facts",
    "renew_stripe_customer",
    "save_reconciliation",
}
# It skips what is locked, or locks nothing.
WAITS_FOR_NOBODY = {"expire_credits", "is_writable"}


def test_every_function_that_changes_something_says_how_long_it_waits(
    database: Connection[dict[str, Any]],
) -> None:
    rows = database.execute(
        """
        select p.proname as name, (
            select extract(epoch from split_part(s, '=', 2)::interval) * 1000
            from unnest(p.proconfig) s where s like 'lock_timeout=%'
        )::integer as milliseconds
        from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.provolatile = 'v'
        """
    ).fetchall()
    limits = {row["name"]: row["milliseconds"] for row in rows}
    assert {f"public.{name}" for name in limits} <= set(FUNCTIONS)
    for name, limit in limits.items():
        if name not in WAITS_FOR_NOBODY:
            most = SETTLEMENT_MS if name in SETTLEMENT else SPENDING_MS
            assert limit is not None, name
            assert 0 < limit <= most, name
