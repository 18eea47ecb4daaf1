"""Sums by day change how long the books take, and no figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.books.ledger import Books

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
THIS_MONTH = TODAY.replace(day=1)
LAST_MONTH = (THIS_MONTH - timedelta(days=1)).replace(day=1)


def at(books: Books, moment: datetime) -> None:
    """Let every later row say that it was written then."""
    books.it_is(moment.isoformat())


def days(books: Books) -> list[tuple[int, int]]:
    """Return first and last id of each day, oldest first."""
    rows = books.database.execute(
        "select distinct after_id, last_id from purse.book_days order by 1"
    ).fetchall()
    return [(row["after_id"], row["last_id"]) for row in rows]


def last_id(books: Books) -> int:
    row = books.database.execute("select max(id) as id from credit_transactions").fetchone()
    assert row is not None
    last: int = row["id"]
    return last


def add_up(books: Books) -> None:
    books.database.execute("select sum_book_days()")


def month_of(books: Books, moment: datetime) -> Any:
    return books.read(moment.strftime("%Y-%m"))["figures"]


def test_a_day_is_added_up_once_and_the_figures_stay(books: Books) -> None:
    """A row of today, one that was written since, and one that came after a seal are added."""
    purse = books.purse()
    at(books, LAST_MONTH)
    purse.buy(500)
    add_up(books)
    assert days(books) == []  # what was there before the first day of all
    at(books, max(THIS_MONTH, TODAY - timedelta(seconds=1)))
    purse.spend()
    first = last_id(books)
    at(books, TODAY)
    purse.spend()
    before = month_of(books, TODAY)
    add_up(books)
    if TODAY > THIS_MONTH:
        assert days(books) == [(first - 1, first)]
    add_up(books)
    assert len(days(books)) == (TODAY > THIS_MONTH)
    assert month_of(books, TODAY) == before


def test_a_seal_uses_the_days_of_its_month(books: Books) -> None:
    """The figures come from the days: a wrong one would show."""
    purse = books.purse()
    at(books, LAST_MONTH)
    purse.buy(500)
    bought = last_id(books)
    purse.spend()
    with pytest.raises(psycopg.errors.RestrictViolation):
        books.database.execute("delete from purse.book_days")
    books.database.execute("select purse.sum_days_to(%s)", [bought])
    books.database.execute(
        "insert into purse.book_days values (%s, %s, 'granted', 'credits', false, 1000)",
        [bought - 1, bought],
    )
    books.seal(LAST_MONTH.strftime("%Y-%m"))
    credits_ = month_of(books, LAST_MONTH)[0]
    assert (credits_["granted"], credits_["sold"], credits_["used"]) == (1000, 500, -5)


def test_a_day_that_crosses_a_seal_counts_in_neither_month(books: Books) -> None:
    """Its rows are added up one by one."""
    purse = books.purse()
    at(books, LAST_MONTH)
    purse.buy(500)
    at(books, THIS_MONTH)
    purse.spend()
    books.database.execute("select purse.sum_days_to(%s)", [last_id(books)])
    books.seal(LAST_MONTH.strftime("%Y-%m"))
    credits_ = month_of(books, LAST_MONTH)[0]
    assert (credits_["sold"], credits_["used"]) == (500, 0)
    credits_ = month_of(books, TODAY)[0]
    assert (credits_["opening"], credits_["used"], credits_["closing"]) == (500, -5, 495)


def test_a_day_is_not_added_up_while_a_row_of_it_is_being_written(books: Books) -> None:
    purse = books.purse()
    at(books, THIS_MONTH)
    with books.connect() as other, other.transaction():
        other.execute("select grant_credits(%s, 5, 'bonus', 'a', 'b', 'c')", [purse.user_id])
        with pytest.raises(psycopg.errors.LockNotAvailable):
            add_up(books)


def test_another_time_zone_than_the_sealed_one_is_refused(books: Books) -> None:
    books.seal("2026-09")
    with pytest.raises(psycopg.Error) as refused:
        books.database.execute("select sum_book_days('Europe/Berlin')")
    assert refused.value.diag.message_detail == "books_timezone_fixed:UTC"
