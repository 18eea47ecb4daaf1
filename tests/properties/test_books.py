"""The books of any history, sealed at any points, add up to the unit.

The histories are those of test_purses (spending, holds, expiry, moves, deletion, refunds) and of
test_histories (prices, discounts, disputes, facts late and out of order), with seals in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.books.ledger import COLUMNS, Books, migrated_server
from tests.profiles import examples
from tests.properties.test_histories import Histories
from tests.properties.test_purses import Purses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    Database = Connection[dict[str, Any]]

# One row: the month after the last sealed one, with everything that was written since.
NEXT_MONTH = """
    row(
        coalesce((select max(month) + interval '1 month' from book_months)::date, '2001-01-01'),
        'UTC',
        coalesce((select max(last_id) from book_months), 0),
        coalesce((select max(id) from credit_transactions), 0),
        coalesce((select max(last_money_id) from book_months), 0),
        coalesce((select max(id) from book_money), 0),
        null, null
    )::book_months
"""


class Sealed(RuleBasedStateMachine):
    """A history in which months are sealed."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.months: list[dict[str, Any]] = []
        self.seal()

    @rule()
    def a_month_is_sealed(self) -> None:
        self.seal()

    @rule()
    def a_day_is_added_up(self) -> None:
        self.database.execute(
            "select purse.sum_days_to((select coalesce(max(id), 0) from credit_transactions))"
        )

    def seal(self) -> None:
        row = self.database.execute(
            f"select * from purse.seal_range({NEXT_MONTH}, 'ann')"
        ).fetchone()
        assert row is not None
        self.months.append(row)
        assert self.closings() == self.values()

    def closings(self) -> dict[tuple[str, bool], tuple[int, int | None, int | None]]:
        """Return what the last sealed month closed with."""
        return by_unit(
            self.database.execute(
                "select * from book_figures where month = %s", [self.months[-1]["month"]]
            ).fetchall()
        )

    def values(self) -> dict[tuple[str, bool], tuple[int, int | None, int | None]]:
        """Return what balances and lots are worth now."""
        return by_unit(self.database.execute("select * from purse.book_values()").fetchall())

    def teardown(self) -> None:
        super().teardown()
        self.seal()
        for before, month in zip(self.months, self.months[1:], strict=False):
            self.opens_with_what_was_closed(before, month)
            self.is_as_its_rows_say(month)
            self.is_as_its_postings_say(month)
        self.every_order_has_its_money()

    def opens_with_what_was_closed(self, before: dict[str, Any], month: dict[str, Any]) -> None:
        closed, opened = (
            self.database.execute(
                "select unit, test_mode, opening, closing from book_figures where month = %s",
                [each["month"]],
            ).fetchall()
            for each in (before, month)
        )
        closings = {(row["unit"], row["test_mode"]): row["closing"] for row in closed}
        assert {
            (row["unit"], row["test_mode"]): row["opening"] for row in opened if row["opening"]
        } == {unit: closing for unit, closing in closings.items() if closing}

    def is_as_its_rows_say(self, month: dict[str, Any]) -> None:
        """Later rows change nothing about a sealed month."""
        figures = self.database.execute(
            "select * from book_figures where month = %s", [month["month"]]
        ).fetchall()
        movements = self.database.execute(
            "select * from purse.book_movements(%s, %s)", [month["after_id"], month["last_id"]]
        ).fetchall()
        for row in figures:
            moved = {
                each["book_column"]: each["value"]
                for each in movements
                if (each["unit"], each["test_mode"]) == (row["unit"], row["test_mode"])
            }
            assert {name: row[name] for name in COLUMNS} == {
                name: moved.get(name, 0) for name in COLUMNS
            }
            if row["unit"] == "credits":
                assert row["repriced"] == row["moved"] == 0

    def is_as_its_postings_say(self, month: dict[str, Any]) -> None:
        """Deferred revenue and receivable change in both by the same; so do sales and uses."""
        balances = accounts(
            self.database.execute(
                "select * from purse.book_postings(%s, %s, %s, %s)",
                [
                    *(month["after_id"], month["last_id"]),
                    *(month["after_money_id"], month["last_money_id"]),
                ],
            ).fetchall()
        )
        figures = self.database.execute(
            "select * from book_figures where month = %s and unit <> 'credits'", [month["month"]]
        ).fetchall()
        for row in figures:
            held = balances.get(row["unit"], {})
            change = held.get("receivable", 0) + held.get("deferred_revenue", 0)
            assert change == row["opening"] - row["closing"]
            assert sum(held.values()) == 0

    def every_order_has_its_money(self) -> None:
        """Cash is what came less what went, tax what is in it, in whole units rounded up.

        Nothing is payable but what no order is worth.
        """
        balances = accounts(
            self.database.execute(
                "select * from purse.book_postings(0, %s, 0, %s)", [2**63 - 1, 2**63 - 1]
            ).fetchall()
        )
        row = self.database.execute(
            """
            select coalesce(sum(m.received - m.returned), 0)::bigint as cash,
                coalesce(sum(m.tax), 0)::bigint as tax,
                coalesce(sum(
                    m.received - m.returned - m.tax
                    - case when m.status = 'paid' then m.paid - m.reversed - m.tax else 0 end
                ), 0)::bigint as payable
            from (
                select p.id, p.status, p.amount_paid as paid, purse.amount_reversed(p) as reversed,
                    coalesce(ceil(
                        p.amount_tax * (p.amount_paid - purse.amount_reversed(p))::numeric
                        / nullif(p.amount_paid, 0)
                    ), 0) as tax,
                    (select coalesce(sum(t.amount), 0) from purchase_payments t
                        where t.purchase_id = p.id) as received,
                    (select coalesce(sum(r.amount), 0) from purchase_reversals r
                        where r.in_effect and r.payment_intent_id = p.payment_intent_id)
                        as returned
                from purchases p where p.paid_at is not null
            ) m
            """
        ).fetchone()
        held = balances.get("usd", {})
        assert row == {
            "cash": held.get("cash", 0),
            "tax": -held.get("tax_payable", 0),
            "payable": -held.get("refunds_payable", 0),
        }


class SealedPurses(Sealed, Purses):
    """With a price per credit that is no whole number."""

    def price(self, credits_: int) -> int:
        """Return a price under which a refund seldom is worth whole credits."""
        return 7 * credits_ // 3 + 1


class SealedHistories(Sealed, Histories):
    """With discounts, tax and disputes."""


def by_unit(
    rows: list[dict[str, Any]],
) -> dict[tuple[str, bool], tuple[int, int | None, int | None]]:
    """Return what is left in each unit, without units in which nothing is."""
    return {
        (row["unit"], row["test_mode"]): (row["closing"], row["deferred"], row["receivable"])
        for row in rows
        if row["closing"] or row["deferred"] or row["receivable"]
    }


def accounts(postings: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return the balance of each account in each currency: debits less credits."""
    balances: dict[str, dict[str, int]] = {}
    for row in postings:
        held = balances.setdefault(row["unit"], {})
        assert row["amount"] > 0
        held[row["debit"]] = held.get(row["debit"], 0) + row["amount"]
        held[row["credit"]] = held.get(row["credit"], 0) - row["amount"]
    return balances


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    """The books of a ledger that only these tests write."""
    with migrated_server() as server, Books.on(server) as books:
        yield books


@pytest.mark.parametrize("machine", [SealedPurses, SealedHistories])
def test_the_books_of_any_history_add_up(books: Books, machine: type[Sealed]) -> None:
    machine.database = books.database
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples(cost=6), stateful_step_count=25),
    )
