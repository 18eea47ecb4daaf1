"""The books as double entry: which accounts a movement goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from tests.database.ledger import record
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from tests.books.ledger import Books


def posted(books: Books) -> list[tuple[str, str, str, int]]:
    """Return kind, debit, credit and amount of every posting, in no order."""
    return sorted(
        (row["kind"], row["debit"], row["credit"], row["amount"]) for row in books.postings()
    )


def test_a_sale_and_its_use(books: Books) -> None:
    purse = books.purse()
    record(books.database, Order(user_id=purse.user_id).facts("paid"))
    purse.spend(10)
    assert posted(books) == [
        ("payment", "cash", "refunds_payable", 499),
        ("purchase", "refunds_payable", "deferred_revenue", 499),
        ("spend", "deferred_revenue", "revenue", 50),
    ]
    assert books.accounts() == {"cash": 499, "deferred_revenue": -449, "revenue": -50}


def test_an_undone_spend_takes_the_revenue_back(books: Books) -> None:
    purse = books.purse()
    purse.buy(500)
    purse.reverse(purse.spend()["transaction_id"])
    assert books.accounts() == {"cash": 500, "deferred_revenue": -500}


def test_a_refund_of_a_part_leaves_nothing_payable(books: Books) -> None:
    """100 of 499 is worth 100.2 credits, so 101 are taken back: one unit of money stays."""
    order = Order()
    record(books.database, order.facts("paid"), Reversal(order).refund(100))
    assert books.accounts() == {"cash": 399, "deferred_revenue": -398, "breakage": -1}


def test_a_refund_that_fails_leaves_no_trace_in_the_balances(books: Books) -> None:
    order = Order()
    refund = Reversal(order)
    record(books.database, order.facts("paid"), refund.refund(100), refund.refund(100, "failed"))
    assert books.accounts() == {"cash": 499, "deferred_revenue": -499}


def test_a_refund_that_takes_no_further_credit_is_in_the_cash(books: Books) -> None:
    """Of 5 credits for 499, one is gone with the first unit of money."""
    order = Order(credits=5)
    record(books.database, order.facts("paid"), Reversal(order).refund(1))
    second = Reversal(order)
    record(books.database, second.refund(1))
    assert books.accounts() == {"cash": 497, "deferred_revenue": -399, "breakage": -98}
    record(books.database, second.refund(1, "failed"))
    assert books.accounts() == {"cash": 498, "deferred_revenue": -399, "breakage": -99}


def test_a_refund_of_used_credits_is_a_receivable(books: Books) -> None:
    purse = books.purse()
    order = purse.buy(10)
    purse.spend(2)
    purse.refund(order, 10)
    assert books.accounts() == {"receivable": 10, "revenue": -10}


def test_a_debt_that_goes_with_its_account_is_bad_debt(books: Books) -> None:
    purse = books.purse()
    order = purse.buy(10)
    purse.spend(2)
    refund = purse.refund(order, 10)
    purse.call("forget_user", purse.user_id, "ann", "they asked")
    assert books.accounts() == {"bad_debt": 10, "revenue": -10}
    record(books.database, refund.refund(10, "failed"))
    assert books.accounts() == {"cash": 10, "revenue": -10}


def test_what_clamp_forgives_is_bad_debt_until_it_comes_back(books: Books) -> None:
    purse = books.purse()
    order = purse.buy(10)
    hold = purse.hold()
    purse.spend()
    purse.refund(order, 10, policy="clamp")
    assert books.accounts() == {"bad_debt": 10, "deferred_revenue": -5, "revenue": -5}
    purse.release(hold["hold_id"])
    assert books.accounts() == {"bad_debt": 5, "revenue": -5}


def test_gifts_that_pay_for_a_refund_are_promotions(books: Books) -> None:
    purse = books.purse()
    order = purse.buy(10)
    purse.spend(2)
    purse.grant(10)
    purse.refund(order, 10)
    assert books.accounts() == {"promotions": 10, "revenue": -10}


def test_a_gift_that_pays_a_debt_is_a_promotion(books: Books) -> None:
    purse = books.purse()
    order = purse.buy(10)
    purse.spend(2)
    purse.refund(order, 10)
    purse.grant(10)
    assert books.accounts() == {"promotions": 10, "revenue": -10}


def test_a_difference_of_prices_is_revenue(books: Books) -> None:
    """Credits for 20 were taken in place of credits for 50, which went back."""
    purse = books.purse()
    dear = Order(user_id=purse.user_id, credits=10, unit_amount=50)
    cheap = Order(user_id=purse.user_id, credits=10, unit_amount=20)
    record(books.database, dear.facts("paid"))
    purse.spend(2)
    record(books.database, cheap.facts("paid"), Reversal(dear).refund(50))
    assert books.accounts() == {"cash": 20, "revenue": -20}


def test_currencies_do_not_mix(books: Books) -> None:
    """Dollars went back; credits that were bought for euros were taken."""
    purse = books.purse()
    dollars = Order(user_id=purse.user_id, credits=10, unit_amount=50)
    euros = Order(user_id=purse.user_id, credits=10, unit_amount=20, currency="eur")
    record(books.database, dollars.facts("paid"))
    purse.spend(2)
    record(books.database, euros.facts("paid"), Reversal(dollars).refund(50))
    assert books.accounts("usd") == {}
    assert books.accounts("eur") == {"cash": 20, "revenue": -20}


def test_money_without_credits_is_payable(books: Books) -> None:
    """A payment that differs from its order waits for a person; a second payment goes back."""
    mismatch, twice = Order(), Order()
    record(books.database, mismatch.facts("paid", amount_subtotal=1, amount_paid=1))
    record(
        books.database,
        twice.facts("paid"),
        twice.facts("paid", payment_intent_id="pi_second", checkout_session_id="cs_second"),
    )
    assert books.accounts() == {
        "cash": 999,
        "refunds_payable": -500,
        "deferred_revenue": -499,
    }


def test_a_refund_that_comes_before_its_purchase_counts_with_it(books: Books) -> None:
    order = Order()
    record(books.database, Reversal(order).refund(499))
    assert books.accounts() == {}
    record(books.database, order.facts("paid"))
    assert books.accounts() == {}
    assert [row["kind"] for row in books.postings()] == ["payment", "refund"]


def test_an_order_that_costs_nothing_has_no_posting(books: Books) -> None:
    record(books.database, Order().facts("paid", amount_paid=0, payment_intent_id=None))
    assert books.postings() == []


def test_a_dispute_that_is_won_brings_the_cash_back(books: Books) -> None:
    order = Order()
    dispute = Reversal(order)
    record(books.database, order.facts("paid"), dispute.dispute(499, moves=1))
    assert books.accounts() == {}
    record(books.database, dispute.dispute(499, moves=2))
    assert books.accounts() == {"cash": 499, "deferred_revenue": -499}


ADDED = {"amount_paid": 594, "amount_tax": 95}
INCLUDED = {"amount_paid": 499, "amount_tax": 80}


def test_tax_that_is_added_is_owed_and_never_earned(books: Books) -> None:
    purse = books.purse()
    record(books.database, Order(user_id=purse.user_id).facts("paid", **ADDED))
    purse.spend(10)
    assert posted(books) == [
        ("payment", "cash", "refunds_payable", 594),
        ("purchase", "refunds_payable", "deferred_revenue", 499),
        ("spend", "deferred_revenue", "revenue", 50),
        ("tax", "refunds_payable", "tax_payable", 95),
    ]
    assert books.accounts() == {
        "cash": 594,
        "deferred_revenue": -449,
        "revenue": -50,
        "tax_payable": -95,
    }


def test_tax_that_is_included_is_no_revenue(books: Books) -> None:
    purse = books.purse()
    record(books.database, Order(user_id=purse.user_id).facts("paid", **INCLUDED))
    purse.spend(100)
    assert books.accounts() == {"cash": 499, "revenue": -419, "tax_payable": -80}


def test_a_refund_gives_the_tax_back_with_its_share(books: Books) -> None:
    """297 of 594 is half. Of the tax, 47.5 goes back, rounded down: 48 of 95 are still owed."""
    order = Order()
    record(books.database, order.facts("paid", **ADDED), Reversal(order).refund(297))
    assert books.accounts() == {
        "cash": 297,
        "deferred_revenue": -249,
        "tax_payable": -48,
    }
    record(books.database, Reversal(order).refund(297))
    assert books.accounts() == {}


def test_a_refund_that_fails_leaves_the_tax_owed(books: Books) -> None:
    order = Order()
    refund = Reversal(order)
    record(books.database, order.facts("paid", **ADDED), refund.refund(594))
    assert books.accounts() == {}
    record(books.database, refund.refund(594, "failed"))
    assert books.accounts() == {"cash": 594, "deferred_revenue": -499, "tax_payable": -95}


def test_used_and_refunded_credits_are_a_receivable_without_tax(books: Books) -> None:
    purse = books.purse()
    order = Order(user_id=purse.user_id)
    record(books.database, order.facts("paid", **ADDED))
    purse.spend(100)
    record(books.database, Reversal(order).refund(594))
    assert books.accounts() == {"receivable": 499, "revenue": -499}


def test_the_tax_of_a_payment_without_credits_is_owed_too(books: Books) -> None:
    record(books.database, Order().facts("paid", **ADDED, amount_subtotal=500))
    assert books.accounts() == {"cash": 594, "refunds_payable": -499, "tax_payable": -95}


def test_a_discount_lowers_price_and_tax(books: Books) -> None:
    payment = {"amount_paid": 475, "amount_tax": 76, "amount_discount": 100}
    record(books.database, Order().facts("paid", **payment))
    assert books.accounts() == {"cash": 475, "deferred_revenue": -399, "tax_payable": -76}


def test_the_roll_forward_is_without_tax(books: Books) -> None:
    books.it_is("2026-09-15")
    purse = books.purse()
    record(books.database, Order(user_id=purse.user_id).facts("paid", **ADDED))
    purse.spend(10)
    figures = books.figures("2026-09", "usd")
    assert (figures["sold"], figures["used"], figures["closing"]) == (499, -50, 449)


def test_pages_of_postings_follow_on_one_another(books: Books) -> None:
    books.it_is("2026-09-15")
    purse = books.purse()
    purse.buy(500)
    for _ in range(4):
        purse.spend()
    rest: Any = books.read("2026-09")
    pages: list[list[dict[str, Any]]] = []
    while rest and len(pages) < 9:
        row = books.database.execute(
            "select read_postings(%s, 2) as page", [Jsonb(rest)]
        ).fetchone()
        assert row is not None
        # What is written meanwhile is not of this month's pages.
        purse.spend()
        pages.append(row["page"]["postings"])
        rest = row["page"]["rest"]
    assert rest is None
    assert [len(page) for page in pages] == [3, 2, 1]
    rows = [row for page in pages for row in page]
    assert [row["kind"] for row in rows].count("spend") == 4
    assert {row["source"] for row in rows} == {"ledger", "money"}
