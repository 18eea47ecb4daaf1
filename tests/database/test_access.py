"""Deny by default: every role against every table and every function, by the catalogue itself.

The whole of what is granted stands in ops/access.py, with which make doctor compares too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from ops.access import FUNCTIONS, ROLES, TABLES
from tests.database.actors import as_anon, as_service, as_user
from tests.support import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]


def test_tables_grant_exactly_what_is_listed(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select c.relname, r.rolname, p.privilege
        from pg_class c
        cross join unnest(%s::text[]) as r (rolname)
        cross join unnest(%s::text[]) as p (privilege)
        where c.relnamespace = 'public'::regnamespace
            and c.relkind in ('r', 'p', 'v', 'm', 'f')
            and has_table_privilege(r.rolname, c.oid, p.privilege)
        """,
        [list(ROLES), PRIVILEGES],
    ).fetchall()
    granted = {(row["relname"], row["rolname"], row["privilege"]) for row in rows}
    assert granted == {
        (table, role, "SELECT") for table, readers in TABLES.items() for role in readers
    }


def test_sequences_are_granted_to_nobody(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select c.relname from pg_class c, unnest(%s::text[]) as r (rolname)
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
            and has_sequence_privilege(r.rolname, c.oid, 'USAGE, SELECT, UPDATE')
        """,
        [list(ROLES)],
    ).fetchall()
    assert rows == []


def test_functions_grant_exactly_what_is_listed(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select
            p.proname,
            coalesce(
                array_agg(r.rolname) filter (
                    where has_function_privilege(r.rolname, p.oid, 'EXECUTE')
                ),
                '{}'
            ) as roles
        from pg_proc p
        cross join unnest(%s::text[]) as r (rolname)
        where p.pronamespace = 'public'::regnamespace
        group by p.oid, p.proname
        """,
        [list(ROLES)],
    ).fetchall()
    assert {row["proname"]: set(row["roles"]) for row in rows} == FUNCTIONS


def test_row_security_is_on_for_every_table(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select relname from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity
        """
    ).fetchall()
    assert rows == []


def test_every_function_has_an_empty_search_path(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select proname from pg_proc
        where pronamespace = 'public'::regnamespace
            and not coalesce('search_path=""' = any (proconfig), false)
        """
    ).fetchall()
    assert rows == []


def test_everything_says_what_it_is(database: Connection[dict[str, Any]]) -> None:
    """Comments show in the dashboard, where support looks."""
    rows = database.execute(
        """
        select relname as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')
            and obj_description(oid, 'pg_class') is null
        union all
        select proname from pg_proc
        where pronamespace = 'public'::regnamespace and obj_description(oid, 'pg_proc') is null
        """
    ).fetchall()
    assert rows == []


@pytest.mark.parametrize("table", ["user_credits", "credit_transactions", "purchases"])
def test_a_user_reads_their_own_rows_only(database: Connection[dict[str, Any]], table: str) -> None:
    mine, theirs = Order(), Order()
    for order in (mine, theirs):
        _settle(database, order)
    with as_user(database, mine.user_id):
        rows = database.execute(f"select user_id::text from {table}").fetchall()  # type: ignore[arg-type]
    assert [row["user_id"] for row in rows] == [mine.user_id]


@pytest.mark.parametrize("table", sorted(TABLES))
@pytest.mark.parametrize(
    "statement", ["insert into {} default values", "delete from {}", "truncate {}"]
)
def test_nobody_writes_a_table(
    database: Connection[dict[str, Any]], table: str, statement: str
) -> None:
    for actor in (as_anon(database), as_user(database, Order().user_id), as_service(database)):
        with actor, pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute(statement.format(table))  # type: ignore[arg-type]


def test_a_user_cannot_set_their_own_balance(database: Connection[dict[str, Any]]) -> None:
    order = Order()
    _settle(database, order)
    for actor in (as_user(database, order.user_id), as_service(database)):
        with actor, pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.execute("update user_credits set balance = 1000000")


@pytest.mark.parametrize(
    "statement",
    [
        "update credit_transactions set amount = 1",
        "delete from credit_transactions",
        "truncate credit_transactions cascade",
    ],
)
def test_the_ledger_refuses_change_whoever_asks(
    database: Connection[dict[str, Any]], statement: str
) -> None:
    _settle(database, Order())
    with pytest.raises(psycopg.errors.RestrictViolation), database.transaction():
        database.execute(statement)  # type: ignore[arg-type]


def test_the_ledger_refuses_change_from_a_replica_too(stack: RunningStack) -> None:
    """A session that plays the replica skips ordinary triggers; a superuser may be one."""
    with stack.connect() as database:
        row = database.execute(
            "select tgenabled from pg_trigger where tgname = 'credit_transactions_only_grow'"
        ).fetchone()
    assert row == {"tgenabled": "A"}


def test_packs_off_sale_are_hidden(database: Connection[dict[str, Any]]) -> None:
    with database.transaction(force_rollback=True):
        database.execute("update credit_packages set active = false where id = 'creator'")
        with as_anon(database):
            rows = database.execute("select id from credit_packages order by sort_order").fetchall()
            catalogue = database.execute("select read_catalogue() as c").fetchone()
    assert [row["id"] for row in rows] == ["starter", "professional"]
    assert catalogue is not None
    assert [pack["id"] for pack in catalogue["c"]["packages"]] == ["starter", "professional"]


def _settle(database: Connection[dict[str, Any]], order: Order) -> None:
    database.execute("select record_facts(%s)", [Jsonb(order.facts("paid"))])
