"""Every lock of settlement: what comes second waits, and sees what came first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import balance, decide, record, spend
from tests.support import Order, Reversal, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


@contextmanager
def meanwhile(
    stack: RunningStack, first: Callable[[Database], None], second: Callable[[Database], Any]
) -> Iterator[Database]:
    """Do the first and, before it is committed, the second: it has to wait and see the first."""
    with (
        ThreadPoolExecutor(1) as pool,
        stack.connect() as one,
        stack.connect() as other,
        stack.connect() as observer,
    ):
        with one.transaction():
            first(one)
            outcome = pool.submit(second, other)
            until(lambda: outcome.done() or _waits(observer, other), "the second waits")
        outcome.result(30)
        yield observer


def _waits(observer: Database, connection: Database) -> bool:
    row = observer.execute(
        "select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = %s",
        [connection.info.backend_pid],
    ).fetchone()
    return bool(row and row["waits"])


@pytest.mark.parametrize("refund_first", [False, True])
def test_purchase_and_refund_wait_for_each_other(
    stack: RunningStack, *, refund_first: bool
) -> None:
    order = Order()
    facts = [order.facts("paid"), Reversal(order).refund(499)]
    one, other = reversed(facts) if refund_first else facts
    with meanwhile(stack, lambda db: record(db, one), lambda db: record(db, other)) as database:
        assert balance(database, order) == 0


def test_an_order_being_made_is_waited_for_before_it_is_called_unknown(stack: RunningStack) -> None:
    order = Order()
    with meanwhile(
        stack,
        lambda db: record(db, order.facts("open")),
        lambda db: record(db, order.facts("paid", is_ours=False)),
    ) as database:
        assert balance(database, order) == 500


@pytest.mark.parametrize("refund_first", [False, True])
def test_decision_and_refund_wait_for_each_other(
    stack: RunningStack, *, refund_first: bool
) -> None:
    order = Order()
    with stack.connect() as database:
        record(database, order.facts("paid", amount_subtotal=1))
    acts: list[Callable[[Database], None]] = [
        lambda db: decide(db, order, accept=True),
        lambda db: record(db, Reversal(order).refund(499)),
    ]
    one, other = reversed(acts) if refund_first else acts
    with meanwhile(stack, one, other) as database:
        assert balance(database, order) == 0


def test_clamp_waits_for_spending_under_way(stack: RunningStack) -> None:
    """Of another purchase's credits: the lock on this purchase is not what makes it wait."""
    order = Order()
    other = Order(user_id=order.user_id, credits=1, unit_amount=1)
    with stack.connect() as database:
        record(database, order.facts("paid"), other.facts("paid"))
    with meanwhile(
        stack,
        lambda db: spend(db, other, 201),
        lambda db: record(db, Reversal(order).refund(499), policy="clamp"),
    ) as database:
        assert balance(database, order) == 0
