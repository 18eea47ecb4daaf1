"""Sealed months: what is in them, and that they stay as they are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.books.ledger import Books
from tests.database.locks import meanwhile, waits
from tests.database.purse import Purse
from tests.support import until


def refusal(books: Books, *arguments: Any) -> tuple[str | None, str | None]:
    """Return SQLSTATE and detail with which a seal is refused."""
    with pytest.raises(psycopg.Error) as refused:
        books.seal(*arguments)
    return refused.value.sqlstate, refused.value.diag.message_detail


def test_a_sealed_month_says_who_sealed_it_and_keeps_its_figures(books: Books) -> None:
    books.it_is("2026-09-15")
    purse = books.purse()
    purse.buy(500)
    before = books.read("2026-09")
    sealed = books.seal("2026-09")
    assert (sealed["sealed_by"], sealed["replayed"]) == ("ann", False)
    after = books.read("2026-09")
    assert after["figures"] == before["figures"]
    assert after["sealed_at"] == sealed["sealed_at"]
    assert books.seal("2026-09", "ben") == {**sealed, "replayed": True}


def test_the_next_month_opens_with_what_the_sealed_one_closed_with(books: Books) -> None:
    books.it_is("2026-09-15")
    purse = books.purse()
    purse.buy(500)
    books.seal("2026-09")
    books.it_is("2026-10-15")
    purse.spend()
    assert books.figures("2026-10") == {"opening": 500, "used": -5, "closing": 495}
    assert books.figures("2026-10", "usd") == {
        "opening": 500,
        "used": -5,
        "closing": 495,
        "deferred": 495,
    }


def test_a_row_that_comes_after_the_seal_belongs_to_the_next_month(books: Books) -> None:
    """Its clock still says September."""
    books.it_is("2026-09-15")
    purse = books.purse()
    purse.buy(500)
    books.seal("2026-09")
    sealed = books.read("2026-09")
    purse.spend()
    assert books.read("2026-09") == sealed
    assert books.figures("2026-10")["used"] == -5


def test_what_was_there_before_the_first_month_is_its_opening(books: Books) -> None:
    books.it_is("2026-07-01")
    purse = books.purse()
    purse.buy(500)
    books.it_is("2026-09-15")
    purse.spend()
    expected = {"opening": 500, "used": -5, "closing": 495}
    assert books.figures("2026-09") == expected
    books.seal("2026-09")
    assert books.figures("2026-09") == expected
    assert refusal(books, "2026-08") == ("PT409", "month_before_books")


def test_rows_of_a_later_month_do_not_count(books: Books) -> None:
    books.it_is("2026-09-15")
    purse = books.purse()
    purse.buy(500)
    books.it_is("2026-10-01")
    purse.spend()
    assert books.figures("2026-09", "usd") == {"sold": 500, "closing": 500, "deferred": 500}
    books.seal("2026-09")
    assert books.figures("2026-09", "usd") == {"sold": 500, "closing": 500, "deferred": 500}
    assert books.figures("2026-10", "usd")["closing"] == 495


def test_a_month_begins_at_midnight_in_the_time_zone_of_the_books(books: Books) -> None:
    books.it_is("2026-08-31 22:30Z")
    books.purse().buy(500)
    in_berlin = books.read("2026-09", "Europe/Berlin")["figures"]
    assert [row["sold"] for row in in_berlin if row["unit"] == "credits"] == [500]
    assert books.figures("2026-08") == {"sold": 500, "closing": 500}


def test_the_first_seal_fixes_the_time_zone(books: Books) -> None:
    books.seal("2026-09", timezone="Europe/Berlin")
    fixed = ("PT409", "books_timezone_fixed:Europe/Berlin")
    assert refusal(books, "2026-10", "ann", "UTC") == fixed
    with pytest.raises(psycopg.Error) as refused:
        books.read("2026-10")
    assert refused.value.diag.message_detail == "books_timezone_fixed:Europe/Berlin"
    books.seal("2026-10", timezone="Europe/Berlin")


def test_months_are_sealed_one_after_the_other_and_when_they_are_over(books: Books) -> None:
    assert refusal(books, "2999-01") == ("PT409", "month_not_over")
    books.seal("2026-08")
    assert refusal(books, "2026-10") == ("PT409", "next_month:2026-09-01")
    books.seal("2026-09")


@pytest.mark.parametrize(
    ("arguments", "detail"),
    [
        (("2026-09-15", "ann", "UTC"), "invalid_month"),
        ((None, "ann", "UTC"), "invalid_month"),
        (("2026-09-01", " ", "UTC"), "unsigned"),
        (("2026-09-01", None, "UTC"), "unsigned"),
        (("2026-09-01", "ann", "Mars/Olympus"), "unknown_timezone"),
    ],
)
def test_a_seal_that_makes_no_sense_is_refused(
    books: Books, arguments: tuple[str, str, str], detail: str
) -> None:
    assert books.purse().refusal("seal_month", *arguments) == ("PT422", detail)


@pytest.mark.parametrize("table", ["book_months", "book_figures", "book_money"])
@pytest.mark.parametrize(
    "statement",
    ["update {} set unit = 'x'", "delete from {}", "truncate {} cascade"],
)
def test_the_books_refuse_change_whoever_asks(books: Books, table: str, statement: str) -> None:
    if table == "book_months":
        statement = statement.replace("unit", "sealed_by")
    books.purse().buy(500)
    books.seal("2026-09")
    with pytest.raises(psycopg.errors.RestrictViolation):
        books.database.execute(statement.format(table))


# At the same time -----------------------------------------------------------------------------


def test_a_month_is_not_sealed_while_a_row_of_it_is_being_written(books: Books) -> None:
    """A row has its id before it is committed: another one with a later id may be there first."""
    books.it_is("2026-09-15")
    early, late = books.purse(), books.purse()
    early.buy(500)
    late.buy(500)
    with books.connect() as other:
        with other.transaction():
            Purse(other, early.user_id).spend()
            late.spend()
            assert refusal(books, "2026-09") == ("55P03", None)
        books.seal("2026-09")
    assert books.figures("2026-09")["used"] == -10


def test_a_spend_is_not_held_up_by_the_figures_of_a_seal(books: Books) -> None:
    """The seal's transaction is still open, but the ledger is free again."""
    books.it_is("2026-09-15")
    purse = books.purse()
    purse.buy(500)
    with books.connect() as other, other.transaction():
        other.execute("select seal_month('2026-09-01', 'ann')")
        purse.spend()
    assert books.figures("2026-09") == {"sold": 500, "closing": 500}
    assert books.figures("2026-10")["used"] == -5


@pytest.mark.parametrize("table", ["credit_transactions", "book_money"])
def test_a_spend_is_not_held_up_by_a_seal_that_meets_a_long_writer(
    books: Books, table: str
) -> None:
    """The seal gives up at once, and holds no table while it waits for the other."""
    books.database.execute("alter function seal_month set lock_timeout = '60s'")
    books.database.execute("alter function spend_credits set lock_timeout = '5s'")
    books.it_is("2026-09-15")
    purse = books.purse()
    purse.buy(500)
    with (
        ThreadPoolExecutor(1) as threads,
        books.connect() as writer,
        books.connect() as sealer,
        writer.transaction(),
    ):
        writer.execute(f"lock table {table} in row exclusive mode")
        seal = threads.submit(Books(sealer, books.url).seal, "2026-09")
        until(lambda: seal.done() or waits(writer, sealer), "the seal has ended, or waits")
        purse.spend()
        refused = seal.exception(timeout=30)
    assert isinstance(refused, psycopg.errors.LockNotAvailable)
    assert books.seal("2026-09")["replayed"] is False


def test_of_two_seals_at_once_the_second_finds_the_first(books: Books) -> None:
    books.database.execute("alter function seal_month set lock_timeout = '60s'")
    answers: list[Any] = []
    with meanwhile(
        books,
        lambda one: one.execute("select seal_month('2026-09-01', 'ben')"),
        lambda other: answers.append(Books(other, books.url).seal("2026-09")),
    ):
        assert [(each["sealed_by"], each["replayed"]) for each in answers] == [("ben", True)]


def test_a_spend_that_is_written_while_a_seal_waits_is_not_lost_behind_a_later_one(
    books: Books,
) -> None:
    """It has the lower id and is committed last; the other is committed before the seal goes on."""
    books.database.execute("alter function purse.wait_for_writers set lock_timeout = '60s'")
    books.it_is("2026-01-15")
    slow, quick = books.purse(), books.purse()
    for purse in (slow, quick):
        purse.buy(500)
    with (
        ThreadPoolExecutor(1) as threads,
        books.connect() as money,
        books.connect() as sealer,
        books.connect() as writer,
        writer.transaction(),
    ):
        with money.transaction():
            money.execute("lock table book_money in row exclusive mode")
            seal = threads.submit(Books(sealer, books.url).seal, "2026-01")
            until(lambda: waits(money, sealer), "the seal has left the ledger, and waits")
            Purse(writer, slow.user_id).spend()
            quick.spend()
        assert seal.result(timeout=30)["replayed"] is False
    books.seal("2026-02")
    assert sum(books.figures(month).get("used", 0) for month in ("2026-01", "2026-02")) == -10


def test_every_spend_is_in_exactly_one_month_while_months_are_sealed(books: Books) -> None:
    """Spends go on in four sessions; a seal in between meets many that are being written."""
    books.database.execute("alter function purse.wait_for_writers set lock_timeout = '60s'")
    books.database.execute("alter function spend_credits set lock_timeout = '60s'")
    books.it_is("2026-01-15")
    purses = [books.purse() for _ in range(4)]
    for purse in purses:
        purse.buy(10_000)

    def spends(purse: Purse) -> None:
        with books.connect() as database:
            for _ in range(60):
                Purse(database, purse.user_id).spend()

    months = [f"2026-{month:02d}" for month in range(1, 9)]
    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(spends, purse) for purse in purses]
        for month in months:
            books.seal(month)
        for each in running:
            each.result(timeout=120)
    books.seal("2026-09")
    assert sum(books.figures(month).get("used", 0) for month in [*months, "2026-09"]) == -1200
    stored = books.database.execute("select * from book_months order by month").fetchall()
    for row in stored:
        recomputed = books.database.execute(
            "select book_column, value from purse.book_movements(%s, %s) where unit = 'credits'",
            [row["after_id"], row["last_id"]],
        ).fetchall()
        figures = books.figures(row["month"].isoformat()[:7])
        assert {each["book_column"]: each["value"] for each in recomputed} == {
            name: value for name, value in figures.items() if name not in ("opening", "closing")
        }
