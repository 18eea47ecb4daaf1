"""The outbox announces each movement of credits once, in the transaction that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from tests.database.announced import events, now, purse_with_threshold, types
from tests.database.ledger import record
from tests.database.purse import Purse, key
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

DAY = 24 * 60 * 60


@pytest.fixture
def purse(database: Database) -> Purse:
    """A user with a low threshold of 20 credits."""
    return purse_with_threshold(database)


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


def test_moving_a_purse_is_no_news(purse: Purse) -> None:
    purse.grant(100)
    other = Order().user_id
    purse.call("move_purse", purse.user_id, other, "ann", "signed up")
    rows = purse.database.execute(
        "select type from outbox_events where user_id in (%s, %s) and not is_fanned_out",
        [purse.user_id, other],
    ).fetchall()
    assert [row["type"] for row in rows] == ["credits.granted"]
