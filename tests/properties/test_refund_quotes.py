"""A quoted refund takes back what it says: exactly, and never more than what is unused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.database.ledger import record
from tests.database.purse import Purse, key
from tests.profiles import examples
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from fractions import Fraction

    from psycopg import Connection

    Database = Connection[dict[str, Any]]

# A currency for each step of Stripe's: the amounts it takes are multiples of it.
CURRENCIES = {1: "usd", 10: "kwd", 100: "isk"}


@dataclass(frozen=True)
class Pack:
    """A paid pack, of which a part was refunded and a part of the rest is unused."""

    credits: int
    paid: int
    refunded_share: Fraction
    unused_share: Fraction
    step: int


@dataclass(frozen=True)
class History:
    """What happens to a pack before a refund of it is quoted; money in steps of the currency."""

    credits: int
    paid: int
    earlier: list[int]
    spent: list[int]
    held: int | None
    granted: int
    policy: str
    step: int


PACKS = st.builds(
    Pack,
    credits=st.integers(1, 1_000_000_000),
    paid=st.integers(1, 99_999_999),
    refunded_share=st.fractions(0, 1),
    unused_share=st.fractions(0, 1),
    step=st.sampled_from(list(CURRENCIES)),
)
HISTORIES = st.builds(
    History,
    credits=st.integers(1, 60),
    paid=st.integers(1, 90),
    earlier=st.lists(st.integers(1, 30), max_size=2),
    spent=st.lists(st.integers(1, 4), max_size=3),
    held=st.sampled_from([None, 1, 2]),
    granted=st.integers(0, 12),
    policy=st.sampled_from(["debt", "clamp"]),
    step=st.sampled_from(list(CURRENCIES)),
)


def taken(credits_: int, reversed_: int, paid: int) -> int:
    """Return ceil(credits * reversed / paid), as settlement takes them."""
    return -(-credits_ * reversed_ // paid)


@settings(max_examples=examples(cost=2))
@given(pack=PACKS)
def test_the_amount_is_the_largest_that_takes_no_more_than_what_is_unused(
    database: Database, pack: Pack
) -> None:
    reversed_ = int(pack.paid * pack.refunded_share)
    already = taken(pack.credits, reversed_, pack.paid)
    unused = int((pack.credits - already) * pack.unused_share)
    row = database.execute(
        "select purse.refundable_amount(%s, %s, %s, %s, %s) as amount",
        [pack.credits, pack.paid, reversed_, unused, pack.step],
    ).fetchone()
    assert row is not None
    amount, most = row["amount"], pack.paid - reversed_
    assert 0 <= amount <= most
    assert taken(pack.credits, reversed_ + amount, pack.paid) - already <= unused
    if amount < most:
        assert amount % pack.step == 0
        larger = min(amount + pack.step, most)
        assert taken(pack.credits, reversed_ + larger, pack.paid) - already > unused


@settings(max_examples=examples(cost=20))
@given(history=HISTORIES)
def test_a_refund_of_the_quote_takes_exactly_its_credits_from_its_lot(
    database: Database, history: History
) -> None:
    purse = Purse(database)
    if history.granted:
        purse.grant(history.granted)
    order = Order(
        user_id=purse.user_id,
        credits=history.credits,
        unit_amount=history.paid * history.step,
        currency=CURRENCIES[history.step],
    )
    record(database, order.facts("paid"))
    for quantity in history.spent:
        purse.refused("spend_credits", purse.user_id, "docx_processing", quantity, key())
    if history.held:
        purse.refused("hold_credits", purse.user_id, "docx_processing", history.held, key(), 900)
    for amount in history.earlier:
        record(database, Reversal(order).refund(amount * history.step), policy=history.policy)
    quote = purse.call("quote_refund", order.order_id)
    note(f"{quote} {purse.ledger()}")
    if not quote["refundable"]:
        return
    lots, balance, held_before = purse.lots(), purse.balance, purse.holds()
    assert quote["amount"] % history.step == 0
    begun = purse.call("begin_refund", order.order_id, "ann", "asked", key())
    assert (begun["amount"], begun["credits"]) == (quote["amount"], quote["credits"])
    assert purse.available == balance - purse.read()["held"]
    purse.adds_up()
    facts = {
        **Reversal(order).refund(begun["amount"]),
        "refund_request_id": begun["refund_id"],
    }
    record(database, facts, facts, policy=history.policy)
    purse.adds_up()
    changed = [after - before for before, after in zip(lots, purse.lots(), strict=True)]
    # The purchase's lot is the last one.
    assert changed == [0] * (len(lots) - 1) + [-quote["credits"]]
    assert purse.holds() == [*held_before, ("released", 0)]
