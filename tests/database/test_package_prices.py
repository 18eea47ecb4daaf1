"""Prices of packs in further currencies: what is taken, and which one an order is made at."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.actors import as_anon, as_user
from tests.database.locks import waits
from tests.support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def pack(database: Database) -> Iterator[str]:
    """A pack at 4.99 USD, of this test alone."""
    id_ = f"pack_{uuid.uuid4().hex[:12]}"
    database.execute(
        "insert into credit_packages (id, name, credits, unit_amount) values (%s, 'Own', 500, 499)",
        [id_],
    )
    yield id_
    database.execute("delete from credit_packages where id = %s", [id_])


def price(database: Database, pack: str, currency: str, unit_amount: int) -> None:
    database.execute(
        "insert into package_prices values (%s, %s, %s)", [pack, currency, unit_amount]
    )


def begin(database: Database, pack: str, currency: str | None, **more: Any) -> dict[str, Any]:
    arguments = {"user": str(uuid.uuid4()), "key": None, **more}
    row = database.execute(
        "select begin_purchase(p_user_id => %(user)s, p_package_id => %(pack)s,"
        " p_livemode => false, p_orders_per_minute => 10, p_idempotency_key => %(key)s,"
        " p_currency => %(currency)s) as answer",
        {**arguments, "pack": pack, "currency": currency},
    ).fetchone()
    assert row is not None
    answer: dict[str, Any] = row["answer"]
    return answer


def in_catalogue(database: Database, pack: str) -> dict[str, Any]:
    row = database.execute("select read_catalogue() -> 'packages' as packages").fetchone()
    assert row is not None
    return next(each for each in row["packages"] if each["id"] == pack)


def refusal(database: Database, statement: str, values: list[Any]) -> tuple[str, str | None]:
    with pytest.raises(psycopg.DatabaseError) as refused:
        database.execute(statement, values)
    return str(refused.value.sqlstate), refused.value.diag.message_detail


@pytest.mark.parametrize(
    ("currency", "ordered"),
    [
        ("eur", ("eur", 449)),
        ("jpy", ("jpy", 700)),
        ("kwd", ("kwd", 1530)),
        ("usd", ("usd", 499)),
        ("gbp", ("usd", 499)),
        ("zzz", ("usd", 499)),
        (None, ("usd", 499)),
    ],
)
def test_an_order_is_in_the_buyers_currency_or_in_the_packs_own(
    database: Database, pack: str, currency: str | None, ordered: tuple[str, int]
) -> None:
    for other, amount in (("eur", 449), ("jpy", 700), ("kwd", 1530)):
        price(database, pack, other, amount)
    begun = begin(database, pack, currency)
    assert (begun["currency"], begun["unit_amount"]) == ordered
    row = database.execute(
        "select currency, unit_amount, currency_asked from purchases where id = %s",
        [begun["order_id"]],
    ).fetchone()
    assert row == {"currency": ordered[0], "unit_amount": ordered[1], "currency_asked": currency}


def test_an_order_keeps_the_price_it_began_with(database: Database, pack: str) -> None:
    price(database, pack, "eur", 449)
    user = str(uuid.uuid4())
    first = begin(database, pack, "eur", user=user, key="one")
    database.execute("delete from package_prices where package_id = %s", [pack])
    again = begin(database, pack, "eur", user=user, key="one")
    assert (again["order_id"], again["currency"], again["unit_amount"]) == (
        first["order_id"],
        "eur",
        449,
    )
    with pytest.raises(psycopg.DatabaseError) as refused:
        begin(database, pack, "jpy", user=user, key="one")
    assert refused.value.diag.message_detail == "idempotency_key_reused"


def test_the_catalogue_has_the_own_price_first_and_everybody_reads_it(
    database: Database, pack: str
) -> None:
    price(database, pack, "kwd", 1530)
    price(database, pack, "eur", 449)
    expected = [
        {"currency": "usd", "unit_amount": 499, "decimals": 2},
        {"currency": "eur", "unit_amount": 449, "decimals": 2},
        {"currency": "kwd", "unit_amount": 1530, "decimals": 3},
    ]
    assert in_catalogue(database, pack)["prices"] == expected
    with as_anon(database):
        assert in_catalogue(database, pack)["prices"] == expected
    with as_user(database, str(uuid.uuid4())):
        assert in_catalogue(database, pack)["prices"] == expected


def test_prices_of_a_pack_that_is_not_on_sale_are_not_shown(database: Database, pack: str) -> None:
    price(database, pack, "eur", 449)
    database.execute("update credit_packages set active = false where id = %s", [pack])
    with as_anon(database):
        rows = database.execute("select from package_prices where package_id = %s", [pack])
        assert rows.fetchall() == []


@pytest.mark.parametrize(
    ("amount", "currency"),
    [(49, "eur"), (49, "jpy"), (17_499, "huf"), (1_001, "bhd"), (499_050, "isk"), (500, "zzz")],
)
def test_a_price_that_stripe_refuses_is_refused_when_written(
    database: Database, pack: str, amount: int, currency: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match=currency):
        price(database, pack, currency, amount)
    price(database, pack, "eur", 449)
    with pytest.raises(psycopg.errors.CheckViolation, match=currency):
        database.execute(
            "update package_prices set currency = %s, unit_amount = %s where package_id = %s",
            [currency, amount, pack],
        )


def test_a_pack_has_one_price_in_a_currency(database: Database, pack: str) -> None:
    taken = ("PT409", "currency_taken")
    assert refusal(database, "insert into package_prices values (%s, 'usd', 399)", [pack]) == taken
    price(database, pack, "eur", 449)
    change = "update credit_packages set currency = 'eur' where id = %s"
    assert refusal(database, change, [pack]) == taken
    move = "update package_prices set currency = 'usd' where package_id = %s"
    assert refusal(database, move, [pack]) == taken
    database.execute("delete from package_prices where package_id = %s", [pack])
    database.execute(change, [pack])


@pytest.mark.parametrize("own_first", [True, False])
def test_of_two_at_once_one_gets_the_currency(
    stack: RunningStack, database: Database, pack: str, *, own_first: bool
) -> None:
    change = "update credit_packages set currency = 'eur' where id = %s"
    add = "insert into package_prices values (%s, 'eur', 449)"
    first_writes, second_writes = (change, add) if own_first else (add, change)
    with (
        ThreadPoolExecutor(1) as pool,
        stack.connect() as first,
        stack.connect() as second,
        stack.connect() as observer,
    ):
        with first.transaction():
            first.execute(first_writes, [pack])
            outcome = pool.submit(refusal, second, second_writes, [pack])
            until(lambda: outcome.done() or waits(observer, second), "the second waits")
            assert not outcome.done()
        assert outcome.result(30) == ("PT409", "currency_taken")
    prices = in_catalogue(database, pack)["prices"]
    assert [each["currency"] for each in prices].count("eur") == 1
