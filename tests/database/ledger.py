"""What tests of settlement do to the ledger and read from it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def record(database: Database, *facts: dict[str, Any], policy: str = "debt") -> None:
    """Tell facts, one after the other."""
    for fact in facts:
        database.execute("select record_facts(%s, %s)", [Jsonb(fact), policy])


def just_paid(database: Database, **fields: Any) -> Order:
    """Record an order that was paid this second: 500 credits for 4.99, unless fields differ."""
    order = Order(**fields)
    record(database, order.facts("paid", at=int(time.time())))
    return order


def record_event(
    database: Database, of: dict[str, Any], facts: dict[str, Any] | None, policy: str = "debt"
) -> str:
    """Deliver an event; return its outcome."""
    row = database.execute(
        "select record_event(%s, %s, %s, %s, %s, %s) as outcome",
        [of["id"], of["type"], of["livemode"], of["created"], facts and Jsonb(facts), policy],
    ).fetchone()
    assert row is not None
    outcome: str = row["outcome"]
    return outcome


def row_of(database: Database, table: str, id_: str) -> dict[str, Any]:
    """Return a row by its id."""
    row = database.execute(f"select * from {table} where id = %s", [id_]).fetchone()
    assert row is not None
    return row


def kinds(database: Database) -> list[str]:
    """Return the kinds of movements that the ledger's trigger lets in, sorted."""
    row = database.execute(
        "select prosrc from pg_proc where oid = 'purse.require_complete_entry'::regproc"
    ).fetchone()
    assert row is not None
    return sorted(re.findall(r"when '(\w+)' then", row["prosrc"]))


def forgiven(database: Database, order: Order) -> int:
    """Return the credits of an order that are forgiven at the moment."""
    row = database.execute(
        "select forgiven from credit_lots where purchase_id = %s", [order.order_id]
    ).fetchone()
    assert row is not None
    credits_: int = row["forgiven"]
    return credits_


def amounts(database: Database, order: Order) -> list[tuple[str, int, int]]:
    """Return a user's ledger: kind, amount and balance after it."""
    rows = database.execute(
        """
        select kind, amount, balance_after
        from credit_transactions where user_id = %s order by id
        """,
        [order.user_id],
    ).fetchall()
    return [(row["kind"], row["amount"], row["balance_after"]) for row in rows]


def balance(database: Database, order: Order) -> int:
    """Return a user's balance."""
    row = database.execute(
        "select balance from user_credits where user_id = %s", [order.user_id]
    ).fetchone()
    return row["balance"] if row else 0


def spend(database: Database, order: Order, amount: int) -> None:
    """Take credits away as spending would, also more than there are: the lot owes the rest."""
    database.execute(
        """
        select purse.post_transaction(
            l.user_id, 'spend', -%(amount)s, purse.lots_to_drain(l.user_id, l.id, %(amount)s),
            p_feature => 'test', p_quantity => 1
        )
        from purse.lock_account(%(user)s) account, credit_lots l
        where l.purchase_id = %(order)s
        """,
        {"amount": amount, "user": order.user_id, "order": order.order_id},
    )


def decide(
    database: Database, order: Order, policy: str = "debt", *, accept: bool, who: str | None = "ann"
) -> None:
    """Decide about a mismatch as a person does in the dashboard."""
    database.execute(
        "select purse.decide_mismatch(%s, %s, %s, 'seen', %s)",
        [order.order_id, accept, who, policy],
    )
