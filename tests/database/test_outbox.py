"""The outbox: every fact is announced once, in the transaction in which it happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from tests.database.ledger import decide, record
from tests.database.purse import Purse, key
from tests.support import Order, Reversal, until

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

DAY = 24 * 60 * 60


@pytest.fixture
def purse(database: Database) -> Purse:
    """A user with a low threshold of 20 credits."""
    purse = Purse(database)
    database.execute(
        "insert into user_credits (user_id, low_threshold) values (%s, 20)", [purse.user_id]
    )
    return purse


def events(purse: Purse, *types: str) -> list[dict[str, Any]]:
    """Return the user's events, oldest first; of these types only, if some are named."""
    rows = purse.database.execute(
        "select * from outbox_events where user_id = %s order by id", [purse.user_id]
    ).fetchall()
    return [row for row in rows if not types or row["type"] in types]


def types(purse: Purse) -> list[str]:
    return [event["type"] for event in events(purse)]


def now() -> int:
    return int(time.time())


def test_a_purchase_is_announced_with_its_ids_and_the_balance_after_it(purse: Purse) -> None:
    order = purse.buy(100, at=now())
    (event,) = events(purse)
    (entry,) = purse.database.execute(
        "select id from credit_transactions where user_id = %s", [purse.user_id]
    ).fetchall()
    assert event["type"] == "credits.purchased"
    assert event["data"] == {
        "user_id": purse.user_id,
        "transaction_id": str(entry["id"]),
        "credits": 100,
        "balance": 100,
        "purchase_id": order.order_id,
        "amount": 100,
        "currency": "usd",
    }
    assert event["is_fanned_out"] is False


def test_the_same_facts_again_announce_nothing(purse: Purse) -> None:
    order = purse.buy(100, at=now())
    record(purse.database, order.facts("paid", at=now()), order.facts("paid", at=now() - 1))
    assert types(purse) == ["credits.purchased"]


def test_what_is_rolled_back_is_not_announced(purse: Purse) -> None:
    with purse.database.transaction(force_rollback=True):
        purse.grant(100)
        assert types(purse) == ["credits.granted"]
    assert types(purse) == []


def test_low_and_depleted_are_announced_once_until_credits_come_in(purse: Purse) -> None:
    purse.grant(30)
    for _ in range(6):
        purse.spend()
    assert types(purse) == ["credits.granted", "credits.low", "credits.depleted"]
    (low,) = events(purse, "credits.low")
    assert (low["data"]["balance"], low["data"]["low_threshold"]) == (15, 20)
    purse.grant(25)
    purse.spend(2)
    assert types(purse)[3:] == ["credits.granted", "credits.low"]


@pytest.mark.parametrize(
    ("threshold", "announced"),
    [
        (0, [[], ["credits.depleted"]]),
        (1, [[], ["credits.depleted"]]),
        (2, [["credits.low"], ["credits.depleted"]]),
    ],
)
def test_the_last_credit_is_low_and_only_nothing_is_depleted(
    purse: Purse, threshold: int, announced: list[list[str]]
) -> None:
    purse.database.execute(
        "update user_credits set low_threshold = %s where user_id = %s", [threshold, purse.user_id]
    )
    purse.grant(3)
    seen = len(types(purse))
    for expected in announced:
        # From 3 to 1, then to nothing.
        purse.grant(-min(purse.balance, 2), "correction")
        assert types(purse)[seen:] == expected
        seen += len(expected)


def test_one_spend_may_cross_both(purse: Purse) -> None:
    purse.grant(30)
    purse.spend(6)
    assert types(purse) == ["credits.granted", "credits.low", "credits.depleted"]


def test_credits_that_leave_the_balance_low_do_not_announce_low_again(purse: Purse) -> None:
    purse.grant(10)
    purse.spend()
    assert types(purse) == ["credits.granted"]
    purse.spend()
    assert types(purse) == ["credits.granted", "credits.depleted"]


@pytest.mark.parametrize("way", ["spend", "capture", "part", "batch", "clawback", "correction"])
def test_low_is_announced_however_credits_go(purse: Purse, way: str) -> None:
    order = purse.buy(30, at=now())
    if way == "spend":
        purse.spend(3)
    elif way == "capture":
        purse.capture(purse.hold(3)["hold_id"])
    elif way == "part":
        purse.capture(purse.hold(4)["hold_id"], 15)
    elif way == "batch":
        spends = [
            {
                "user_id": purse.user_id,
                "feature": "docx_processing",
                "quantity": 1,
                "idempotency_key": key(),
            }
            for _ in range(3)
        ]
        purse.call("spend_batch", Jsonb(spends))
    elif way == "clawback":
        record(purse.database, {**Reversal(order).refund(15), "occurred_at": now()})
    else:
        purse.grant(-15, "correction")
    assert [event["data"]["balance"] for event in events(purse, "credits.low")] == [15]


def test_a_spend_that_is_refused_announces_nothing(purse: Purse) -> None:
    purse.grant(30)
    assert purse.refused("spend_credits", purse.user_id, "docx_processing", 7, key()) == "PT402"
    assert types(purse) == ["credits.granted"]


def test_an_expiry_is_announced_and_so_is_the_empty_balance(purse: Purse) -> None:
    purse.grant(30, days=1)
    purse.time_passes(days=1)
    purse.read()
    assert types(purse) == ["credits.granted", "credits.expired", "credits.low", "credits.depleted"]


def test_an_expiry_occurred_when_its_lot_expired(purse: Purse) -> None:
    purse.grant(30, days=1)
    purse.time_passes(days=2)
    purse.read()
    (event,) = events(purse, "credits.expired")
    row = purse.database.execute(
        "select expires_at from credit_lots where user_id = %s", [purse.user_id]
    ).fetchone()
    assert row is not None
    assert event["occurred_at"] == row["expires_at"]


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


def test_a_failed_payment_is_announced_once(purse: Purse) -> None:
    order = Order(user_id=purse.user_id)
    record(purse.database, order.facts("processing", at=now()), order.facts("failed", at=now()))
    record(purse.database, order.facts("failed", at=now()))
    (event,) = events(purse)
    assert event["type"] == "purchase.failed"
    assert event["data"] == {
        "user_id": purse.user_id,
        "purchase_id": order.order_id,
        "package_id": "starter",
        "credits": 500,
        "amount": order.unit_amount,
        "currency": "usd",
        "checkout_session_id": order.session_id,
        "payment_intent_id": f"pi_{order.suffix}",
    }


def test_a_payment_that_differs_from_its_order_is_announced(purse: Purse) -> None:
    order = Order(user_id=purse.user_id)
    facts = order.facts("paid", at=now())
    record(purse.database, {**facts, "amount_subtotal": 1})
    assert types(purse) == ["ledger.mismatch"]
    decide(purse.database, order, accept=True)
    assert types(purse) == ["ledger.mismatch", "credits.purchased"]
    decide(purse.database, order, accept=False)
    assert "ledger.mismatch" not in types(purse)[2:]


def test_a_refund_is_announced_with_the_balance_after_it(purse: Purse) -> None:
    order = purse.buy(100, at=now())
    refund = {**Reversal(order).refund(40), "occurred_at": now()}
    record(purse.database, refund, refund)
    (event,) = events(purse, "purchase.refunded")
    assert event["data"] == {
        "user_id": purse.user_id,
        "purchase_id": order.order_id,
        "payment_intent_id": f"pi_{order.suffix}",
        "refund_id": refund["reversal_id"],
        "amount": 40,
        "currency": "usd",
        "status": "succeeded",
        "balance": 60,
    }


def test_a_dispute_is_announced_with_the_day_on_which_it_is_due(purse: Purse) -> None:
    order = purse.buy(100, at=now())
    dispute = {**Reversal(order).dispute(100, moves=1), "occurred_at": now()}
    record(purse.database, dispute)
    (event,) = events(purse, "dispute.opened")
    assert (event["data"]["dispute_id"], event["data"]["due_at"]) == (
        dispute["reversal_id"],
        "2023-11-21T22:13:20.000Z",
    )


def test_a_refund_that_comes_before_its_purchase_is_announced_with_it(purse: Purse) -> None:
    order = Order(user_id=purse.user_id, credits=100, unit_amount=100)
    record(purse.database, {**Reversal(order).refund(40), "occurred_at": now()})
    assert types(purse) == []
    record(purse.database, order.facts("paid", at=now()))
    assert types(purse) == ["credits.purchased", "purchase.refunded"]


def test_old_facts_are_recorded_and_not_delivered(purse: Purse) -> None:
    order = purse.buy(100, at=now() - 4 * DAY)
    record(purse.database, {**Reversal(order).refund(100), "occurred_at": now() - 4 * DAY})
    assert {event["is_fanned_out"] for event in events(purse)} == {True}
    assert "purchase.refunded" in types(purse)


def test_what_becomes_of_an_old_dispute_is_news(purse: Purse) -> None:
    """Facts of a dispute carry the time at which it was opened."""
    order = purse.buy(100, at=now() - 20 * DAY)
    dispute = Reversal(order)
    opened = {**dispute.dispute(100, moves=1), "occurred_at": now() - 20 * DAY}
    record(purse.database, opened)
    closed = {**dispute.dispute(100, moves=1), "occurred_at": now() - 20 * DAY}
    record(purse.database, {**closed, "status": "lost", "rank": opened["rank"] + 1})
    (event,) = events(purse, "dispute.closed")
    assert event["is_fanned_out"] is False
    assert [e["is_fanned_out"] for e in events(purse, "dispute.opened")] == [True]


def test_what_was_announced_is_not_announced_again_once_the_outbox_has_forgotten_it(
    purse: Purse,
) -> None:
    order = purse.buy(100, at=now())
    record(purse.database, {**Reversal(order).refund(10), "occurred_at": now()})
    failed = Order(user_id=purse.user_id)
    record(purse.database, failed.facts("failed", at=now()))
    purse.database.execute("delete from outbox_events where user_id = %s", [purse.user_id])
    record(purse.database, {**Reversal(order).refund(20), "occurred_at": now()})
    record(purse.database, failed.facts("failed", at=now()))
    assert [event["data"]["amount"] for event in events(purse)] == [20]


def test_credits_that_expired_long_ago_do_not_make_a_refund_look_like_a_low_balance(
    purse: Purse,
) -> None:
    order = purse.buy(100, valid_days=1, at=now() - 2 * DAY)
    purse.read()
    before = types(purse)
    record(purse.database, {**Reversal(order).refund(100), "occurred_at": now()})
    assert types(purse) == [*before, "purchase.refunded"]


def test_credits_that_were_short_lived_from_the_start_are_not_warned_of(purse: Purse) -> None:
    purse.grant(30, days=10)
    _settle_warnings(purse)
    assert events(purse, "credits.expiring") == []


def test_moving_a_purse_is_no_news(purse: Purse) -> None:
    purse.grant(100)
    other = Order().user_id
    purse.call("move_purse", purse.user_id, other, "ann", "signed up")
    rows = purse.database.execute(
        "select type from outbox_events where user_id in (%s, %s) and not is_fanned_out",
        [purse.user_id, other],
    ).fetchall()
    assert [row["type"] for row in rows] == ["credits.granted"]


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


@pytest.mark.parametrize("status", ["won", "lost", "prevented", "warning_closed"])
def test_every_end_of_a_dispute_is_announced_once(purse: Purse, status: str) -> None:
    order = purse.buy(100, at=now())
    dispute = {**Reversal(order).dispute(100, moves=0), "occurred_at": now()}
    for _ in range(2):
        record(purse.database, dispute)
    ended = {**dispute, "status": status, "rank": dispute["rank"] + 3}
    for _ in range(2):
        record(purse.database, ended)
    found = [(event["type"], event["data"]["status"]) for event in events(purse)[1:]]
    assert found == [("dispute.opened", dispute["status"]), ("dispute.closed", status)]


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
