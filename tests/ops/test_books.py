"""make books: a month as CSV, and its seal."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests import shop
from tests.support import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ops.conftest import Operator

NOW = datetime.now(UTC).strftime("%Y-%m")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_purchase_is_in_the_books_of_its_month(operator: Operator, tmp_path: Path) -> None:
    user = operator.stack.sign_up()
    shop.buy(operator.stack, user)
    until(lambda: operator.stack.balance_of(user) == 500, "the webhook has come")
    done = operator.run("books", NOW, OUT=str(tmp_path), BOOKS_ACCOUNTS="cash=1200")
    assert done.status == 0, done.text
    assert f"{NOW} is not over" in done.text
    credits_, money = read(tmp_path / f"roll-forward-{NOW}.csv")
    assert int(credits_["closing"]) >= 500
    assert (money["unit"], money["mode"]) == ("usd", "test")
    postings = read(tmp_path / f"postings-{NOW}.csv")
    assert re.search(
        r"Stripe's balance by our rows is what Stripe reports: [0-9.,]+ USD\.", done.text
    )
    assert {"kind": "payment", "debit": "1200", "credit": "refunds_payable", "amount": "4.99"} in [
        {name: row[name] for name in ("kind", "debit", "credit", "amount")} for row in postings
    ]


def test_fees_and_payouts_are_read_and_written(operator: Operator, tmp_path: Path) -> None:
    stack = operator.stack
    session_id = shop.buy(stack, stack.sign_up())
    until(lambda: shop.purchase(stack, session_id)["credits_posted"], "the webhook has come")
    order_id = str(shop.purchase(stack, session_id)["id"])
    stack.simulate("clock", advance_seconds=2 * 24 * 3600)
    try:
        stack.simulate("payouts", currency="usd")
        (payout,) = shop.stripe_client(stack).v1.payouts.list({"limit": 1}).data
        stack.simulate(f"payouts/{payout.id}/settle", outcome="paid")
    finally:
        stack.simulate("clock", reset=True)
    # The payout was made two days ahead of now, which may be the next month.
    month = datetime.fromtimestamp(payout.created, UTC).strftime("%Y-%m")
    codes = "fees=6800,stripe_balance=1360"
    for each in {NOW, month}:
        done = operator.run("books", each, OUT=str(tmp_path), BOOKS_ACCOUNTS=codes)
        assert done.status == 0, done.text
        assert "Stripe's balance by our rows is what Stripe reports: " in done.text
    postings = read(tmp_path / f"postings-{NOW}.csv")
    fees = [row for row in postings if row["order"] == order_id and row["kind"] == "fee"]
    assert [(row["debit"], row["credit"], row["amount"]) for row in fees] == [
        ("6800", "1360", "0.44")
    ]
    moved = read(tmp_path / f"stripe-balance-{NOW}.csv")
    (charge,) = [row for row in moved if row["order"] == order_id]
    assert (charge["category"], charge["amount"], charge["fee"], charge["net"]) == (
        *("charge", "4.99", "0.44", "4.55"),
    )
    assert (charge["currency"], charge["mode"], charge["payout"]) == ("USD", "test", payout.id)
    paid = [row for row in read(tmp_path / f"postings-{month}.csv") if row["kind"] == "payout"]
    assert ("cash", "1360") in [(row["debit"], row["credit"]) for row in paid]


def test_a_difference_from_stripes_balance_is_named(operator: Operator, tmp_path: Path) -> None:
    """A row of a currency that Stripe's balance does not have, and then another that undoes it."""
    row = """
        insert into stripe_balance_transactions
        values (%s, false, 'charge', 'charge', 'payments', %s, 0, %s, 'nok', null, null, null, null,
            null, now(), now(), now())
    """
    with operator.stack.connect() as database:
        database.execute(row, ["txn_odd", 700, 700])
        done = operator.run("books", NOW, OUT=str(tmp_path))
        database.execute(row, ["txn_even", -700, -700])
    assert (
        "Stripe's balance differs from our rows: 7.00 NOK by our rows, 0.00 NOK at Stripe,"
        " difference -7.00 NOK." in done.text
    )
    again = operator.run("books", NOW, OUT=str(tmp_path))
    assert "is what Stripe reports" in again.text


def test_the_books_are_written_without_stripe(operator: Operator, tmp_path: Path) -> None:
    """While Stripe is away, and in a shop that has no key."""
    with shop.trouble(operator.stack, fail_next=3, status=500, path="/v1/balance"):
        done = operator.run("books", NOW, OUT=str(tmp_path))
    assert done.status == 0
    assert "Stripe could not be read, so fees and payouts may be missing." in done.text
    nothing = dict.fromkeys(("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"), "")
    without = operator.run("books", NOW, OUT=str(tmp_path), PAYMENTS_ENABLED="false", **nothing)
    assert without.status == 0, without.text
    assert "Stripe was not read, because STRIPE_SECRET_KEY is missing" in without.text
    assert (tmp_path / f"postings-{NOW}.csv").exists()


def test_a_month_is_sealed_once_and_only_when_it_is_over(
    operator: Operator, tmp_path: Path
) -> None:
    signed = {"OUT": str(tmp_path), "SEAL": "1", "BY": "ann"}
    early = operator.run("books", NOW, **signed)
    assert (early.status, early.text.strip()) == (
        1,
        "The month is not over in UTC. Seal it when it is.",
    )
    for by in ("ann", "ben"):
        done = operator.run("books", "2026-08", **{**signed, "BY": by})
        assert done.status == 0, done.text
        assert "2026-08 was sealed by ann" in done.text
    gap = operator.run("books", "2026-10", **signed)
    assert (gap.status, "The next one is 2026-09." in gap.text) == (1, True)
    before = operator.run("books", "2026-07", **signed)
    assert (before.status, "first sealed month is a later one" in before.text) == (1, True)
    moved = operator.run("books", "2026-09", BOOKS_TIMEZONE="Europe/Berlin", **signed)
    assert (moved.status, "Set BOOKS_TIMEZONE=UTC." in moved.text) == (1, True)
    nowhere = operator.run("books", "2026-09", BOOKS_TIMEZONE="Mars", OUT=str(tmp_path))
    assert nowhere.status == 1


def test_it_says_what_is_missing(operator: Operator) -> None:
    assert operator.run("books").text.strip() == "Name the month: make books MONTH=2026-10"
    unsigned = operator.run("books", "2026-10", SEAL="1")
    assert (unsigned.status, "BY=" in unsigned.text) == (2, True)
