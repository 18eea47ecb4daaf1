"""A ledger row is whole, whoever writes it: each kind has its sign and what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

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
    values = {"user_id": purse.user_id, "kind": kind, "amount": amount, "lots": "{}", **more}
    if more.get("purchase_id"):
        values["purchase_id"] = row["purchase_id"]
    if more.get("reverses_id"):
        values["reverses_id"] = row["id"]
    columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
    with database.transaction(force_rollback=True):
        database.execute(
            f"insert into credit_transactions (balance_after, {columns}) values (0, {places})",  # type: ignore[arg-type]
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
    ],
)
def test_a_whole_row_is_taken_and_the_wrong_sign_or_half_of_it_is_not(
    database: Database, kind: str, amount: int, more: dict[str, Any]
) -> None:
    write(database, kind, amount, **more)
    if kind != "correction":
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
