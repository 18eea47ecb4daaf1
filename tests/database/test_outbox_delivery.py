"""Delivery of the outbox: leases, order per person, back-off, parking, pruning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.deliveries import earlier, idle_endpoint, lease, settle, sync
from tests.database.purse import Purse, key
from tests.support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def endpoint(database: Database) -> Iterator[str]:
    """An endpoint to which nothing is due."""
    with idle_endpoint(database) as name:
        yield name


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def test_a_delivery_carries_the_event(database: Database, endpoint: str, purse: Purse) -> None:
    purse.grant(100)
    (delivery,) = lease(database, endpoint)
    assert delivery["type"] == "credits.granted"
    assert delivery["data"]["balance"] == 100
    assert delivery["id"].startswith("evt_")
    assert delivery["timestamp"].endswith("Z")
    assert delivery["attempts"] == 0


def test_what_is_leased_or_delivered_is_not_leased_again(
    database: Database, endpoint: str, purse: Purse
) -> None:
    purse.grant(100)
    (delivery,) = lease(database, endpoint)
    assert lease(database, endpoint) == []
    assert settle(database, delivery) == 1
    earlier(database, hours=1)
    assert lease(database, endpoint) == []
    assert settle(database, delivery) == 0


def test_a_lease_that_nobody_reports_ends(database: Database, endpoint: str, purse: Purse) -> None:
    purse.grant(100)
    (first,) = lease(database, endpoint)
    earlier(database, secs=60)
    (again,) = lease(database, endpoint)
    assert again == {**first, "lease": again["lease"]}
    assert again["lease"] > first["lease"]


def test_a_person_s_deliveries_come_in_order_and_wait_for_the_one_that_failed(
    database: Database, endpoint: str, purse: Purse
) -> None:
    for _ in range(3):
        purse.grant(100)
    other = Purse(database)
    other.grant(1)
    mine = [d for d in lease(database, endpoint) if d["user_id"] == purse.user_id]
    assert [d["data"]["balance"] for d in mine] == [100, 200, 300]
    settle(database, mine[0])
    settle(database, mine[1], result="failed")
    settle(database, mine[2], result="not_tried")
    # The third is due, and waits for the second.
    assert lease(database, endpoint) == []
    earlier(database, secs=5)
    again = [d for d in lease(database, endpoint) if d["user_id"] == purse.user_id]
    assert [(d["data"]["balance"], d["attempts"]) for d in again] == [(200, 1), (300, 0)]


def test_failures_back_off_for_three_days_and_are_then_parked(
    database: Database, endpoint: str, purse: Purse
) -> None:
    purse.grant(100)
    purse.grant(100)
    waits = []
    for _ in range(100):
        first, second = lease(database, endpoint)
        settle(database, first, result="failed", outcome="500")
        settle(database, second, result="not_tried")
        row = database.execute(
            """
            select parked_at is not null as parked, due_at - clock_timestamp() as wait
            from outbox_deliveries where event_id = %s
            """,
            [first["event_id"]],
        ).fetchone()
        assert row is not None
        if row["parked"]:
            break
        waits.append(round(row["wait"].total_seconds()))
        earlier(database, secs=waits[-1])
    else:
        pytest.fail("it is never parked")
    assert waits[:5] == [5, 60, 300, 1800, 7200]
    assert 3 * 24 <= sum(waits) / 3600 < 3 * 24 + 7
    # What follows goes on without it.
    (following,) = lease(database, endpoint)
    assert following["event_id"] == second["event_id"]


def test_a_receiver_may_ask_for_more_time_and_only_for_so_much(
    database: Database, endpoint: str, purse: Purse
) -> None:
    purse.grant(100)
    for asked, waits in ((90, 90), (10**9, 21600)):
        (delivery,) = lease(database, endpoint)
        settle(database, delivery, result="failed", retry_seconds=asked)
        row = database.execute(
            "select due_at - clock_timestamp() as wait from outbox_deliveries where event_id = %s",
            [delivery["event_id"]],
        ).fetchone()
        assert row is not None
        assert round(row["wait"].total_seconds()) == waits
        earlier(database, secs=waits)


def test_each_endpoint_gets_each_event(database: Database, endpoint: str, purse: Purse) -> None:
    sync(database, endpoint, "books")
    purse.grant(100)
    (to_app,) = lease(database, endpoint)
    (to_books,) = lease(database, "books")
    assert to_app["id"] == to_books["id"]
    settle(database, to_app, result="failed")
    assert settle(database, to_books) == 1


def test_an_endpoint_gets_the_types_it_wants(
    database: Database, endpoint: str, purse: Purse
) -> None:
    database.execute(
        "select sync_outbox(%s)", [Jsonb({endpoint: None, "mail": ["credits.depleted"]})]
    )
    purse.grant(5)
    purse.spend()
    assert [d["type"] for d in lease(database, "mail")] == ["credits.depleted"]
    assert len(lease(database, endpoint)) == 2


def test_an_endpoint_that_is_no_longer_named_gets_nothing_new(
    database: Database, endpoint: str, purse: Purse
) -> None:
    database.execute("update outbox_endpoints set seen_at = now() - interval '1 day'")
    purse.grant(100)
    assert lease(database, endpoint) == []
    sync(database, endpoint)
    assert lease(database, endpoint) == []


def test_a_new_endpoint_does_not_get_what_is_long_past(
    database: Database, endpoint: str, purse: Purse
) -> None:
    purse.grant(100)
    database.execute(
        "update outbox_events set occurred_at = now() - interval '2 days' where not is_fanned_out"
    )
    database.execute("update outbox_endpoints set since = now() where name = %s", [endpoint])
    assert lease(database, endpoint) == []
    assert purse.call("replay_events", endpoint, None, "2000-01-01")["replayed"] > 0


def test_two_runners_share_the_work_and_never_one_person(
    stack: RunningStack, database: Database, endpoint: str
) -> None:
    people = [Purse(database) for _ in range(6)]
    for person in people:
        person.grant(1)
        person.grant(1)
    with stack.connect() as one, stack.connect() as two, one.transaction(), two.transaction():
        first = lease(one, endpoint, limit=4)
        second = lease(two, endpoint, limit=100)
    owners = [{d["user_id"] for d in leased} for leased in (first, second)]
    assert owners[0].isdisjoint(owners[1])
    assert len(first) == 4
    assert len(first) + len(second) <= 12


def test_a_runner_whose_lease_has_ended_changes_nothing_but_an_end(
    database: Database, endpoint: str, purse: Purse
) -> None:
    purse.grant(100)
    (old,) = lease(database, endpoint)
    earlier(database, secs=60)
    (new,) = lease(database, endpoint)
    assert settle(database, old, result="not_tried") == 0
    assert settle(database, old, result="failed") == 0
    assert lease(database, endpoint) == []
    assert settle(database, old) == 1
    assert settle(database, new) == 0


def test_events_that_nobody_wants_hold_up_nobody(database: Database, endpoint: str) -> None:
    database.execute("select sync_outbox(%s)", [Jsonb({endpoint: ["credits.depleted"]})])
    database.execute(
        """
        insert into outbox_events (type, fact, data)
        select 'credits.expired', 'unwanted:' || n, '{}' from generate_series(1, 3000) n
        """
    )
    purse = Purse(database)
    purse.grant(5)
    purse.spend()
    assert [d["type"] for d in lease(database, endpoint)] == ["credits.depleted"]


def test_status_counts_what_waits_and_what_is_parked(
    database: Database, endpoint: str, purse: Purse
) -> None:
    purse.grant(100)
    Purse(database).grant(100)
    purse.grant(100)
    first, second, third = lease(database, endpoint)
    settle(database, first, result="given_up", outcome="410")
    settle(database, third)
    assert second["endpoint"] == endpoint
    status = purse.call("outbox_status")
    (app,) = [e for e in status["endpoints"] if e["name"] == endpoint]
    assert (app["pending"], app["parked"], app["active"]) == (1, 1, True)


def test_an_event_about_the_shop_is_delivered_without_a_user(
    database: Database, endpoint: str
) -> None:
    database.execute("select purse.announce('doctor.failed', %s, null, '{}')", [key()])
    (delivery,) = lease(database, endpoint, seconds=1)
    assert (delivery["type"], delivery["user_id"]) == ("doctor.failed", None)
    assert settle(database, delivery) == 1


def test_up_to_500_results_are_taken(database: Database, endpoint: str, purse: Purse) -> None:
    purse.grant(100)
    (delivery,) = lease(database, endpoint)
    others = [{**delivery, "event_id": "0"}] * 499
    assert settle(database, delivery, *others) == 1
    assert purse.refused("settle_deliveries", None) == "PT422"
    assert purse.refused("settle_deliveries", Jsonb({})) == "PT422"
    assert purse.refused("settle_deliveries", Jsonb([{}] * 501)) == "PT422"


def test_a_failure_delays_what_waits_behind_it_and_nobody_else(
    database: Database, endpoint: str, purse: Purse
) -> None:
    other = Purse(database)
    for person in (purse, other):
        person.grant(100)
        person.grant(100)

    def due() -> list[Any]:
        rows = database.execute(
            "select user_id, due_at from outbox_deliveries order by event_id"
        ).fetchall()
        return [row["due_at"] for row in rows]

    leased = {each["event_id"]: each for each in lease(database, endpoint)}
    before = due()
    first = leased[min(leased, key=int)]
    settle(database, first, result="failed", outcome="500")
    after = due()
    assert after[0] == after[1] != before[1]
    assert after[2:] == before[2:]


def test_status_shows_how_the_oldest_one_failed(
    database: Database, endpoint: str, purse: Purse
) -> None:
    for person, outcome in ((purse, "500"), (Purse(database), "timeout")):
        person.grant(100)
        (delivery,) = lease(database, endpoint)
        settle(database, delivery, result="failed", outcome=outcome)
    (app,) = [e for e in purse.call("outbox_status")["endpoints"] if e["name"] == endpoint]
    assert app["last_outcome"] == "500"


def test_old_events_are_removed_unless_they_wait(
    database: Database, endpoint: str, purse: Purse
) -> None:
    purse.grant(100)
    purse.grant(100)
    first, second = lease(database, endpoint)
    database.execute(
        "update outbox_events set occurred_at = now() - interval '91 days' where user_id = %s",
        [purse.user_id],
    )
    settle(database, first)
    until(lambda: not purse.call("prune_outbox", 1000), "nothing is left to remove")
    rows = database.execute(
        "select id from outbox_events where user_id = %s", [purse.user_id]
    ).fetchall()
    assert [str(row["id"]) for row in rows] == [second["event_id"]]


def test_bounds_of_a_lease_are_checked(database: Database) -> None:
    for limit, seconds in ((0, 60), (501, 60), (100, 0), (100, 901)):
        with pytest.raises(psycopg.Error) as refused:
            lease(database, "app", limit=limit, seconds=seconds)
        assert refused.value.sqlstate == "PT422"
