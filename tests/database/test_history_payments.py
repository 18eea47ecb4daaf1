"""History: payments that are under way or failed, and the balance day by day."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import record
from tests.database.purse import Purse
from tests.database.written import WrittenLedger, written_ledger
from tests.stripe_events import Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    Database = Connection[dict[str, Any]]

HOUR = 60 * 60
DAY = 24 * HOUR


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def payments(purse: Purse) -> Any:
    return purse.call(
        "refresh_credits",
        *(purse.user_id, 1, None, None, None, False, 0, None, None, None, True),
    )["payments"]


def tell(purse: Purse, *states: str, seconds_ago: int = HOUR, **more: Any) -> Order:
    """Record an order that went through these states."""
    order = Order(user_id=purse.user_id)
    began = int(time.time()) - seconds_ago
    facts = [order.facts(state, at=began + step) for step, state in enumerate(states)]
    record(purse.database, *({**fact, **more} for fact in facts))
    return order


def test_a_bank_debit_is_pending_until_it_is_paid(purse: Purse) -> None:
    order = tell(purse, "processing")
    [pending] = payments(purse)
    assert datetime.fromisoformat(pending.pop("created_at")).tzinfo is not None
    assert pending == {
        "order_id": order.order_id,
        "status": "pending",
        "name": "Starter",
        "credits": 500,
        "price": {"amount": 499, "currency": "usd", "decimals": 2},
    }
    record(purse.database, order.facts("paid", at=int(time.time())))
    assert payments(purse) == []


def test_a_debit_that_failed_is_failed(purse: Purse) -> None:
    order = tell(purse, "processing", "failed")
    assert [(each["order_id"], each["status"]) for each in payments(purse)] == [
        (order.order_id, "failed")
    ]


def test_a_declined_card_is_an_entry_once_the_checkout_has_ended(purse: Purse) -> None:
    order = tell(purse, "open", decline_code="insufficient_funds")
    assert payments(purse) == []
    record(purse.database, order.facts("expired", at=int(time.time())))
    assert [each["status"] for each in payments(purse)] == ["failed"]


def test_a_payment_after_a_declined_card_is_no_entry(purse: Purse) -> None:
    order = tell(purse, "open", decline_code="insufficient_funds")
    record(purse.database, order.facts("paid", at=int(time.time())))
    assert payments(purse) == []


@pytest.mark.parametrize("states", [("open",), ("open", "expired")])
def test_a_checkout_that_was_left_is_no_entry(purse: Purse, states: tuple[str, ...]) -> None:
    tell(purse, *states)
    assert payments(purse) == []


def test_newest_first_of_thirty_days_and_twenty_at_most(purse: Purse) -> None:
    tell(purse, "failed", seconds_ago=31 * DAY)
    orders = [tell(purse, "failed", seconds_ago=n * HOUR) for n in range(1, 23)]
    listed = [each["order_id"] for each in payments(purse)]
    assert listed == [order.order_id for order in orders[:20]]


def test_somebody_elses_payments_are_not_told(purse: Purse) -> None:
    tell(purse, "processing")
    assert payments(Purse(purse.database)) == []


# Balances ----------------------------------------------------------------------------------------


@pytest.fixture
def ledger(database: Database) -> Iterator[WrittenLedger]:
    with written_ledger(database) as ledger:
        yield ledger


def balances(purse: Purse, days: int) -> Any:
    return purse.call(
        "refresh_credits",
        *(purse.user_id, 1, None, None, None, False, 0, None, None, None, False, days),
    )["balances"]


def today(purse: Purse) -> datetime:
    """Return today's first moment in UTC, as the transaction has it."""
    row = purse.database.execute(
        "select date_trunc('day', now(), 'UTC') at time zone 'utc' as at"
    ).fetchone()
    assert row is not None
    at: datetime = row["at"]
    return at.replace(tzinfo=UTC)


def test_a_new_account_had_nothing(ledger: WrittenLedger) -> None:
    first = today(ledger.purse)
    assert balances(ledger.purse, 3) == [
        {"date": str((first - timedelta(days=ago)).date()), "balance": 0} for ago in (2, 1, 0)
    ]


def test_a_balance_lasts_until_it_changes(ledger: WrittenLedger) -> None:
    first = today(ledger.purse)
    instant = timedelta(microseconds=1)
    ledger.write(100, first - timedelta(days=40))
    ledger.write(-5, first - timedelta(days=3))
    ledger.write(-5, first - timedelta(days=2) - instant)
    ledger.write(-5, first - timedelta(days=2))
    ledger.write(50, first)
    assert [each["balance"] for each in balances(ledger.purse, 6)] == [100, 100, 90, 85, 85, 135]
    assert balances(ledger.purse, 1) == [{"date": str(first.date()), "balance": 135}]
    year = balances(ledger.purse, 366)
    assert [each["balance"] for each in year][:-40] == [0] * 325 + [100]
    for days in range(1, 45):
        assert balances(ledger.purse, days) == year[-days:]


def test_the_days_are_those_of_utc_wherever_the_session_is(ledger: WrittenLedger) -> None:
    first = today(ledger.purse)
    ledger.write(7, first - timedelta(minutes=1))
    ledger.purse.database.execute("set local timezone = 'Pacific/Kiritimati'")
    assert balances(ledger.purse, 2) == [
        {"date": str((first - timedelta(days=1)).date()), "balance": 7},
        {"date": str(first.date()), "balance": 7},
    ]
    assert ledger.purse.call("purse.read_balances", ledger.purse.user_id, 2) == balances(
        ledger.purse, 2
    )
