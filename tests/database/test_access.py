"""Deny by default: every role against every schema, table, view and function, by the catalogue.

ops/access.py lists everything that is granted. make doctor compares with the same list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from ops.access import FUNCTIONS, ROLES, SCHEMAS, TABLES, TRIGGERS, VIEWS
from tests.database.actors import as_anon, as_service, as_user
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
OURS = list(SCHEMAS)


def test_schemas_grant_exactly_what_is_listed(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select n.nspname, r.rolname, p.privilege
        from pg_namespace n
        cross join unnest(%s::text[]) as r (rolname)
        cross join unnest(array['USAGE', 'CREATE']) as p (privilege)
        where n.nspname = any (%s) and has_schema_privilege(r.rolname, n.oid, p.privilege)
        """,
        [list(ROLES), OURS],
    ).fetchall()
    granted = {(row["nspname"], row["rolname"], row["privilege"]) for row in rows}
    assert granted == {
        (schema, role, "USAGE") for schema, users in SCHEMAS.items() for role in users
    }


def test_there_is_no_schema_beside_the_listed_and_supabases(
    database: Connection[dict[str, Any]],
) -> None:
    rows = database.execute(
        """
        select nspname from pg_namespace
        where nspowner = 'postgres'::regrole and nspname <> 'supabase_migrations'
        """
    ).fetchall()
    assert {row["nspname"] for row in rows} == set(OURS)


def test_tables_and_views_grant_exactly_what_is_listed(
    database: Connection[dict[str, Any]],
) -> None:
    rows = database.execute(
        """
        select c.relnamespace::regnamespace || '.' || c.relname as name, r.rolname, p.privilege
        from pg_class c
        cross join unnest(%s::text[]) as r (rolname)
        cross join unnest(%s::text[]) as p (privilege)
        where c.relnamespace = any (%s::text[]::regnamespace[])
            and c.relkind in ('r', 'p', 'v', 'm', 'f')
            and has_table_privilege(r.rolname, c.oid, p.privilege)
        """,
        [list(ROLES), PRIVILEGES, OURS],
    ).fetchall()
    granted = {(row["name"], row["rolname"], row["privilege"]) for row in rows}
    assert granted == {
        (name, role, "SELECT") for name, readers in (TABLES | VIEWS).items() for role in readers
    }


@pytest.mark.parametrize(("listed", "kinds"), [(TABLES, ["r", "p"]), (VIEWS, ["v", "m"])])
def test_every_table_and_view_is_listed(
    database: Connection[dict[str, Any]], listed: dict[str, frozenset[str]], kinds: list[str]
) -> None:
    rows = database.execute(
        """
        select relnamespace::regnamespace || '.' || relname as name from pg_class
        where relnamespace = any (%s::text[]::regnamespace[]) and relkind = any (%s::"char"[])
        """,
        [OURS, kinds],
    ).fetchall()
    assert {row["name"] for row in rows} == set(listed)


def test_sequences_are_granted_to_nobody(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select c.relname from pg_class c, unnest(%s::text[]) as r (rolname)
        where c.relnamespace = any (%s::text[]::regnamespace[]) and c.relkind = 'S'
            and has_sequence_privilege(r.rolname, c.oid, 'USAGE, SELECT, UPDATE')
        """,
        [list(ROLES), OURS],
    ).fetchall()
    assert rows == []


def test_functions_grant_exactly_what_is_listed(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select
            p.pronamespace::regnamespace || '.' || p.proname as name,
            coalesce(
                array_agg(r.rolname) filter (
                    where has_function_privilege(r.rolname, p.oid, 'EXECUTE')
                ),
                '{}'
            ) as roles
        from pg_proc p
        cross join unnest(%s::text[]) as r (rolname)
        where p.pronamespace = any (%s::text[]::regnamespace[])
        group by p.oid, p.pronamespace, p.proname
        """,
        [list(ROLES), OURS],
    ).fetchall()
    assert {row["name"]: set(row["roles"]) for row in rows} == FUNCTIONS


@pytest.mark.parametrize(
    "function", sorted(name for name, callers in FUNCTIONS.items() if callers == {"service_role"})
)
def test_a_function_for_the_server_refuses_others_whatever_is_granted(
    database: Connection[dict[str, Any]], function: str
) -> None:
    """A dump restored into a new project grants every function in public to anon."""
    rows = database.execute(
        "select oid::regprocedure::text as signature, pronargs - pronargdefaults as arguments"
        " from pg_proc where pronamespace::regnamespace || '.' || proname = %s",
        [function],
    ).fetchall()
    assert rows
    for row in rows:
        nulls = ", ".join(["null"] * row["arguments"])
        call = f"select {function}({nulls})"
        with database.transaction(force_rollback=True):
            grant = f"grant execute on function {row['signature']} to anon, authenticated"
            database.execute(grant)
            for actor in (as_anon(database), as_user(database, Order().user_id)):
                with (
                    actor,
                    pytest.raises(psycopg.errors.InsufficientPrivilege, match="only the server"),
                    database.transaction(),
                ):
                    database.execute(call)


def test_every_trigger_is_listed_with_its_mode(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select c.relnamespace::regnamespace || '.' || c.relname || '.' || t.tgname as name,
            t.tgenabled::text as mode
        from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = any (%s::text[]::regnamespace[]) and not t.tgisinternal
        """,
        [OURS],
    ).fetchall()
    assert {row["name"]: row["mode"] for row in rows} == TRIGGERS


@pytest.mark.parametrize("statement", ["select purse.price_of('x', 1)", "table purse.hold_lots"])
def test_the_internals_are_out_of_everybodys_reach(
    database: Connection[dict[str, Any]], statement: str
) -> None:
    for actor in (as_anon(database), as_user(database, Order().user_id), as_service(database)):
        with actor, pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema purse"):
            database.execute(statement)


def test_row_security_is_on_for_every_table(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select relname from pg_class
        where relnamespace = any (%s::text[]::regnamespace[])
            and relkind in ('r', 'p') and not relrowsecurity
        """,
        [OURS],
    ).fetchall()
    assert rows == []


def test_every_view_reads_with_its_callers_rights(database: Connection[dict[str, Any]]) -> None:
    rows = database.execute(
        """
        select relname from pg_class
        where relnamespace = any (%s::text[]::regnamespace[]) and relkind in ('v', 'm')
            and not coalesce('security_invoker=true' = any (reloptions), false)
        """,
        [OURS],
    ).fetchall()
    assert rows == []


def test_every_function_has_an_empty_search_path(database: Connection[dict[str, Any]]) -> None:
    """A setting also keeps Postgres from inlining a function into a prepared statement.

    PostgREST keeps prepared statements. An inlined function is not checked again when another role
    uses the same connection, so a user could call what only the service role may.
    """
    rows = database.execute(
        """
        select proname from pg_proc
        where pronamespace = any (%s::text[]::regnamespace[])
            and not coalesce('search_path=""' = any (proconfig), false)
        """,
        [OURS],
    ).fetchall()
    assert rows == []


def test_everything_says_what_it_is(database: Connection[dict[str, Any]]) -> None:
    """Comments show in the dashboard, where support looks."""
    rows = database.execute(
        """
        select nspname as name from pg_namespace
        where nspname = any (%(ours)s) and obj_description(oid, 'pg_namespace') is null
        union all
        select relname from pg_class
        where relnamespace = any (%(ours)s::text[]::regnamespace[]) and relkind in ('r', 'v')
            and obj_description(oid, 'pg_class') is null
        union all
        select proname from pg_proc
        where pronamespace = any (%(ours)s::text[]::regnamespace[])
            and obj_description(oid, 'pg_proc') is null
        """,
        {"ours": OURS},
    ).fetchall()
    assert rows == []


@pytest.mark.parametrize(
    "table",
    [
        "user_credits",
        "credit_lots",
        "credit_lot_rows",
        "credit_transactions",
        "credit_entries",
        "purchases",
    ],
)
def test_a_user_reads_their_own_rows_only(database: Connection[dict[str, Any]], table: str) -> None:
    mine, theirs = Order(), Order()
    for order in (mine, theirs):
        _settle(database, order)
    with as_user(database, mine.user_id):
        rows = database.execute(f"select user_id::text from {table}").fetchall()
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
            database.execute(statement.format(table))


def test_anon_reads_no_entries(database: Connection[dict[str, Any]]) -> None:
    with as_anon(database), pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("select from credit_entries")


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
        "delete from user_credits",
        "truncate user_credits cascade",
        "update user_credits set user_id = gen_random_uuid()",
    ],
)
def test_the_ledger_refuses_change_whoever_asks(
    database: Connection[dict[str, Any]], statement: str
) -> None:
    _settle(database, Order())
    with pytest.raises(psycopg.errors.RestrictViolation), database.transaction():
        database.execute(statement)


def test_the_ledger_refuses_change_from_a_replica_too(stack: RunningStack) -> None:
    """A session that plays the replica skips ordinary triggers; a superuser may be one."""
    with stack.connect() as database:
        row = database.execute(
            "select array_agg(tgenabled::text) as modes from pg_trigger"
            " where tgname in ('credit_transactions_only_grow', 'user_credits_stay')"
        ).fetchone()
    assert row == {"modes": ["A", "A"]}


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
