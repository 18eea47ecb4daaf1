"""The monthly roll-forward: what became of all credits, in credits and in money."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.database.ledger import kinds, record
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from tests.books.ledger import Books

MONTH = "2026-09"


@pytest.fixture(autouse=True)
def in_september(books: Books) -> None:
    """Let everything happen in one month."""
    books.it_is("2026-09-15")


def buy(books: Books, order: Order) -> Order:
    """Pay an order."""
    record(books.database, order.facts("paid"))
    return order


# Columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["book_columns", "book_accounts"])
def test_every_kind_of_the_ledger_has_exactly_one_column_and_account(
    books: Books, view: str
) -> None:
    known = kinds(books.database)
    mapped = books.database.execute(f"select kind from purse.{view}").fetchall()
    assert len(known) > 10
    assert sorted(each["kind"] for each in mapped) == known


def test_every_column_is_one_of_the_roll_forward(books: Books) -> None:
    named = books.database.execute(
        "select distinct book_column as name from purse.book_columns"
    ).fetchall()
    columns = books.database.execute(
        "select attname as name from pg_attribute where attrelid = 'book_figures'::regclass"
    ).fetchall()
    assert {row["name"] for row in named} <= {row["name"] for row in columns}


# Cost basis -----------------------------------------------------------------------------------


def test_a_bought_lot_knows_what_was_paid_for_it(books: Books) -> None:
    order = buy(books, Order(credits=3, unit_amount=100))
    costs = books.database.execute("select * from credit_lot_costs").fetchall()
    (lot,) = books.database.execute("select id from credit_lots").fetchall()
    assert costs == [
        {
            "lot_id": lot["id"],
            "user_id": UUID(order.user_id),
            "purchase_id": UUID(order.order_id),
            "amount": 100,
            "credits": 3,
            "currency": "usd",
            "livemode": False,
        }
    ]


def test_a_discount_lowers_the_cost(books: Books) -> None:
    record(books.database, Order(unit_amount=499).facts("paid", amount_paid=250))
    (cost,) = books.database.execute("select amount, credits from credit_lot_costs").fetchall()
    assert cost == {"amount": 250, "credits": 500}


@pytest.mark.parametrize("kind", ["bonus", "correction"])
def test_what_is_given_cost_nothing(books: Books, kind: str) -> None:
    books.purse().grant(10, kind)
    assert books.database.execute("select from credit_lot_costs").fetchall() == []


def test_a_lot_keeps_its_cost_when_its_purse_moves(books: Books) -> None:
    guest, member = books.purse(), books.purse()
    guest.buy(10)
    guest.call("move_purse", guest.user_id, member.user_id, "ann", "signed in")
    (cost,) = books.database.execute("select user_id, amount from credit_lot_costs").fetchall()
    assert cost == {"user_id": UUID(member.user_id), "amount": 10}
    assert books.figures(MONTH) == {"sold": 10, "closing": 10}


# Figures --------------------------------------------------------------------------------------


def test_a_month_adds_up_from_opening_to_closing(books: Books) -> None:
    purse = books.purse()
    order = buy(books, Order(user_id=purse.user_id, credits=500, unit_amount=499))
    purse.grant(30)
    purse.spend(3)
    record(books.database, Reversal(order).refund(100))
    purse.grant(-4, "correction")
    assert books.figures(MONTH) == {
        "sold": 500,
        "granted": 30,
        "used": -15,
        "refunded": -101,
        "corrected": -4,
        "closing": 410,
    }
    # 500 credits cost 499. Worth of 485 credits: 484; of 384: 383; of 380: 379.
    assert books.figures(MONTH, "usd") == {
        "sold": 499,
        "used": -15,
        "refunded": -101,
        "corrected": -4,
        "closing": 379,
        "deferred": 379,
    }


def test_the_uses_of_a_lot_add_up_to_what_was_paid(books: Books) -> None:
    """A third of 100 is no whole number: the three uses are worth 34, 33 and 33."""
    purse = books.purse()
    buy(books, Order(user_id=purse.user_id, credits=15, unit_amount=100))
    spent = []
    for _ in range(3):
        before = books.figures(MONTH, "usd").get("used", 0)
        purse.spend()
        spent.append(before - books.figures(MONTH, "usd")["used"])
    assert spent == [34, 33, 33]
    assert books.figures(MONTH, "usd") == {"sold": 100, "used": -100}


def test_each_currency_has_figures_of_its_own(books: Books) -> None:
    for currency, amount in (("usd", 499), ("eur", 450)):
        order = buy(books, Order(currency=currency, unit_amount=amount))
        assert books.figures(MONTH, order.currency)["sold"] == amount
    assert books.figures(MONTH)["closing"] == 1000


def test_expired_and_given_up_credits_are_breakage(books: Books) -> None:
    purse, leaver = books.purse(), books.purse()
    purse.buy(40, valid_days=1)
    leaver.buy(7)
    purse.call("expire_credits", 10)
    leaver.call("forget_user", leaver.user_id, "ann", "they asked")
    assert books.figures(MONTH) == {"sold": 47, "expired": -47}
    assert books.figures(MONTH, "usd") == {"sold": 47, "expired": -47}


def test_a_debt_is_a_receivable_until_it_is_written_off(books: Books) -> None:
    purse = books.purse()
    order = purse.buy(10)
    purse.spend(2)
    purse.refund(order, 10)
    figures = books.figures(MONTH, "usd")
    assert figures == {
        "sold": 10,
        "used": -10,
        "refunded": -10,
        "closing": -10,
        "receivable": 10,
    }
    purse.call("forget_user", purse.user_id, "ann", "they asked")
    assert books.figures(MONTH, "usd") == {
        "sold": 10,
        "used": -10,
        "refunded": -10,
        "written_off": 10,
    }


def test_credits_of_another_price_pay_a_debt_at_theirs(books: Books) -> None:
    """The refund counts at what was paid for it; the difference of prices has its own column."""
    purse = books.purse()
    dear = buy(books, Order(user_id=purse.user_id, credits=10, unit_amount=50))
    purse.spend(2)
    buy(books, Order(user_id=purse.user_id, credits=10, unit_amount=20))
    record(books.database, Reversal(dear).refund(50))
    assert books.figures(MONTH, "usd") == {
        "sold": 70,
        "used": -50,
        "refunded": -50,
        "repriced": 30,
    }
    assert books.figures(MONTH) == {"sold": 20, "used": -10, "refunded": -10}


def test_going_live_leaves_the_money_of_the_test_apart(books: Books) -> None:
    purse = books.purse()
    purse.buy(100)
    purse.call("go_live", "ann", "the shop opens")
    live = Order(user_id=purse.user_id, credits=10, unit_amount=10)
    record(
        books.database,
        live.facts("paid", livemode=True, seal=live.seal(livemode=True)),
    )
    assert books.figures(MONTH, "usd", test=True) == {"sold": 100, "corrected": -100}
    assert books.figures(MONTH, "usd", test=False) == {"sold": 10, "closing": 10, "deferred": 10}
    assert books.figures(MONTH) == {"sold": 110, "corrected": -100, "closing": 10}
