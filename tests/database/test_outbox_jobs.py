"""What the daily job announces: credits that expire soon, and what make doctor finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.database.announced import events, now, purse_with_threshold
from tests.database.ledger import record
from tests.stripe_events import Order
from tests.support import until

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.database.purse import Purse

    Database = Connection[dict[str, Any]]

DAY = 24 * 60 * 60


@pytest.fixture
def purse(database: Database) -> Purse:
    """A user with a low threshold of 20 credits."""
    return purse_with_threshold(database)


def _settle_warnings(purse: Purse) -> None:
    """Announce what expires; the marks go back with the user's time, which goes back in tests."""
    purse.database.execute(
        """
        update outbox_settings set
            expiring_30_until = least(expiring_30_until, now() + interval '28 days'),
            expiring_7_until = least(expiring_7_until, now() + interval '5 days')
        """
    )
    until(lambda: not purse.call("announce_expiring", 2), "nothing is left to announce")


def test_expiring_credits_are_announced_30_and_7_days_ahead(purse: Purse) -> None:
    _settle_warnings(purse)
    purse.grant(30, days=40)
    purse.grant(5, days=20)
    _settle_warnings(purse)
    assert events(purse, "credits.expiring") == []
    for days in (11, 3, 20):
        purse.time_passes(days=days)
        _settle_warnings(purse)
    found = events(purse, "credits.expiring")
    assert [(e["data"]["credits"], e["data"]["days"]) for e in found] == [(30, 29), (5, 6), (30, 6)]


def test_every_lot_that_expires_within_a_week_is_announced_a_few_at_a_time(purse: Purse) -> None:
    """A call looks at two lots; the next one goes on after them."""
    _settle_warnings(purse)
    for credits_ in range(1, 6):
        purse.grant(credits_, days=10)
    _settle_warnings(purse)
    assert events(purse, "credits.expiring") == []
    purse.time_passes(days=4)
    _settle_warnings(purse)
    found = events(purse, "credits.expiring")
    assert [event["data"]["credits"] for event in found] == [1, 2, 3, 4, 5]


def test_credits_that_are_set_aside_are_not_announced_to_expire(purse: Purse) -> None:
    _settle_warnings(purse)
    purse.grant(5, days=10)
    purse.hold(seconds=7 * DAY)
    purse.time_passes(days=4)
    _settle_warnings(purse)
    assert events(purse, "credits.expiring") == []


def test_credits_that_were_short_lived_from_the_start_are_not_warned_of(purse: Purse) -> None:
    purse.grant(30, days=10)
    _settle_warnings(purse)
    assert events(purse, "credits.expiring") == []


def test_doctor_is_announced_once_a_day(database: Database, purse: Purse) -> None:
    with database.transaction(force_rollback=True):
        purse.buy(100)
        assert "balances_differ_from_lots" not in purse.call("announce_doctor")
        # Faults that other tests left may have been announced today.
        database.execute("delete from outbox_events where type = 'doctor.failed'")
        database.execute(
            "update user_credits set balance = balance + 1 where user_id = %s", [purse.user_id]
        )
        for _ in range(2):
            assert "balances_differ_from_lots" in purse.call("announce_doctor")
        rows = database.execute(
            """
            select data from outbox_events
            where fact = 'doctor.failed:' || to_char(now() at time zone 'UTC', 'YYYY-MM-DD')
            """
        ).fetchall()
        assert len(rows) == 1
        assert "balances_differ_from_lots" in rows[0]["data"]["checks"]


def test_each_cheap_check_is_named(database: Database, purse: Purse) -> None:
    order = purse.buy(100, at=now())
    late = Order(user_id=purse.user_id)
    record(database, late.facts("open", at=now() - 4 * DAY))
    faults = {
        "payments_not_settled": (
            "update purchases set credits_posted = 50 where id = %s",
            [order.order_id],
        ),
        "reconciliation_is_late": (
            "update purchases set created_at = now() - interval '4 days' where id = %s",
            [late.order_id],
        ),
        "events_parked": (
            """
            insert into outbox_deliveries (endpoint, event_id, user_id, parked_at)
            select 'checked', e.id, e.user_id, now() - interval '24 hours'
            from outbox_events e where e.user_id = %s limit 1
            """,
            [purse.user_id],
        ),
    }
    for check, (fault, arguments) in faults.items():
        with database.transaction(force_rollback=True):
            # What earlier tests have left.
            database.execute("delete from outbox_deliveries")
            database.execute("update purchases set created_at = now() where status = 'open'")
            database.execute(
                "update purchases set paid_at = paid_at - interval '8 days' where user_id <> %s",
                [purse.user_id],
            )
            database.execute("select sync_outbox('{\"checked\": null}')")
            assert check not in purse.call("announce_doctor")
            database.execute(fault, arguments)
            assert check in purse.call("announce_doctor")
