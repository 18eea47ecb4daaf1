"""Facts that arrive at the very moment of a move: they wait for it, and meet the new owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import record
from tests.database.locks import meanwhile
from tests.database.purse import Purse
from tests.database.test_move_purse import all_agrees, move
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

pytestmark = pytest.mark.usefixtures("patience")


@pytest.mark.parametrize("known", [True, False])
def test_an_order_paid_during_a_move_meets_the_new_owner(
    stack: RunningStack, database: Database, *, known: bool
) -> None:
    guest, account = Purse(database), Purse(database)
    guest.buy(500)
    order = Order(user_id=guest.user_id)
    if known:
        record(database, order.facts("open"))
    with meanwhile(
        stack,
        lambda db: move(Purse(db, guest.user_id), account),
        lambda db: record(db, order.facts("paid")),
    ):
        assert (guest.balance, account.balance) == (0, 500 + order.credits)
    all_agrees(guest, account)


def test_an_order_paid_while_its_purse_moves_on_meets_the_last_owner(
    stack: RunningStack, database: Database
) -> None:
    guest, account, third = Purse(database), Purse(database), Purse(database)
    move(guest, account)
    order = Order(user_id=guest.user_id)
    with meanwhile(
        stack,
        lambda db: move(Purse(db, account.user_id), third),
        lambda db: record(db, order.facts("paid")),
    ):
        assert (guest.balance, account.balance, third.balance) == (0, 0, order.credits)
    all_agrees(guest, account, third)


@pytest.mark.parametrize("known", [True, False])
def test_a_move_takes_along_an_order_that_is_being_paid(
    stack: RunningStack, database: Database, *, known: bool
) -> None:
    guest, account = Purse(database), Purse(database)
    order = Order(user_id=guest.user_id)
    if known:
        record(database, order.facts("open"))
    with meanwhile(
        stack,
        lambda db: record(db, order.facts("paid")),
        lambda db: move(Purse(db, guest.user_id), account),
    ):
        assert (guest.balance, account.balance) == (0, order.credits)
        account.refund(order, 499)
        assert account.balance == 0
    all_agrees(guest, account)


def test_a_refund_during_a_move_takes_from_the_new_owner(
    stack: RunningStack, database: Database
) -> None:
    guest, account = Purse(database), Purse(database)
    order = guest.buy(500)
    with meanwhile(
        stack,
        lambda db: move(Purse(db, guest.user_id), account),
        lambda db: record(db, Reversal(order).refund(100)),
    ):
        assert (guest.balance, account.balance) == (0, 400)
    all_agrees(guest, account)
