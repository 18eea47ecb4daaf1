"""The books as CSV, and the settings that name their months and accounts."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from api._lib.books import ACCOUNTS
from api._lib.errors import NotConfiguredError
from api._lib.settings import load
from local.stack import ROOT
from ops.book_files import FIGURES, postings_csv, roll_forward_csv
from tests.unit.functions import CORE_SETTINGS

ZERO = dict.fromkeys(FIGURES, 0)
POSTING = {
    "source": "ledger",
    "source_id": 7,
    "at": "2026-09-30T22:30:00.5+00:00",
    "kind": "spend",
    "debit": "deferred_revenue",
    "credit": "revenue",
    "amount": 499,
    "unit": "usd",
    "test_mode": False,
    "purchase_id": None,
}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_credits_are_whole_and_money_is_in_units_of_its_currency() -> None:
    figures: list[dict[str, Any]] = [
        {**ZERO, "unit": "credits", "test_mode": False, "used": -15, "deferred": None},
        {**ZERO, "unit": "usd", "test_mode": False, "used": -1499},
        {**ZERO, "unit": "jpy", "test_mode": True, "used": -1499},
        {**ZERO, "unit": "kwd", "test_mode": False, "used": -1499},
    ]
    written = rows(roll_forward_csv("2026-10", figures))
    assert [(row["unit"], row["mode"], row["used"]) for row in written] == [
        ("credits", "", "-15"),
        ("usd", "live", "-14.99"),
        ("jpy", "test", "-1499"),
        ("kwd", "live", "-1.499"),
    ]
    assert written[0]["deferred"] == ""


def test_a_posting_is_a_row_with_the_codes_of_the_accountant() -> None:
    (row,) = rows(postings_csv([POSTING], timezone="Europe/Berlin", codes={"revenue": "4400"}))
    assert row == {
        "posting": "ledger-7",
        "date": "2026-10-01T00:30:00+02:00",
        "kind": "spend",
        "debit": "deferred_revenue",
        "credit": "4400",
        "amount": "4.99",
        "currency": "USD",
        "mode": "live",
        "order": "",
    }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum(a1)", "  =1"])
def test_no_text_is_a_formula(text: str) -> None:
    (row,) = rows(postings_csv([{**POSTING, "kind": text}], timezone="UTC", codes={}))
    assert row["kind"] == f"'{text}"


@pytest.mark.parametrize("separator", ["\t", "\r", "\n"])
def test_no_part_of_a_text_is_a_formula(separator: str) -> None:
    (row,) = rows(postings_csv([{**POSTING, "kind": f"{separator}=1"}], timezone="UTC", codes={}))
    assert row["kind"] == f"'{separator}'=1"


def test_the_time_zone_is_utc_and_accounts_have_no_codes_by_default() -> None:
    books = load(CORE_SETTINGS).books
    assert (books.timezone, books.codes) == ("UTC", {})


def test_codes_are_read_by_account() -> None:
    given = {"BOOKS_TIMEZONE": "Europe/Berlin", "BOOKS_ACCOUNTS": "cash=1200, revenue=44-00"}
    books = load({**CORE_SETTINGS, **given}).books
    assert books.timezone == "Europe/Berlin"
    assert books.codes == {"cash": "1200", "revenue": "44-00"}


@pytest.mark.parametrize("given", ["cash", "cash=", "money=1200", "cash==1", "cash=-1", "=1200"])
def test_codes_that_cannot_be_read_are_a_problem(given: str) -> None:
    with pytest.raises(NotConfiguredError) as refused:
        load({**CORE_SETTINGS, "BOOKS_ACCOUNTS": given})
    (problem,) = refused.value.problems
    assert problem.startswith("BOOKS_ACCOUNTS must look like cash=1200")


def test_a_time_zone_that_is_none_is_a_problem() -> None:
    with pytest.raises(NotConfiguredError) as refused:
        load({**CORE_SETTINGS, "BOOKS_TIMEZONE": "two o'clock"})
    assert refused.value.problems == ("BOOKS_TIMEZONE must look like Europe/Berlin",)


def test_the_accounts_are_those_of_the_postings() -> None:
    sql = "".join(
        next((ROOT / "sql").glob(f"*_{topic}.sql")).read_text("utf-8")
        for topic in ("book_postings", "fees_payouts", "balance_postings")
    )
    assert [account for account in ACCOUNTS if f"'{account}'" not in sql] == []
