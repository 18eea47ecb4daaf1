"""A quoted refund takes back what it says: exactly, and never more than what is unused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.database.ledger import record
from tests.database.purse import Purse, key
from tests.profiles import examples
from tests.support import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

# A currency for each step of Stripe's: the amounts it takes are multiples of it.
CURRENCIES = {1: "usd", 10: "kwd", 100: "isk"}


def taken(credits_: int, reversed_: int, paid: int) -> int:
    """Return ceil(credits * reversed / paid), as settlement takes them."""
    return -(-credits_ * reversed_ // paid)


@settings(max_examples=examples(cost=2))
@given(
    credits_=st.integers(1, 1_000_000_000),
    paid=st.integers(1, 99_999_999),
    share=st.fractions(0, 1),
    unused_share=st.fractions(0, 1),
    step=st.sampled_from([1, 10, 100]),
)
def test_the_amount_is_the_largest_that_takes_no_more_than_what_is_unused(  # noqa: PLR0913, PLR0917 - what is drawn
    database: Database, credits_: int, paid: int, share: Any, unused_share: Any, step: int
) -> None:
    reversed_ = int(paid * share)
    already = taken(credits_, reversed_, paid)
    unused = int((credits_ - already) * unused_share)
    row = database.execute(
        "select purse.refundable_amount(%s, %s, %s, %s, %s) as amount",
        [credits_, paid, reversed_, unused, step],
    ).fetchone()
    assert row is not None
    amount = row["amount"]
    assert 0 <= amount <= paid - reversed_
    assert taken(credits_, reversed_ + amount, paid) - already <= unused
    if amount < paid - reversed_:
        assert amount % step == 0
        larger = min(amount + step, paid - reversed_)
        assert taken(credits_, reversed_ + larger, paid) - already > unused


@settings(max_examples=examples(cost=20))
@given(
    credits_=st.integers(1, 60),
    paid=st.integers(1, 90),
    earlier=st.lists(st.integers(1, 30), max_size=2),
    spent=st.lists(st.integers(1, 4), max_size=3),
    held=st.sampled_from([None, 1, 2]),
    given_=st.integers(0, 12),
    policy=st.sampled_from(["debt", "clamp"]),
    step=st.sampled_from(list(CURRENCIES)),
)
def test_a_refund_of_the_quote_takes_exactly_its_credits_from_its_lot(  # noqa: PLR0913, PLR0917 - what is drawn
    database: Database,
    credits_: int,
    paid: int,
    earlier: list[int],
    spent: list[int],
    held: int | None,
    given_: int,
    policy: str,
    step: int,
) -> None:
    paid *= step
    purse = Purse(database)
    if given_:
        purse.grant(given_)
    order = Order(
        user_id=purse.user_id, credits=credits_, unit_amount=paid, currency=CURRENCIES[step]
    )
    record(database, order.facts("paid"))
    for quantity in spent:
        purse.refused("spend_credits", purse.user_id, "docx_processing", quantity, key())
    if held:
        purse.refused("hold_credits", purse.user_id, "docx_processing", held, key(), 900)
    for amount in earlier:
        record(database, Reversal(order).refund(amount * step), policy=policy)
    quote = purse.call("quote_refund", order.order_id)
    note(f"{quote} {purse.ledger()}")
    if not quote["refundable"]:
        return
    lots, balance, held_before = purse.lots(), purse.balance, purse.holds()
    assert quote["amount"] % step == 0
    begun = purse.call("begin_refund", order.order_id, "ann", "asked", key())
    assert (begun["amount"], begun["credits"]) == (quote["amount"], quote["credits"])
    assert purse.available == balance - purse.read()["held"]
    purse.adds_up()
    facts = {
        **Reversal(order).refund(begun["amount"]),
        "refund_request_id": begun["refund_id"],
    }
    record(database, facts, facts, policy=policy)
    purse.adds_up()
    changed = [after - before for before, after in zip(lots, purse.lots(), strict=True)]
    # The purchase's lot is the last one.
    assert changed == [0] * (len(lots) - 1) + [-quote["credits"]]
    assert purse.holds() == [*held_before, ("released", 0)]
