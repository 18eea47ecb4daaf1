"""stripe_currencies and the prices that credit_packages takes: only what Stripe will charge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from api._lib.money import decimals, money
from local.stripe.payments import currencies as stand_in

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def table(database: Database) -> dict[str, dict[str, Any]]:
    rows = database.execute("select * from stripe_currencies()").fetchall()
    return {row["currency"]: row for row in rows}


def offer(database: Database, unit_amount: int, currency: str) -> dict[str, Any]:
    """Offer a pack at a price, look at the catalogue, and undo it."""
    with database.transaction(force_rollback=True):
        database.execute(
            "insert into credit_packages (id, name, credits, unit_amount, currency)"
            " values ('tested', 'Tested', 10, %s, %s)",
            [unit_amount, currency],
        )
        row = database.execute("select read_catalogue() as catalogue").fetchone()
    assert row is not None
    return next(pack for pack in row["catalogue"]["packages"] if pack["id"] == "tested")


@pytest.mark.parametrize(
    ("currency", "decimals_"),
    [("usd", 2), ("huf", 2), ("isk", 2), ("ugx", 2), ("idr", 2), ("jpy", 0), ("kwd", 3)],
)
def test_the_catalogue_says_how_stripe_counts_each_currency(
    database: Database, currency: str, decimals_: int
) -> None:
    assert offer(database, 1_000_000, currency)["decimals"] == decimals_
    row = database.execute("select read_catalogue() -> 'currencies' as served").fetchone()
    assert row is not None
    assert row["served"][currency]["decimals"] == decimals_


def test_operators_and_the_stand_in_count_as_the_catalogue_does(database: Database) -> None:
    known = table(database)
    assert {*known} == stand_in.CURRENCIES
    for currency, row in known.items():
        assert decimals(currency) == stand_in.decimals(currency) == row["decimals"]
        assert stand_in.step(currency) == row["step"]
        assert stand_in.minimum_charge(currency) == row["minimum"]
        assert row["minimum"] % row["step"] == 0


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (499, "usd", "4.99 USD"),
        (499_000, "huf", "4,990.00 HUF"),
        (12_340, "kwd", "12.340 KWD"),
        (500, "jpy", "500 JPY"),
        (50_000, "ugx", "500.00 UGX"),
    ],
)
def test_operators_see_what_is_charged(amount: int, currency: str, shown: str) -> None:
    assert money(amount, currency) == shown


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        *((49, "usd"), (49, "jpy"), (17_499, "huf"), (199, "aed"), (29, "gbp"), (40, "kwd")),
        *((499_050, "isk"), (499_010, "ugx"), (12_345, "kwd"), (1_001, "bhd")),
        *((500, "zzz"), (500, "xau")),
    ],
)
def test_a_price_that_stripe_refuses_is_refused_when_written(
    database: Database, amount: int, currency: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match=currency):
        offer(database, amount, currency)
    with database.transaction(force_rollback=True), pytest.raises(psycopg.errors.CheckViolation):
        database.execute(
            "update credit_packages set unit_amount = %s, currency = %s where id = 'starter'",
            [amount, currency],
        )


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        *((50, "usd"), (50, "jpy"), (17_500, "huf"), (200, "aed"), (30, "gbp"), (50, "kwd")),
        *((499_000, "isk"), (499_000, "ugx"), (12_340, "kwd"), (17_501, "huf")),
    ],
)
def test_a_price_that_stripe_takes_is_taken(database: Database, amount: int, currency: str) -> None:
    assert offer(database, amount, currency)["unit_amount"] == amount
