"""Every ledger row is complete, and its lots add up to its amount."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.actors import as_user
from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

SIGNED = {"actor": "ann", "reason": "because"}
USED = {"feature": "docx_processing", "quantity": 1}


def write(database: Database, kind: str, amount: int, **more: Any) -> None:
    purse = Purse(database)
    purse.buy(10)
    row = database.execute(
        "select id, purchase_id from credit_transactions where user_id = %s", [purse.user_id]
    ).fetchone()
    assert row is not None
    values = {
        "user_id": purse.user_id,
        "kind": kind,
        "amount": amount,
        "lots": "{}",
        "balance_after": 0,
        **more,
    }
    if more.get("purchase_id"):
        values["purchase_id"] = row["purchase_id"]
    if more.get("reverses_id"):
        values["reverses_id"] = row["id"]
    columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
    with database.transaction(force_rollback=True):
        database.execute(
            f"insert into credit_transactions ({columns}) values ({places})",
            list(values.values()),
        )


@pytest.mark.parametrize(
    ("kind", "amount", "more"),
    [
        ("spend", -5, USED),
        ("purchase", 5, {"purchase_id": True}),
        ("clawback", -5, {"purchase_id": True}),
        ("giveback", 5, {"purchase_id": True}),
        ("reversal", 5, {"reverses_id": True, **SIGNED}),
        ("bonus", 5, SIGNED),
        ("correction", 5, SIGNED),
        ("correction", -5, SIGNED),
        ("expiry", -5, {}),
        ("expiry_reversal", 5, {}),
        ("move_out", -5, SIGNED),
        ("move_out", 5, SIGNED),
        ("move_in", 5, SIGNED),
        ("move_in", -5, SIGNED),
    ],
)
def test_a_row_with_the_wrong_sign_or_without_a_required_field_is_refused(
    database: Database, kind: str, amount: int, more: dict[str, Any]
) -> None:
    write(database, kind, amount, **more)
    if kind not in ("correction", "move_out", "move_in"):
        with pytest.raises(psycopg.errors.CheckViolation):
            write(database, kind, -amount, **more)
    for missing in more:
        with pytest.raises(psycopg.errors.CheckViolation):
            write(database, kind, amount, **{**more, missing: None})


@pytest.mark.parametrize(
    ("kind", "amount", "more"),
    [
        ("gift", 5, SIGNED),
        ("spend", 0, USED),
        ("spend", -(2**53), USED),
        ("spend", -(2**63), USED),
        ("correction", 0, SIGNED),
        ("correction", 2**53, SIGNED),
        ("correction", -(2**53), SIGNED),
        ("correction", -(2**63), SIGNED),
        ("correction", 5, {**SIGNED, "balance_after": 2**53}),
        ("correction", 5, {**SIGNED, "balance_after": -(2**63)}),
        ("move_in", 0, SIGNED),
        ("spend", -5, {**USED, "idempotency_key": ""}),
        ("spend", -5, {**USED, "idempotency_key": "x" * 256}),
        ("spend", -5, {**USED, "idempotency_key": "tab\there"}),
    ],
)
def test_a_value_that_cannot_be_is_refused(
    database: Database, kind: str, amount: int, more: dict[str, Any]
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        write(database, kind, amount, **more)


@pytest.mark.parametrize(
    "lots",
    [{}, {"own": -4}, {"own": -5, "second": -1}, {"own": -3, "foreign": -2}, {"foreign": -5}, None],
)
def test_lots_that_do_not_add_up_to_the_amount_are_refused(
    database: Database, lots: dict[str, int] | None
) -> None:
    """A lot of another user does not count, and nothing is moved."""
    purse, other = Purse(database), Purse(database)
    for of in (purse, other):
        of.buy(10)
    purse.buy(10)
    own, second = (lot["id"] for lot in lots_of(purse))
    ids = {"own": own, "second": second, "foreign": lots_of(other)[0]["id"]}
    moved = None if lots is None else {str(ids[name]): part for name, part in lots.items()}
    with pytest.raises(psycopg.errors.CheckViolation, match="do not add up to -5 credits"):
        post(database, purse, moved)
    assert (purse.lots(), purse.balance, other.lots()) == ([10, 10], 20, [10])
    purse.adds_up()
    post(database, purse, {str(own): -2, str(second): -3})
    assert (purse.lots(), purse.balance) == ([8, 7], 15)
    purse.adds_up()


def post(database: Database, purse: Purse, lots: dict[str, int] | None) -> None:
    database.execute(
        """
        select purse.post_transaction(
            %s, 'spend', -5, %s, p_feature => 'docx_processing', p_quantity => 1
        )
        """,
        [purse.user_id, lots if lots is None else Jsonb(lots)],
    )


def lots_of(purse: Purse) -> list[dict[str, Any]]:
    return purse.database.execute(
        "select id from credit_lots where user_id = %s order by id", [purse.user_id]
    ).fetchall()


def test_entries_are_the_ledger_lot_by_lot(database: Database) -> None:
    purse = Purse(database)
    order = purse.buy(10)
    purse.grant(3, days=1)
    purse.spend()
    pack, bonus = (lot["id"] for lot in lots_of(purse))
    with as_user(database, purse.user_id):
        rows = database.execute(
            """
            select lot_id, credits, kind, purchase_id::text, feature
            from credit_entries order by transaction_id, lot_id
            """
        ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        (pack, 10, "purchase", order.order_id, None),
        (bonus, 3, "bonus", None, None),
        (pack, -2, "spend", None, "docx_processing"),
        (bonus, -3, "spend", None, "docx_processing"),
    ]
