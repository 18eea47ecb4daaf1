"""A refund of a pack costs the same, whether it comes before or after the pack lapsed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.database.ledger import record
from tests.database.purse import Purse, key
from tests.profiles import examples

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@dataclass(frozen=True)
class History:
    """Packs that are bought and used, and refunds of one of them."""

    packs: list[int]
    which: int
    spent: list[int]
    held: int | None
    amounts: list[int]
    fails: bool
    policy: str


HISTORIES = st.builds(
    History,
    packs=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    which=st.integers(0, 50),
    spent=st.lists(st.integers(1, 3), max_size=3),
    held=st.sampled_from([None, 1, 2]),
    amounts=st.lists(st.integers(1, 40), min_size=1, max_size=2),
    fails=st.booleans(),
    policy=st.sampled_from(["debt", "debt", "clamp"]),
)


@settings(max_examples=examples(cost=20))
@given(history=HISTORIES)
def test_a_refund_costs_the_same_before_and_after_its_pack_lapsed(
    database: Database, history: History
) -> None:
    """Only this pack lapses: a refund cannot take what other packs have lost by lapsing."""
    packs, policy = history.packs, history.policy
    refunded = history.which % len(packs)
    balances = []
    for refunded_first in (True, False):
        purse = Purse(database)
        orders = [
            purse.buy(
                credits_,
                valid_days=3 if number == refunded else None,
                at=int(time.time()),
            )
            for number, credits_ in enumerate(packs)
        ]
        for quantity in history.spent:
            purse.refused("spend_credits", purse.user_id, "docx_processing", quantity, key())
        if history.held:
            held = ("docx_processing", history.held, key(), 604_800)
            purse.refused("hold_credits", purse.user_id, *held)
        order = orders[refunded]
        if not refunded_first:
            purse.time_passes(days=3)
            purse.read()
        refunds = [purse.refund(order, amount, policy=policy) for amount in history.amounts]
        if history.fails:
            record(database, refunds[0].refund(history.amounts[0], "failed"), policy=policy)
        if refunded_first:
            purse.time_passes(days=3)
        balances.append((purse.balance, purse.available))
        purse.adds_up()
        note(f"{purse.ledger()} {purse.lots()}")
    assert balances[0] == balances[1]
