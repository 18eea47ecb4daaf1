"""A deleted account is refused by every function for a person, and reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.actors import as_user
from tests.database.forgetting import PERSONS, forget
from tests.database.purse import Purse, key

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


@pytest.mark.parametrize("function", sorted(PERSONS))
@pytest.mark.parametrize("has_money", [False, True], ids=["empty", "paid after the deletion"])
def test_every_function_for_a_person_refuses_a_deleted_one(
    purse: Purse, function: str, *, has_money: bool
) -> None:
    forget(purse)
    if has_money:
        purse.buy(500)
    assert purse.refusal(function, *PERSONS[function](purse)) == ("PT403", "account_deleted")


def test_every_function_that_takes_a_person_is_tried_here(purse: Purse) -> None:
    """Those left out serve Stripe, operators, staff or the deletion itself."""
    rows = purse.database.execute(
        """
        select distinct p.proname as name from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.proargnames && array['p_user_id']
        """
    ).fetchall()
    others = {
        *("explain_balance", "mail_recipient", "owner_of_purse", "renew_stripe_customer"),
        *("forget_user", "forget_files", "forgetting_work", "finish_forgetting"),
        *("desk_act", "desk_person", "desk_verdict"),
    }
    assert {row["name"] for row in rows} - others <= set(PERSONS)


def test_a_replay_and_a_batch_are_refused_too(purse: Purse) -> None:
    purse.buy(500)
    spent = purse.spend(key="k")
    forget(purse)
    arguments = (purse.user_id, "docx_processing", 1, "k")
    assert purse.refusal("spend_credits", *arguments) == ("PT403", "account_deleted")
    found = purse.refusal("reverse_spend", int(spent["transaction_id"]), "ann", "why")
    assert found == ("PT403", "account_deleted")
    spend = {"user_id": purse.user_id, "feature": "docx_processing", "quantity": 1}
    batch = [{**spend, "idempotency_key": name} for name in ("k", key())]
    assert (
        purse.call("spend_batch", psycopg.types.json.Jsonb(batch))
        == [{"outcome": "refused", "code": "account_deleted"}] * 2
    )


def test_nothing_moves_into_a_deleted_account(database: Database, purse: Purse) -> None:
    guest = Purse(database)
    guest.buy(500)
    forget(purse)
    arguments = (guest.user_id, purse.user_id, "ann", "why")
    assert guest.refusal("move_purse", *arguments) == ("PT403", "account_deleted")
    assert guest.balance == 500


READ_BY_PEOPLE = (
    *("user_credits", "credit_lots", "credit_transactions", "credit_entries", "credit_holds"),
    *("purchases", "files"),
)


def test_row_level_security_shows_a_deleted_person_nothing(purse: Purse) -> None:
    purse.buy(500)
    purse.hold()
    purse.call("begin_file", *PERSONS["begin_file"](purse))

    def seen() -> dict[str, bool]:
        with as_user(purse.database, purse.user_id):
            rows = {
                table: purse.database.execute(f"select from {table} limit 1").fetchone()
                for table in READ_BY_PEOPLE
            }
        return {table: row is not None for table, row in rows.items()}

    def is_open() -> Any:
        with as_user(purse.database, purse.user_id):
            return purse.call("account_is_open")

    assert set(seen().values()) == {True}
    assert is_open() is True
    forget(purse)
    assert set(seen().values()) == {False}
    assert is_open() is False


def test_every_table_that_people_read_asks_whether_the_account_is_open(database: Database) -> None:
    rows = database.execute(
        """
        select tablename from pg_policies
        where schemaname = 'public' and 'authenticated' = any (roles)
            and qual not like '%account_is_open%'
        """
    ).fetchall()
    # The catalogue is everybody's.
    assert {row["tablename"] for row in rows} == {
        "credit_packages",
        "package_prices",
        "credit_features",
    }
