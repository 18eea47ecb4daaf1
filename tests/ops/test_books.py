"""make books: a month as CSV, and its seal."""

from __future__ import annotations

import csv
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
    assert {"kind": "payment", "debit": "1200", "credit": "refunds_payable", "amount": "4.99"} in [
        {name: row[name] for name in ("kind", "debit", "credit", "amount")} for row in postings
    ]


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
