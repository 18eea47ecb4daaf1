"""Stripe's balance transactions in the books: accounts, months, and what is not known yet."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.books.balance import about, movement, read
from tests.books.ledger import Books
from tests.database.ledger import record
from tests.database.locks import waits
from tests.stripe_events import Order, Reversal
from tests.support import until

if TYPE_CHECKING:
    from tests.database.purse import Purse

SECOND_OF_OCTOBER = "2026-10-02"
TABLES = ["stripe_balance_transactions", "stripe_payout_transactions", "book_stripe"]


def paid(books: Books, **how: Any) -> Order:
    """Return an order that is paid, and not used."""
    order = Order(**how)
    record(books.database, order.facts("paid"))
    return order


def posted(books: Books, month: str = "2026-10") -> list[tuple[str, str, str, int]]:
    """Return kind, debit, credit and amount of the month's postings of Stripe's balance."""
    page = books.database.execute(
        "select read_postings(%s) as page", [Jsonb(books.read(month))]
    ).fetchone()
    assert page is not None
    return sorted(
        (row["kind"], row["debit"], row["credit"], row["amount"])
        for row in page["page"]["postings"]
        if row["source"] == "stripe"
    )


def test_without_a_reading_the_books_are_as_before(books: Books) -> None:
    paid(books)
    assert books.accounts() == {"cash": 499, "deferred_revenue": -499}


def test_a_payment_reaches_the_balance_and_the_fee_leaves_it(books: Books) -> None:
    order = paid(books)
    read(books, about(order, "charge", 499, fee=44))
    assert posted(books) == [
        ("charge", "stripe_balance", "cash", 499),
        ("fee", "fees", "stripe_balance", 44),
    ]
    assert books.accounts() == {"stripe_balance": 455, "fees": 44, "deferred_revenue": -499}


def test_the_tax_of_a_payment_reaches_the_balance_with_it(books: Books) -> None:
    """4.99 and 0.95 of tax, of which Stripe keeps 0.47. Half goes back, with 0.47 of the tax."""
    order = Order()
    record(books.database, order.facts("paid", amount_paid=594, amount_tax=95))
    read(books, about(order, "charge", 594, fee=47))
    assert books.accounts() == {
        "stripe_balance": 547,
        "fees": 47,
        "deferred_revenue": -499,
        "tax_payable": -95,
    }
    record(books.database, Reversal(order).refund(297))
    read(books, about(order, "refund", -297))
    assert books.accounts() == {
        "stripe_balance": 250,
        "fees": 47,
        "deferred_revenue": -249,
        "tax_payable": -48,
    }


def test_a_payout_moves_the_balance_to_the_bank(books: Books) -> None:
    order = paid(books)
    read(books, about(order, "charge", 499, fee=44), movement("payout", -400))
    assert books.accounts() == {
        "cash": 400,
        "stripe_balance": 55,
        "fees": 44,
        "deferred_revenue": -499,
    }
    read(books, movement("payout_reversal", 400))
    assert books.accounts()["stripe_balance"] == 455


def test_a_refund_that_fails_and_a_dispute_that_is_won_come_back(books: Books) -> None:
    order = paid(books)
    refund, dispute = Reversal(order), Reversal(order)
    record(books.database, refund.refund(100), refund.refund(100, "failed"))
    record(books.database, dispute.dispute(499, moves=1), dispute.dispute(499, moves=2))
    read(
        books,
        about(order, "charge", 499, fee=44),
        about(order, "refund", -100),
        about(order, "refund_failure", 100),
        about(order, "dispute", -499, fee=1500),
        about(order, "dispute_reversal", 499),
    )
    assert books.accounts() == {
        "stripe_balance": 499 - 44 - 1500,
        "fees": 1544,
        "deferred_revenue": -499,
    }


def test_another_currency_meets_the_balance_in_the_conversion(books: Books) -> None:
    """10.00 EUR arrive as 10.80 USD: both amounts are Stripe's, and none is made up."""
    order = paid(books, currency="eur", unit_amount=1000)
    read(
        books,
        about(order, "charge", 1080, fee=61, currency="usd", source_amount=1000)
        | {"exchange_rate": "1.08"},
    )
    assert books.accounts("usd") == {"stripe_balance": 1019, "fees": 61, "conversion": -1080}
    assert books.accounts("eur") == {"conversion": 1000, "deferred_revenue": -1000}
    record(books.database, Reversal(order).refund(250))
    read(books, about(order, "refund", -275, currency="usd", source_amount=250))
    assert books.accounts("usd") == {"stripe_balance": 744, "fees": 61, "conversion": -805}
    assert books.accounts("eur") == {"conversion": 750, "deferred_revenue": -750}
    record(books.database, Reversal(order).refund(750))
    read(books, about(order, "refund", -850, currency="usd", source_amount=750))
    # The rate has changed: 45 cents of dollars are lost, and no euros are left.
    assert books.accounts("usd") == {"stripe_balance": -106, "fees": 61, "conversion": 45}
    assert books.accounts("eur") == {}


def test_stripes_own_fees_are_fees(books: Books) -> None:
    """A monthly invoice of Stripe, and one that gives some of it back."""
    read(books, movement("fee", -250), movement("fee", 0, fee=20), movement("fee", 30))
    assert books.accounts() == {"fees": 240, "stripe_balance": -240}


def test_what_is_not_ours_stays_apart(books: Books) -> None:
    """A payment of another product, with its fee, and a transfer."""
    read(books, about(Order(), "charge", 1000, fee=59), movement("transfer", -500))
    assert books.accounts() == {"stripe_balance": 441, "stripe_other": -441}


def test_another_balance_of_the_account_is_kept_and_not_posted(books: Books) -> None:
    read(books, movement("charge", 100, balance_type="issuing"))
    assert books.accounts() == {}
    assert balance(books) == {}


def test_a_transaction_that_is_known_changes_nothing(books: Books) -> None:
    order = paid(books)
    charge = about(order, "charge", 499, fee=44)
    assert read(books, charge) == 1
    before = books.postings()
    assert read(books, charge, {**charge, "reporting_category": "payout"}) == 0
    assert books.postings() == before


def test_an_order_that_becomes_known_later_is_posted_then(books: Books) -> None:
    order = Order()
    read(books, about(order, "charge", 499, fee=44))
    assert books.accounts() == {"stripe_balance": 455, "stripe_other": -455}
    record(books.database, order.facts("paid"))
    for _ in range(2):
        read(books)
        assert books.accounts() == {"stripe_balance": 455, "fees": 44, "deferred_revenue": -499}


def test_an_order_that_becomes_known_after_the_seal_leaves_the_month_alone(books: Books) -> None:
    order = Order()
    read(books, about(order, "charge", 499, fee=44, at="2026-09-15"))
    books.seal("2026-09")
    sealed = posted(books, "2026-09")
    record(books.database, order.facts("paid"))
    read(books)
    assert posted(books, "2026-09") == sealed
    assert posted(books) == [
        ("charge", "stripe_other", "cash", 499),
        ("fee", "fees", "stripe_other", 44),
    ]


def test_what_is_read_after_the_seal_belongs_to_the_next_month(books: Books) -> None:
    order = paid(books)
    early = about(order, "charge", 499, fee=44, at="2026-09-30 23:59")
    read(books, movement("payout", -10, at="2026-09-15"))
    books.seal("2026-09")
    sealed = posted(books, "2026-09")
    read(books, early, movement("payout", -20, at=SECOND_OF_OCTOBER))
    assert posted(books, "2026-09") == sealed == [("payout", "cash", "stripe_balance", 10)]
    assert posted(books) == [
        ("charge", "stripe_balance", "cash", 499),
        ("fee", "fees", "stripe_balance", 44),
        ("payout", "cash", "stripe_balance", 20),
    ]
    assert [row["id"] for row in listed(books, "2026-10") if row["amount"] == 499] == [early["id"]]


def test_a_month_has_what_stripe_created_in_it(books: Books) -> None:
    """In the time zone of the books, and however late it is read."""
    read(
        books,
        movement("payout", -1, at="2026-09-30 22:30"),
        movement("payout", -2, at="2026-10-31 22:30"),
        movement("payout", -4, at="2026-10-31 23:30"),
    )
    assert [row["amount"] for row in listed(books, "2026-10", "Europe/Berlin")] == [-1, -2]
    assert [row["amount"] for row in listed(books, "2026-10")] == [-2, -4]


def test_pages_have_the_rows_that_were_there_at_the_first(books: Books) -> None:
    order = paid(books)
    for _ in range(3):
        read(books, about(order, "refund", -1, fee=1))
    rest: Any = books.read("2026-10")
    read(books, movement("payout", -1))
    found: list[Any] = []
    while rest:
        row = books.database.execute("select read_postings(%s, 2) as page", [Jsonb(rest)])
        page = row.fetchall()[0]["page"]
        found += [each["source_id"] for each in page["postings"] if each["source"] == "stripe"]
        rest = page["rest"]
    assert len(found) == len(set(found)) == 6


def test_the_balance_by_our_rows_is_the_net_of_all(books: Books) -> None:
    order = paid(books)
    read(
        books,
        about(order, "charge", 499, fee=44),
        movement("payout", -400),
        movement("transfer", -10, currency="eur"),
    )
    read(books, movement("charge", 7), livemode=True)
    assert balance(books) == {"usd": 55, "eur": -10}
    assert balance(books, livemode=True) == {"usd": 7}


def test_a_payout_is_listed_once(books: Books) -> None:
    payout = movement("payout", -400)
    charge = movement("charge", 400)
    read(books, charge, payout)
    to_list = {"payout_id": payout["source_id"], "after_id": None}
    assert payouts(books) == [to_list]
    page(books, payout, [payout["id"]], payout["id"])
    assert payouts(books) == [{**to_list, "after_id": payout["id"]}]
    page(books, payout, [charge["id"]], None)
    assert payouts(books) == []
    # A slower process that repeats a page opens nothing again.
    page(books, payout, [payout["id"]], payout["id"])
    assert payouts(books) == []
    assert {row["id"]: row["payout_id"] for row in listed(books, "2026-10")} == {
        charge["id"]: payout["source_id"],
        payout["id"]: payout["source_id"],
    }


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["delete from {}", "truncate {} cascade", "update {} set {}"])
def test_the_facts_refuse_change_whoever_asks(books: Books, table: str, statement: str) -> None:
    column = "payout_id = 'x'" if table == "stripe_payout_transactions" else "livemode = true"
    if table == "book_stripe":
        column = "amount = 1"
    payout = movement("payout", -1)
    read(books, payout)
    page(books, payout, [payout["id"]], None)
    with pytest.raises(psycopg.errors.RestrictViolation):
        books.database.execute(statement.format(table, column))


def test_a_transaction_whose_sum_is_wrong_is_refused(books: Books) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        read(books, movement("charge", 10, net=7))


def test_a_run_that_stopped_goes_on_and_another_begins_where_it_began(books: Books) -> None:
    def begin() -> dict[str, Any]:
        row = books.database.execute("select begin_balance_reading(false) as run").fetchone()
        assert row is not None
        run: dict[str, Any] = row["run"]
        return run

    def store(run: dict[str, Any], after_id: str | None) -> None:
        books.database.execute(
            "select record_balance_page(false, %s, '[]', %s)", [run["started_at"], after_id]
        )

    first = begin()
    assert (first["since"], first["after_id"]) == (None, None)
    store(first, "txn_1")
    assert begin() == {**first, "after_id": "txn_1"}
    store(first, None)
    second = begin()
    assert second["after_id"] is None
    assert second["since"] is not None
    # A slower process of the first run does not move the second.
    store(first, "txn_9")
    assert begin() == second


# At the same time -----------------------------------------------------------------------------


def test_no_month_is_sealed_while_a_transaction_of_it_is_being_stored(books: Books) -> None:
    with books.connect() as other:
        with other.transaction():
            read(Books(other, books.url), movement("payout", -10, at="2026-09-15"))
            with pytest.raises(psycopg.errors.LockNotAvailable):
                books.seal("2026-09")
        books.seal("2026-09")
    assert posted(books, "2026-09") == [("payout", "cash", "stripe_balance", 10)]


def test_a_transaction_that_waits_for_a_seal_is_in_the_next_month(books: Books) -> None:
    books.database.execute("alter function record_balance_page set lock_timeout = '60s'")
    with ThreadPoolExecutor(1) as threads, books.connect() as sealer, books.connect() as reader:
        with sealer.transaction():
            Books(sealer, books.url).seal("2026-09")
            stored = threads.submit(
                read, Books(reader, books.url), movement("payout", -10, at="2026-09-15")
            )
            until(lambda: waits(sealer, reader), "the page waits for the seal")
        assert stored.result(timeout=60) == 1
    assert posted(books, "2026-09") == []
    assert posted(books) == [("payout", "cash", "stripe_balance", 10)]


def test_two_runs_at_once_store_a_transaction_once(books: Books) -> None:
    books.database.execute("alter function record_balance_page set lock_timeout = '60s'")
    shared, late = (movement("fee", -amount) for amount in (10, 20))
    with ThreadPoolExecutor(1) as threads, books.connect() as first, books.connect() as second:
        with first.transaction():
            assert read(Books(first, books.url), shared) == 1
            slower = threads.submit(read, Books(second, books.url), shared, late)
            until(lambda: waits(first, second), "the second run waits for the first")
        assert slower.result(timeout=60) == 1
    assert books.accounts() == {"fees": 30, "stripe_balance": -30}
    assert kept_by_day(books) == {"2026-10-15": (0, 30)}


def test_the_sums_by_day_are_those_of_the_postings(books: Books) -> None:
    """An order's money, Stripe's own fee, and what is nobody's until its order is known."""
    order, late = paid(books, currency="eur", unit_amount=1000), Order()
    read(
        books,
        about(order, "charge", 1080, fee=61, currency="usd", source_amount=1000),
        about(order, "refund", -100, currency="usd", source_amount=90, at=SECOND_OF_OCTOBER),
        about(late, "charge", 499, fee=44, at=SECOND_OF_OCTOBER),
        movement("fee", -30),
        movement("payout", -200),
    )
    assert kept_by_day(books) == {"2026-10-02": (-100, 0), "2026-10-15": (1080, 91)}
    record(books.database, late.facts("paid"))
    read(books)
    assert kept_by_day(books) == {"2026-10-02": (399, 44), "2026-10-15": (1080, 91)}


def kept_by_day(books: Books) -> dict[str, tuple[int, int]]:
    """Return gross and fees in dollars of each day."""
    rows = books.database.execute(
        "select day::text, gross, fees from purse.balance_days where unit = 'usd'"
    ).fetchall()
    return {row["day"]: (row["gross"], row["fees"]) for row in rows}


def test_a_spend_does_not_wait_for_a_reading(books: Books) -> None:
    purse: Purse = books.purse()
    purse.buy(500)
    with books.connect() as other, other.transaction():
        read(Books(other, books.url), movement("payout", -10))
        purse.spend()


def balance(books: Books, *, livemode: bool = False) -> dict[str, int]:
    """Return Stripe's balance by our rows."""
    row = books.database.execute("select read_stripe_balance(%s) as it", [livemode]).fetchone()
    assert row is not None
    currencies: dict[str, int] = row["it"]["currencies"]
    return currencies


def listed(books: Books, month: str, timezone: str = "UTC") -> list[dict[str, Any]]:
    """Return the balance transactions of a month, in small pages, oldest first."""
    found: list[dict[str, Any]] = []
    while True:
        row = books.database.execute(
            "select read_balance_transactions(%s, %s, %s, 1) as page",
            [f"{month}-01", timezone, found[-1]["id"] if found else None],
        ).fetchone()
        assert row is not None
        if not row["page"]:
            return sorted(found, key=lambda each: str(each["created_at"]))
        found += row["page"]


def payouts(books: Books) -> list[dict[str, Any]]:
    """Return the payouts that are not listed."""
    row = books.database.execute("select payouts_to_list(false, 10) as them").fetchone()
    assert row is not None
    them: list[dict[str, Any]] = row["them"]
    return them


def page(books: Books, payout: dict[str, Any], ids: list[str], after_id: str | None) -> None:
    """Store a page of a payout's list."""
    books.database.execute(
        "select record_payout_page(false, %s, %s, %s)", [payout["source_id"], Jsonb(ids), after_id]
    )
