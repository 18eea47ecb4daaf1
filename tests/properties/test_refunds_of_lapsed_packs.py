"""A refund of a pack costs the same, whether it comes before or after the pack lapsed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.database.ledger import record
from tests.database.purse import Purse, key
from tests.profiles import examples

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@settings(max_examples=examples(cost=20))
@given(
    packs=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    which=st.integers(0, 50),
    spent=st.lists(st.integers(1, 3), max_size=3),
    held=st.sampled_from([None, 1, 2]),
    amounts=st.lists(st.integers(1, 40), min_size=1, max_size=2),
    fails=st.booleans(),
    policy=st.sampled_from(["debt", "debt", "clamp"]),
)
def test_a_refund_costs_the_same_before_and_after_its_pack_lapsed(  # noqa: PLR0913, PLR0917 - what is drawn
    database: Database,
    packs: list[int],
    which: int,
    spent: list[int],
    held: int | None,
    amounts: list[int],
    fails: bool,
    policy: str,
) -> None:
    """Of what lapses with nobody's refund, no refund can take; so the other packs do not lapse."""
    balances = []
    for refunded_first in (True, False):
        purse = Purse(database)
        orders = [
            purse.buy(
                credits_,
                valid_days=3 if number == which % len(packs) else None,
                at=int(time.time()),
            )
            for number, credits_ in enumerate(packs)
        ]
        for quantity in spent:
            purse.refused("spend_credits", purse.user_id, "docx_processing", quantity, key())
        if held:
            purse.refused("hold_credits", purse.user_id, "docx_processing", held, key(), 604_800)
        order = orders[which % len(packs)]
        if not refunded_first:
            purse.time_passes(days=3)
            purse.read()
        refunds = [purse.refund(order, amount, policy=policy) for amount in amounts]
        if fails:
            record(database, refunds[0].refund(amounts[0], "failed"), policy=policy)
        if refunded_first:
            purse.time_passes(days=3)
        balances.append((purse.balance, purse.available))
        purse.adds_up()
        note(f"{purse.ledger()} {purse.lots()}")
    assert balances[0] == balances[1]
