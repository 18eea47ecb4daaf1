"""Any history of facts, in any order, with any repetition, ends in the same row and balance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.profiles import examples
from tests.properties import taxed
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

STATES = ("open", "processing", "paid", "failed", "expired")
FACTS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(STATES),
        "at": st.integers(1, 5),
        "decline_code": st.sampled_from([None, None, "expired_card", "insufficient_funds"]),
        "session": st.sampled_from([None, "a", "b"]),
        "intent": st.sampled_from([None, "a", "b"]),
        "customer": st.sampled_from([None, "a", "b"]),
        "payment": st.sampled_from(
            [
                taxed.payment(499, discount, behavior, percent)
                for discount in (0, 100, 499)
                for behavior, percent in (("no tax", 0), ("exclusive", 19), ("inclusive", 19))
            ]
        ),
    }
)


@st.composite
def retold_history(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Draw a history, and the same one shuffled with some of it told again."""
    history = draw(st.lists(FACTS, min_size=1, max_size=6))
    again = draw(st.lists(st.sampled_from(history), max_size=4))
    return history, draw(st.permutations(history + again))


@settings(max_examples=examples())
@given(histories=retold_history())
def test_order_and_repetition_do_not_matter(
    database: Database, histories: tuple[list[dict[str, Any]], list[dict[str, Any]]]
) -> None:
    told, retold = (_tell(database, history) for history in histories)
    assert told == retold
    purchase, balance, ledger_sum = told
    paid = any(facts["state"] == "paid" for facts in histories[0])
    assert balance == ledger_sum == purchase["credits_posted"] == (500 if paid else 0)


def _tell(database: Database, history: list[dict[str, Any]]) -> tuple[dict[str, Any], int, int]:
    """Tell the facts of a new order; return its row without its ids, balance and ledger sum."""
    order = Order()

    def id_(prefix: str, which: str | None) -> str | None:
        return which and f"{prefix}_{order.suffix}_{which}"

    for told in history:
        facts = order.facts(
            told["state"],
            at=told["at"],
            decline_code=told["decline_code"],
            checkout_session_id=id_("cs", told["session"]),
            payment_intent_id=id_("pi", told["intent"]),
            customer_id=id_("cus", told["customer"]),
            **told["payment"],
        )
        database.execute("select record_facts(%s)", [Jsonb(facts)])
        balance, ledger_sum = _balances(database, order)
        assert balance == ledger_sum
    row = database.execute("select * from purchases where id = %s", [order.order_id]).fetchone()
    assert row is not None
    # What was announced depends on what was known by then.
    own = ("id", "user_id", "created_at", "announced_status")
    purchase = {
        name: value.replace(order.suffix, "") if isinstance(value, str) else value
        for name, value in row.items()
        if name not in own
    }
    return purchase, balance, ledger_sum


def _balances(database: Database, order: Order) -> tuple[int, int]:
    row = database.execute(
        """
        select
            coalesce((select balance from user_credits where user_id = %(user)s), 0) as balance,
            coalesce(
                (select sum(amount) from credit_transactions where user_id = %(user)s), 0
            ) as total
        """,
        {"user": order.user_id},
    ).fetchone()
    assert row is not None
    return row["balance"], int(row["total"])
