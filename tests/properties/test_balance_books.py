"""Stripe's balance in the books, whatever is read: in any order, twice, late, after a seal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.books.balance import about, movement, read
from tests.books.ledger import Books, migrated_server
from tests.database.ledger import record
from tests.profiles import examples
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from collections.abc import Iterator

CURRENCIES = ("usd", "eur", "jpy")
# Days of the months that may be sealed: what Stripe created is read long after.
DAYS = st.sampled_from(["2026-07-31", "2026-08-01", "2026-08-15", "2026-09-30"])
MONTHS = ("2026-07", "2026-08", "2026-09")
AMOUNTS = st.integers(1, 5000)
FEES = st.integers(-50, 500)
UNRELATED = ("transfer", "other_adjustment", "risk_reserved_funds", "charge_failure", "tax")


class Balance(RuleBasedStateMachine):
    """An account at Stripe, of which our rows read a part at a time."""

    books: Books

    def __init__(self) -> None:
        super().__init__()
        for table in ("book_stripe", "stripe_balance_transactions", "book_figures", "book_months"):
            trigger = "book_stripe_only_grows" if table == "book_stripe" else f"{table}_only_grow"
            self.books.database.execute(f"alter table {table} disable trigger {trigger}")
            self.books.database.execute(f"delete from {table}")
            self.books.database.execute(f"alter table {table} enable always trigger {trigger}")
        self.at_stripe: list[dict[str, Any]] = []
        self.known: dict[str, dict[str, Any]] = {}
        self.unknown_orders: list[Order] = []
        self.orders: list[Order] = []
        self.sealed: dict[str, list[dict[str, Any]]] = {}

    @rule(
        currency=st.sampled_from(CURRENCIES),
        settles_in=st.sampled_from(CURRENCIES),
        settled=AMOUNTS,
        fee=FEES,
        day=DAYS,
        is_known=st.booleans(),
    )
    def somebody_pays(  # noqa: PLR0913 - what a payment has
        self, currency: str, settles_in: str, settled: int, fee: int, day: str, *, is_known: bool
    ) -> None:
        order = Order(currency=currency)
        if currency == settles_in:
            settled = order.unit_amount
        self.at_stripe.append(
            about(
                order,
                "charge",
                settled,
                fee=fee,
                at=day,
                currency=settles_in,
                source_amount=order.unit_amount,
            )
        )
        self.unknown_orders.append(order)
        if is_known:
            self.an_order_becomes_known()

    @precondition(lambda self: self.unknown_orders)
    @rule()
    def an_order_becomes_known(self) -> None:
        order = self.unknown_orders.pop()
        record(self.books.database, order.facts("paid"))
        self.orders.append(order)

    @precondition(lambda self: self.orders)
    @rule(amount=st.integers(1, 499), day=DAYS, kind=st.sampled_from(["refund", "dispute"]))
    def money_goes_back(self, amount: int, day: str, kind: str) -> None:
        order = self.orders.pop()
        reversal = Reversal(order)
        facts = reversal.refund(amount) if kind == "refund" else reversal.dispute(amount, moves=1)
        record(self.books.database, facts)
        self.at_stripe.append(about(order, kind, -amount, at=day, fee=0))

    @rule(
        category=st.sampled_from(["payout", "payout_reversal", "topup", "fee", *UNRELATED]),
        amount=st.integers(-5000, 5000),
        fee=FEES,
        currency=st.sampled_from(CURRENCIES),
        day=DAYS,
    )
    def the_balance_moves(
        self, category: str, amount: int, fee: int, currency: str, day: str
    ) -> None:
        self.at_stripe.append(movement(category, amount, fee=fee, currency=currency, at=day))

    @precondition(lambda self: self.at_stripe)
    @rule(data=st.data())
    def a_page_is_read(self, data: st.DataObject) -> None:
        """In any order, and what is known already once more."""
        page = data.draw(st.lists(st.sampled_from(self.at_stripe), unique_by=lambda m: m["id"]))
        new = {each["id"]: each for each in page if each["id"] not in self.known}
        assert read(self.books, *page) == len(new)
        self.known |= new

    @precondition(lambda self: len(self.sealed) < len(MONTHS))
    @rule()
    def a_month_is_sealed(self) -> None:
        month = MONTHS[len(self.sealed)]
        self.books.seal(month)
        self.sealed[month] = self.postings_of(month)

    @invariant()
    def every_currencys_balance_is_the_sum_of_its_nets(self) -> None:
        for currency in CURRENCIES:
            nets = sum(each["net"] for each in self.known.values() if each["currency"] == currency)
            assert self.account("stripe_balance", currency) == nets

    @invariant()
    def sealed_months_stay(self) -> None:
        for month, postings in self.sealed.items():
            assert self.postings_of(month) == postings

    def teardown(self) -> None:
        """When everything is known, the cash is what was paid out."""
        while self.unknown_orders:
            self.an_order_becomes_known()
        read(self.books, *self.at_stripe)
        bank = {"payout", "payout_reversal", "topup"}
        for currency in CURRENCIES:
            paid_out = -sum(
                each["amount"]
                for each in self.at_stripe
                if each["reporting_category"] in bank and each["currency"] == currency
            )
            assert self.cash_of_stripe(currency) + self.received(currency) == paid_out
        apart = sum(
            each["net"] for each in self.at_stripe if each["reporting_category"] in UNRELATED
        )
        assert -sum(self.account("stripe_other", each) for each in CURRENCIES) == apart

    def received(self, currency: str) -> int:
        """Return what this run's orders brought less what went back, as book_money has it."""
        row = self.books.database.execute(
            """
            select coalesce(sum(m.received - m.returned), 0)::bigint as cash from book_money m
            where m.unit = %s and exists (
                select from book_stripe b where b.purchase_id = m.purchase_id
            )
            """,
            [currency],
        ).fetchone()
        assert row is not None
        cash: int = row["cash"]
        return cash

    def cash_of_stripe(self, currency: str) -> int:
        return self.account("cash", currency)

    def account(self, name: str, currency: str) -> int:
        """Return what the postings of Stripe's balance add up to on an account."""
        row = self.books.database.execute(
            """
            select coalesce(sum(case when debit = %(name)s then amount else 0 end
                - case when credit = %(name)s then amount else 0 end), 0)::bigint as balance
            from book_stripe where unit = %(currency)s
            """,
            {"name": name, "currency": currency},
        ).fetchone()
        assert row is not None
        balance: int = row["balance"]
        return balance

    def postings_of(self, month: str) -> list[dict[str, Any]]:
        """Return a month's postings of Stripe's balance."""
        return self.books.database.execute(
            "select * from book_stripe where booked_at >= %s and"
            " booked_at < %s::timestamptz + interval '1 month' order by id",
            [f"{month}-01Z", f"{month}-01Z"],
        ).fetchall()


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    """The books of a ledger that only these tests write."""
    with migrated_server() as server, Books.on(server) as books:
        books.database.execute("set timezone = 'UTC'")
        yield books


def test_stripes_balance_in_the_books_is_stripes(books: Books) -> None:
    class Machine(Balance):
        pass

    Machine.books = books
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=examples(cost=6), stateful_step_count=25)
    )
