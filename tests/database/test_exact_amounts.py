"""Amounts of credits stay within the integers that a browser's numbers hold exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

# Number.MAX_SAFE_INTEGER
LARGEST = 2**53 - 1
DOMAINS = {
    "credit_count": (0, LARGEST),
}


@pytest.mark.parametrize(("domain", "bounds"), DOMAINS.items(), ids=DOMAINS)
def test_an_amount_has_the_bounds_of_a_number_in_javascript(
    database: Connection[dict[str, Any]], domain: str, bounds: tuple[int, int]
) -> None:
    cast = sql.SQL("select %s::bigint::public.{}").format(sql.Identifier(domain))
    smallest, largest = bounds
    for amount in bounds:
        database.execute(cast, [amount])
    for amount in (smallest - 1, largest + 1):
        with pytest.raises(psycopg.errors.CheckViolation):
            database.execute(cast, [amount])


def test_a_balance_does_not_pass_the_bound(database: Connection[dict[str, Any]]) -> None:
    with database.transaction(force_rollback=True):
        purse = Purse(database)
        purse.buy(500)
        database.execute(
            "update user_credits set balance = %s where user_id = %s", [LARGEST, purse.user_id]
        )
        with pytest.raises(psycopg.errors.CheckViolation):
            purse.buy(500)
