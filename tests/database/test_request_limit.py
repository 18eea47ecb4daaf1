"""count_request: so many requests of a kind for each user within so many seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

HOUR_SECONDS = 3600


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def count(purse: Purse, kind: str = "export", most: int = 2) -> int | None:
    """Count a request of an hour; return None, or how many seconds the next one has to wait."""
    if purse.refused("count_request", purse.user_id, kind, most, HOUR_SECONDS) is None:
        return None
    state, seconds = purse.refusal("count_request", purse.user_id, kind, most, HOUR_SECONDS)
    assert state == "PT429"
    return int(seconds or 0)


def let_pass(purse: Purse, seconds: int) -> None:
    purse.database.execute(
        "update request_counts set began_at = began_at - make_interval(secs => %s)"
        " where user_id = %s",
        [seconds, purse.user_id],
    )


def test_so_many_requests_pass_and_no_more(purse: Purse) -> None:
    assert [count(purse) for _ in range(2)] == [None, None]
    assert HOUR_SECONDS - 60 < (count(purse) or 0) <= HOUR_SECONDS


def test_the_wait_is_what_is_left_of_the_period(purse: Purse) -> None:
    for _ in range(2):
        count(purse)
    let_pass(purse, HOUR_SECONDS - 100)
    assert 40 < (count(purse) or 0) <= 100
    let_pass(purse, 100)
    # A new period, which again takes as many.
    assert [count(purse) for _ in range(2)] == [None, None]
    assert HOUR_SECONDS - 60 < (count(purse) or 0) <= HOUR_SECONDS


def test_a_request_that_was_refused_does_not_make_the_wait_longer(purse: Purse) -> None:
    for _ in range(2):
        count(purse)
    let_pass(purse, HOUR_SECONDS - 100)
    for _ in range(3):
        assert (count(purse) or 0) <= 100


def test_kinds_and_users_are_counted_apart(database: Database, purse: Purse) -> None:
    assert count(purse, most=1) is None
    assert count(purse, "receipt", most=1) is None
    assert count(Purse(database), most=1) is None
    assert count(purse, most=1)


def test_another_kind_is_refused(purse: Purse) -> None:
    assert purse.refused("count_request", purse.user_id, "other", 1, 60) == "23514"
