"""Functions wait for a lock only so long: a moment for spending, longer for settlement.

So callers for one locked user hold the gateway's connections only so long. Another user waits until
those who came before have had their turn: with CALLERS of them, CALLERS / CONNECTIONS times.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from local.supabase.app import REST_CONNECTIONS
from ops.access import FUNCTIONS
from tests.database.forgetting import PERSONS
from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

SPENDING_MS, SETTLEMENT_MS = 150, 2000
# As many as PostgREST has unless it is told otherwise.
CONNECTIONS, CALLERS = 10, 50
# Only so that a fault ends the test: no function may come near.
FOREVER_SECONDS = 20
LOCK_NOT_AVAILABLE = "55P03"
NEED_THE_LOCK = {
    *("spend_credits", "hold_credits", "grant_credits", "grant_signup_bonus"),
    *("begin_file", "move_purse"),
}
SETTLEMENT = {
    "begin_purchase",
    "adopt_ledger",
    "begin_balance_reading",
    "begin_reconciliation",
    "begin_refund",
    "claim_refund",
    "desk_act",
    "forget_files",
    "forget_user",
    "go_live",
    "link_stripe_customer",
    "mark_swept",
    "move_purse",
    "reconcile_facts",
    "record_balance_page",
    "record_event",
    "record_facts",
    "record_payout_page",
    "refuse_refund",
    "rehearse_facts",
    "renew_stripe_customer",
    "save_reconciliation",
    "withdraw",
}
# It skips what is locked, or locks nothing.
WAITS_FOR_NOBODY = {"expire_credits", "is_writable"}


def test_fifty_callers_for_a_locked_user_delay_another_user_by_less_than_a_second() -> None:
    assert math.ceil(CALLERS / min(CONNECTIONS, REST_CONNECTIONS)) * SPENDING_MS < 1000


@pytest.mark.parametrize("function", sorted(PERSONS))
def test_a_function_for_a_locked_user_answers_without_the_lock_or_gives_up(
    stack: RunningStack, database: Database, function: str
) -> None:
    """Giving up ends the call at its first wait, so it has held its connection for one limit."""
    purse = Purse(database)
    purse.grant(100)
    arguments = PERSONS[function](purse)
    database.execute(f"set statement_timeout = '{FOREVER_SECONDS}s'")
    with stack.connect() as holder, holder.transaction():
        holder.execute("select from user_credits where user_id = %s for update", [purse.user_id])
        refusal = purse.refused(function, *arguments)
    assert refusal in {None, LOCK_NOT_AVAILABLE, "PT404", "PT409"}
    assert (refusal == LOCK_NOT_AVAILABLE) == (function in NEED_THE_LOCK), refusal


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
