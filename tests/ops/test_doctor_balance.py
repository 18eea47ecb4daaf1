"""make doctor says when Stripe's balance transactions were not read for long."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests import shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ops.conftest import Operator

OLD = "Stripe's balance transactions were last read to the end"
FRESH = "Fees and payouts are in the books until"
NEVER = "Stripe's balance transactions were never read to the end"
# Without a key, nothing may be sold.
NO_KEY = {"PAYMENTS_ENABLED": "off", "STRIPE_SECRET_KEY": "", "STRIPE_WEBHOOK_SECRET": ""}


@contextmanager
def read_before(operator: Operator, age: str) -> Iterator[None]:
    """Let the last complete reading be so old for as long as the block lasts."""
    operator.tamper(
        "insert into balance_readings (livemode, reached_at, finished_at, money_id)"
        " values (false, now() - %s::interval, now() - %s::interval, 0)",
        age,
        age,
    )
    try:
        yield
    finally:
        operator.tamper("delete from balance_readings")


def said(operator: Operator, **environ: str) -> tuple[int, str]:
    """Run doctor; return its exit status, and its output on one line."""
    outcome = operator.run("doctor", **environ)
    return outcome.status, " ".join(outcome.text.split())


def test_a_reading_that_never_ended_is_noted_once_somebody_has_paid(operator: Operator) -> None:
    # No other test of this file sells anything.
    status, text = said(operator)
    assert status == 0, text
    assert not any(sentence in text for sentence in (OLD, FRESH, NEVER))
    shop.buy(operator.stack, operator.stack.sign_up())
    status, text = said(operator)
    assert status == 0, text
    assert f"note {NEVER}, so the books lack fees and payouts." in text
    without_key = said(operator, **NO_KEY)[1]
    assert "nothing was compared with Stripe" in without_key
    assert NEVER not in without_key
    try:
        assert operator.stack.scheduled("/api/reconcile").status_code == 200
        status, text = said(operator)
    finally:
        operator.tamper("delete from balance_readings")
    assert status == 0, text
    assert f"ok {FRESH} 20" in text


def test_an_old_reading_is_wrong_and_make_books_mends_it(
    operator: Operator, tmp_path: Path
) -> None:
    with read_before(operator, "73 hours"):
        status, text = said(operator)
        assert status == 1, text
        assert f"WRONG {OLD} 3 days ago. Fees and payouts since then are missing" in text
        assert "A restricted key needs the right to read balance transactions" in text
        (month,) = re.findall(
            r"> The log of /api/reconcile says why\. Now: make books MONTH=(\S+)", text
        )
        outcome = operator.run("books", month, "--out", str(tmp_path))
        assert outcome.status == 0, outcome.text
        status, text = said(operator)
    assert status == 0, text
    assert f"ok {FRESH} 20" in text


def test_an_old_reading_is_noted_where_there_is_no_key(operator: Operator) -> None:
    with read_before(operator, "73 hours"):
        text = said(operator, **NO_KEY)[1]
    assert f"note {OLD} 3 days ago." in text
    assert f"WRONG {OLD}" not in text


def test_a_reading_of_less_than_three_days_ago_is_right(operator: Operator) -> None:
    with read_before(operator, "71 hours"):
        status, text = said(operator)
    assert status == 0, text
    assert f"ok {FRESH} 20" in text
    assert OLD not in text
