"""Times are UTC, whatever zone the database has."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.purse import Purse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection


@pytest.fixture
def purse(database: Connection[dict[str, Any]]) -> Iterator[Purse]:
    """Somebody whose shop's database is in Auckland."""
    database.execute("set timezone = 'Pacific/Auckland'")
    purse = Purse(database)
    purse.buy(100, at=int(time.time()), valid_days=30)
    yield purse
    database.execute("reset timezone")


def test_a_time_without_a_zone_is_read_as_utc(purse: Purse) -> None:
    row = purse.database.execute(
        "select explain_balance(%s, '2030-01-01')",  # as a person writes it in the SQL editor
        [purse.user_id],
    ).fetchone()
    assert row is not None
    assert row["explain_balance"]["at"] == "2030-01-01T00:00:00+00:00"


def test_times_that_functions_return_are_in_utc(purse: Purse) -> None:
    file = purse.call(
        "begin_file", purse.user_id, "audio_upload", "a.mp3", 10, "audio/mpeg", None, 900, []
    )["file"]
    answers = [
        purse.read(),
        purse.hold(),
        file,
        purse.call("read_files", purse.user_id, 10),
        purse.call("lease_file", purse.user_id, file["id"], 60, True),
        purse.call("begin_reconciliation", False),
        purse.explain("now"),
    ]
    times = [text for answer in answers for text in _times(answer)]
    assert len(times) > 10
    assert [text for text in times if not text.endswith("+00:00")] == []


def _times(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str) and (name.endswith("_at") or name == "at"):
                yield each
            else:
                yield from _times(each)
    elif isinstance(value, list):
        for each in value:
            yield from _times(each)
