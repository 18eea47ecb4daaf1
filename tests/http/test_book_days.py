"""The daily clean-up adds up the days of the books; where it cannot, it is not complete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

IS_FIRST_OF_MONTH = datetime.now(UTC).day == 1
YESTERDAY = "date_trunc('day', now(), 'UTC') - interval '1 second'"


def days(database: Connection[dict[str, Any]]) -> int:
    row = database.execute("select count(distinct last_id) as days from purse.book_days").fetchone()
    assert row is not None
    number: int = row["days"]
    return number


def test_the_clean_up_adds_up_yesterday(
    stack: RunningStack, database: Connection[dict[str, Any]]
) -> None:
    change = "alter table credit_transactions alter column created_at set default "
    before = days(database)
    database.execute(change + YESTERDAY)
    try:
        Purse(database).grant(5)
    finally:
        database.execute(change + "clock_timestamp()")
    stack.clean_up()
    # On the first of a month, yesterday is before the first day of all, which is not added up.
    assert days(database) == before + (before > 0 or not IS_FIRST_OF_MONTH)


def test_the_clean_up_goes_on_while_rows_are_being_written(
    stack: RunningStack, database: Connection[dict[str, Any]]
) -> None:
    with database.transaction():
        Purse(database).grant(5)
        answer = stack.scheduled("/api/cleanup")
    assert answer.status_code == 200
    report = answer.json()
    assert report["complete"] is False
    assert isinstance(report["failing_checks"], list)
