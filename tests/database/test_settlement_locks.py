"""Every lock of settlement: what comes second waits, and sees what came first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from tests.database.ledger import balance, decide, record, spend
from tests.database.locks import in_turn, meanwhile
from tests.database.purse import Purse
from tests.stripe_events import OTHER_LEDGER, Order, Reversal

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

pytestmark = pytest.mark.usefixtures("patience")


def _lock_account(database: Database, user_id: str) -> None:
    database.execute("select purse.lock_account(%s)", [user_id])


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
        lambda db: record(db, order.facts("paid", ledger_id=OTHER_LEDGER)),
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


# Nobody waits for somebody who waits for them ----------------------------------------------------


def test_a_refund_that_waits_for_a_capture_is_not_waited_for(stack: RunningStack) -> None:
    """A capture changes its lot twice, and must not ask for the lot's purchase meanwhile."""
    with stack.connect() as database:
        purse = Purse(database)
        order = purse.buy(20)
        hold_id = purse.hold()["hold_id"]
        in_turn(
            stack,
            lambda db: _lock_account(db, purse.user_id),
            [lambda db: record(db, Reversal(order).refund(20))],
            lambda db: Purse(db).capture(hold_id, 2),
        )
        assert purse.balance == -2
        purse.adds_up()


def test_what_lapses_does_not_wait_for_a_refund_that_waits_for_it(stack: RunningStack) -> None:
    with stack.connect() as database:
        purse = Purse(database)
        order = purse.buy(20, valid_days=3, at=int(time.time()))
        purse.hold(seconds=60)
        purse.time_passes(days=3)
        in_turn(
            stack,
            lambda db: db.execute(
                "select from user_credits where user_id = %s for update", [purse.user_id]
            ),
            [lambda db: record(db, Reversal(order).refund(20))],
            lambda db: Purse(db, purse.user_id).read(),
        )
        assert purse.balance == 0
        purse.adds_up()


def test_reconciliation_and_webhook_take_the_locks_of_an_order_in_one_order(
    stack: RunningStack,
) -> None:
    order = Order()
    facts = order.facts("paid")
    in_turn(
        stack,
        lambda db: db.execute("select purse.lock_payment(%s)", [facts["payment_intent_id"]]),
        [
            lambda db: db.execute("select reconcile_facts(%s)", [Jsonb(facts)]),
            lambda db: record(db, facts),
        ],
    )


@pytest.mark.parametrize("waits_first", ["rehearsal", "webhook"])
def test_a_rehearsal_of_many_orders_and_a_webhook_of_one_both_get_through(
    stack: RunningStack, waits_first: str
) -> None:
    one = Order()
    other = Order(user_id=one.user_id)
    # Without a payment, as where nothing was charged: only the order tells them apart.
    facts = [order.facts("paid", payment_intent_id=None) for order in (one, other)]
    acts: list[Callable[[Database], Any]] = [
        lambda db: db.execute("select rehearse_facts(%s)", [Jsonb(facts)]),
        lambda db: record(db, facts[1]),
    ]
    with stack.connect() as database:
        Purse(database, one.user_id).grant(1)
    in_turn(
        stack,
        lambda db: _lock_account(db, one.user_id),
        acts if waits_first == "rehearsal" else acts[::-1],
    )
    with stack.connect() as database:
        assert balance(database, one) == 501


def test_a_rehearsal_of_many_orders_and_a_decision_about_one_both_get_through(
    stack: RunningStack,
) -> None:
    order = Order()
    mismatch = Order(user_id=order.user_id)
    with stack.connect() as database:
        record(database, mismatch.facts("paid", amount_subtotal=1))
        Purse(database, order.user_id).grant(1)
    facts = [order.facts("paid"), mismatch.facts("paid", amount_subtotal=1)]
    in_turn(
        stack,
        lambda db: _lock_account(db, order.user_id),
        [
            lambda db: db.execute("select rehearse_facts(%s)", [Jsonb(facts)]),
            lambda db: decide(db, mismatch, accept=True),
        ],
    )
    with stack.connect() as database:
        assert balance(database, order) == 501


def test_rehearsals_of_the_same_users_in_another_order_both_get_through(
    stack: RunningStack,
) -> None:
    users = [Order().user_id for _ in range(2)]
    rehearsals = [
        [Order(user_id=user).facts("paid") for user in each] for each in (users, users[::-1])
    ]
    with stack.connect() as database:
        for user in users:
            Purse(database, user).grant(1)
    in_turn(
        stack,
        lambda db: [_lock_account(db, user) for user in users],
        [
            lambda db, facts=facts: db.execute("select rehearse_facts(%s)", [Jsonb(facts)])
            for facts in rehearsals
        ],
    )


@pytest.mark.parametrize("sweeps_first", [False, True])
def test_a_sweep_and_a_rehearsal_of_the_same_users_both_get_through(
    stack: RunningStack, *, sweeps_first: bool
) -> None:
    """The files' ids are in one order, the facts in the other."""
    with stack.connect() as database:
        purses = [Purse(database) for _ in range(2)]
        files = {}
        for purse in purses:
            purse.grant(10)
            files[purse.abandoned_upload()] = purse.user_id
        by_file = [files[file_id] for file_id in sorted(files)]
        facts = [Order(user_id=user).facts("paid") for user in reversed(by_file)]
        acts: list[Callable[[Database], Any]] = [
            lambda db: db.execute("select mark_swept(%s::uuid[])", [list(files)]),
            lambda db: db.execute("select rehearse_facts(%s)", [Jsonb(facts)]),
        ]
        in_turn(
            stack,
            lambda db: [_lock_account(db, user) for user in by_file],
            acts if sweeps_first else acts[::-1],
        )
        for purse in purses:
            assert purse.read()["held"] == 0
            purse.adds_up()


def test_a_deletion_waits_for_a_rehearsal_before_it_takes_any_row(stack: RunningStack) -> None:
    """A rehearsal locks all its orders first, then users: a deletion must not hold a user."""
    with stack.connect() as database:
        purse = Purse(database)
        order = purse.buy(20)
        in_turn(
            stack,
            lambda db: db.execute("select pg_advisory_xact_lock(hashtextextended('rehearsal', 0))"),
            [lambda db: db.execute("select forget_user(%s, 'ann', 'why')", [purse.user_id])],
            lambda db: [
                db.execute("select from purchases where id = %s for update", [order.order_id]),
                _lock_account(db, purse.user_id),
            ],
        )
        assert purse.refused("refresh_credits", purse.user_id, 20) == "PT403"


def test_sweeps_of_the_same_users_in_another_order_both_get_through(stack: RunningStack) -> None:
    with stack.connect() as database:
        purses = [Purse(database) for _ in range(2)]
        for purse in purses:
            purse.grant(20)
        halves = [[purse.abandoned_upload() for purse in purses] for _ in range(6)]
        in_turn(
            stack,
            lambda db: [_lock_account(db, purse.user_id) for purse in purses],
            [
                lambda db, half=half: db.execute("select mark_swept(%s::uuid[])", [half])
                for half in halves
            ],
        )
        for purse in purses:
            assert purse.read()["held"] == 0
            purse.adds_up()


def test_a_sweep_does_not_hold_a_user_while_it_waits_for_a_file(stack: RunningStack) -> None:
    """A worker has locked one file and asks for its user, as finish_file does."""
    with stack.connect() as database:
        purse = Purse(database)
        purse.grant(10)
        abandoned = purse.abandoned_upload()
        swept = purse.abandoned_upload()
        database.execute("update files set status = 'expired' where id = %s", [swept])
        in_turn(
            stack,
            lambda db: db.execute("select from files where id = %s for update", [swept]),
            [lambda db: db.execute("select mark_swept(%s::uuid[])", [[abandoned, swept]])],
            lambda db: _lock_account(db, purse.user_id),
        )
        purse.adds_up()
