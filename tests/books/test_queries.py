"""docs/queries.md: each query answers what its heading says, on rows with a known answer."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from local.stack import ROOT
from tests.books.balance import about, movement
from tests.books.balance import read as read_balance
from tests.database.ledger import record
from tests.docs.pages import read
from tests.stripe_events import Order, Reversal, event

if TYPE_CHECKING:
    from tests.books.ledger import Books
    from tests.database.purse import Purse

PAGE = ROOT / "docs/queries.md"
QUERIES = dict(re.findall(r"^## (.+?)\n.*?```sql\n(.*?)```", read(PAGE), re.MULTILINE | re.DOTALL))
ADA = "ada@example.com"


def run(books: Books, heading: str) -> list[dict[str, Any]]:
    return books.database.execute(QUERIES[heading].encode()).fetchall()


def sign_up(books: Books, purse: Purse, address: str) -> None:
    """Give a purse's user an address in Supabase Auth, whose tables only a superuser writes."""
    with books.as_superuser() as superuser:
        superuser.execute(
            "insert into auth.users (id, email) values (%s, %s)", [purse.user_id, address]
        )


def test_every_query_of_the_page_has_a_test_here() -> None:
    tested = {
        *("Revenue", "Liability", "A person's story", "Unsettled orders"),
        *("Webhook delay", "Top spenders", "Credits expiring this month"),
        *("Does cash agree with the bank", "Fees"),
    }
    assert set(QUERIES) == tested
    assert read(PAGE).count("```sql") == len(tested)


@pytest.mark.parametrize("heading", sorted(QUERIES))
def test_a_query_only_reads(books: Books, heading: str) -> None:
    books.database.execute("set default_transaction_read_only = on")
    run(books, heading)


def test_revenue(books: Books) -> None:
    books.it_is("2026-09-15")
    order, other = Order(), Order(currency="eur", unit_amount=450)
    record(books.database, order.facts("paid"), other.facts("paid"))
    books.it_is("2026-10-15")
    record(books.database, Reversal(order).refund(100))
    found = [tuple(row.values()) for row in run(books, "Revenue")]
    assert found == [
        ("2026-10", "usd", True, 0, 0, 100, -100),
        ("2026-09", "eur", True, 1, 450, 0, 450),
        ("2026-09", "usd", True, 1, 499, 0, 499),
    ]


def test_liability(books: Books) -> None:
    rich, poor = books.purse(), books.purse()
    record(books.database, Order(user_id=rich.user_id).facts("paid"))
    rich.spend(10)
    rich.grant(20)
    order = poor.buy(10)
    poor.spend(2)
    poor.refund(order, 10)
    found = [tuple(row.values()) for row in run(books, "Liability")]
    assert found == [("given", False, 20, None, 0, None), ("usd", True, 450, 449, 10, 10)]


def test_does_cash_agree_with_the_bank(books: Books) -> None:
    """Until a payment is read from Stripe's balance, it is not in the bank. Then it may be."""
    heading = "Does cash agree with the bank"
    first, second = Order(), Order(currency="eur", unit_amount=1000)
    record(books.database, first.facts("paid"), second.facts("paid"))
    found = [tuple(row.values()) for row in run(books, heading)]
    assert found == [
        ("eur", True, 1000, 0, 1000, 0, False),
        ("usd", True, 499, 0, 499, 0, False),
    ]
    converted = about(second, "charge", 1080, fee=61, currency="usd", source_amount=1000)
    read_balance(books, about(first, "charge", 499, fee=44), converted, movement("payout", -400))
    found = [tuple(row.values()) for row in run(books, heading)]
    assert found == [
        ("eur", True, 0, 0, 0, 0, True),
        ("usd", True, 400, 400, 0, 499 - 44 + 1080 - 61 - 400, True),
    ]


def test_fees(books: Books) -> None:
    order, other = Order(), Order()
    record(books.database, order.facts("paid"), Reversal(order).refund(100))
    read_balance(
        books,
        about(order, "charge", 499, fee=44, at="2026-09-15"),
        about(order, "refund", -100),
        about(other, "charge", 1000, fee=59),
        movement("fee", -30),
    )
    found = [tuple(row.values()) for row in run(books, "Fees")]
    assert found == [("2026-10", "usd", True, -100, 30), ("2026-09", "usd", True, 499, 44)]
    # The other product's payment turns out to be an order of ours.
    record(books.database, other.facts("paid"))
    read_balance(books)
    found = [tuple(row.values()) for row in run(books, "Fees")]
    assert found[0] == ("2026-10", "usd", True, 900, 89)


def test_a_persons_story(books: Books) -> None:
    purse = books.purse()
    sign_up(books, purse, ADA)
    books.purse().buy(7)
    order = purse.buy(10)
    purse.spend()
    purse.refund(order, 5)
    found = run(books, "A person's story")
    assert [(row["what"], row["credits"], row["balance"]) for row in found] == [
        ("clawback", -5, 0),
        ("spend", -5, 5),
        ("purchase", 10, 10),
        ("order paid", None, None),
        ("refund succeeded", None, None),
    ]
    assert found[1]["about"] == "docx_processing"
    assert found[4]["about"] == "5 usd"


def test_unsettled_orders(books: Books) -> None:
    begun, waiting, differing, paid = Order(), Order(), Order(), Order()
    record(
        books.database,
        begun.facts("open"),
        waiting.facts("processing", at=1_600_000_000),
        differing.facts("paid", amount_subtotal=1, amount_paid=1, at=1_500_000_000),
        paid.facts("paid"),
    )
    found = [(str(row["order_id"]), row["status"]) for row in run(books, "Unsettled orders")]
    assert found == [
        (differing.order_id, "mismatch"),
        (begun.order_id, "open"),
        (waiting.order_id, "processing"),
    ]


def test_webhook_delay(books: Books) -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0) - timedelta(days=1)
    for delay in (1, 2, 9):
        told = event("checkout.session.completed", Order().session())
        books.database.execute(
            "insert into stripe_events (id, type, livemode, created_at, received_at, outcome)"
            " values (%s, %s, false, %s, %s, 'applied')",
            [told["id"], told["type"], noon, noon + timedelta(seconds=delay)],
        )
    (row,) = run(books, "Webhook delay")
    assert [float(row[name]) for name in ("events", "p50", "p95", "longest")] == [3, 2, 8.3, 9]
    assert row["day"] == noon.date()


def test_top_spenders(books: Books) -> None:
    little, much, undone = books.purse(), books.purse(), books.purse()
    sign_up(books, much, ADA)
    for purse in (little, much, undone):
        purse.buy(100)
    little.spend()
    much.spend(3)
    undone.reverse(undone.spend(9)["transaction_id"])
    found = run(books, "Top spenders")
    assert [(str(row["user_id"]), row["email"], row["credits"], row["uses"]) for row in found] == [
        (much.user_id, ADA, 15, 1),
        (little.user_id, None, 5, 1),
    ]


def test_credits_expiring_this_month(books: Books) -> None:
    """The last moment of the month counts; the first of the next does not."""
    purse = books.purse()
    row = books.database.execute(
        "select date_trunc('month', now()) + interval '1 month' as at"
    ).fetchone()
    assert row is not None
    last = row["at"] - timedelta(seconds=1)
    for credits_, expires_at in ((30, last), (7, row["at"]), (5, None)):
        purse.grant(credits_)
        books.database.execute(
            "update credit_lot_rows set expires_at = %s where granted = %s", [expires_at, credits_]
        )
    found = [tuple(row.values()) for row in run(books, "Credits expiring this month")]
    assert found == [(last.date(), 1, 30)]
