"""Replay sends events of the outbox again: by id or since a time, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from tests.database.deliveries import idle_endpoint, lease, settle
from tests.database.purse import Purse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def endpoint(database: Database) -> Iterator[str]:
    """An endpoint to which nothing is due."""
    with idle_endpoint(database) as name:
        yield name


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def replayed(count: int, *, left: int = 0, following: str | None = None) -> dict[str, Any]:
    """Return what replay_events answers."""
    return {"replayed": count, "left": left, "next": following}


def test_replay_sends_again_by_id_or_since_a_time(
    database: Database, endpoint: str, purse: Purse
) -> None:
    purse.grant(100)
    purse.grant(100)
    first, second = lease(database, endpoint)
    settle(database, first)
    settle(database, second, result="given_up", outcome="410")
    assert purse.call("replay_events", endpoint, [first["id"]], None) == replayed(1)
    (again,) = lease(database, endpoint)
    assert again["id"] == first["id"]
    settle(database, again)
    assert purse.call("replay_events", endpoint, None, first["timestamp"]) == replayed(2)
    assert [d["id"] for d in lease(database, endpoint)] == [first["id"], second["id"]]


def test_a_replay_of_many_events_says_what_is_left_and_how_to_go_on(
    database: Database, endpoint: str, purse: Purse
) -> None:
    row = database.execute("select clock_timestamp() as now").fetchone()
    assert row is not None
    since = row["now"]
    for _ in range(5):
        purse.grant(1)
    delivered = lease(database, endpoint)
    for each in delivered:
        settle(database, each)
    third, fifth = delivered[2], delivered[4]
    answers = [purse.call("replay_events", endpoint, None, since, None, 2)]
    while answers[-1]["left"]:
        answers.append(purse.call("replay_events", endpoint, None, since, answers[-1]["next"], 2))
    assert answers[0] == replayed(2, left=3, following=third["event_id"])
    assert answers[1:] == [replayed(2, left=1, following=fifth["event_id"]), replayed(1)]
    again = lease(database, endpoint)
    assert [each["id"] for each in again] == [each["id"] for each in delivered]
    # By id, a page goes on as well.
    ids = [each["id"] for each in delivered]
    answer = purse.call("replay_events", endpoint, ids, None, fifth["event_id"], 2)
    assert answer == replayed(1)


def test_a_replay_counts_only_what_the_endpoint_wants(
    database: Database, endpoint: str, purse: Purse
) -> None:
    row = database.execute("select clock_timestamp() as now").fetchone()
    assert row is not None
    database.execute("select sync_outbox(%s)", [Jsonb({endpoint: ["credits.depleted"]})])
    for _ in range(3):
        purse.grant(5)
        purse.spend()
    answer = purse.call("replay_events", endpoint, None, row["now"], None, 2)
    assert (answer["replayed"], answer["left"]) == (2, 1)


@pytest.mark.parametrize("limit", [0, -1, None, 10_001])
def test_a_replay_is_bounded(purse: Purse, endpoint: str, limit: int | None) -> None:
    arguments = (endpoint, None, "2000-01-01", None, limit)
    assert purse.refused("replay_events", *arguments) == "PT422"


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nowhere", ["evt_1"], None), "PT404"),
        (("app", None, None), "PT422"),
        (("app", ["evt_1"], "2026-01-01"), "PT422"),
    ],
)
def test_a_replay_that_makes_no_sense_is_refused(
    purse: Purse, arguments: tuple[Any, ...], code: str
) -> None:
    assert purse.refused("replay_events", *arguments) == code


def test_a_replay_sends_what_the_endpoint_wants(
    database: Database, endpoint: str, purse: Purse
) -> None:
    purse.grant(5)
    purse.spend()
    database.execute("select sync_outbox(%s)", [Jsonb({endpoint: ["credits.depleted"]})])
    lease(database, endpoint)
    database.execute("delete from outbox_deliveries")
    assert purse.call("replay_events", endpoint, None, "2000-01-01")["replayed"] >= 1
    types = {d["type"] for d in lease(database, endpoint, limit=500)}
    assert types == {"credits.depleted"}
