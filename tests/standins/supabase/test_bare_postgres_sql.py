"""ops/bare_postgres.sql gives a bare Postgres the roles, schema and defaults of a project."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tests.standins.supabase.services import PASSWORD, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.postgres import Postgres


@contextmanager
def acting_as(database: Postgres, role: str) -> Iterator[psycopg.Connection]:
    """Act as a role in a transaction that is rolled back."""
    with psycopg.connect(database.url("postgres", PASSWORD)) as connection:
        if role != "postgres":
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        yield connection
        connection.rollback()


def one(connection: psycopg.Connection, query: str) -> Any:
    """Return the only value of the only row."""
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_it_can_run_again(database: Postgres) -> None:
    with psycopg.connect(database.url()) as connection:
        connection.execute((ROOT / "ops/bare_postgres.sql").read_bytes())
        connection.rollback()


def test_the_projects_owner_is_no_superuser(database: Postgres) -> None:
    with acting_as(database, "postgres") as connection:
        assert one(connection, "select rolsuper from pg_roles where rolname = 'postgres'") is False
        assert one(connection, "select nspowner::regrole from pg_namespace where nspname='public'")


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_a_new_table_is_granted_to_nobody(database: Postgres, role: str) -> None:
    with acting_as(database, "postgres") as connection:
        connection.execute("create table public.fresh (id integer)")
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from public.fresh")


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_a_new_function_is_open_until_it_is_revoked_by_name(database: Postgres, role: str) -> None:
    with acting_as(database, "postgres") as connection:
        connection.execute("create function public.fresh() returns integer return 1")
        connection.execute("revoke execute on function public.fresh() from public")
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        assert one(connection, "select public.fresh()") == 1


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
@pytest.mark.parametrize("table", ["users", "sessions", "refresh_tokens"])
def test_the_api_roles_cannot_read_accounts(database: Postgres, role: str, table: str) -> None:
    with (
        acting_as(database, role) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(sql.SQL("select * from auth.{}").format(sql.Identifier(table)))


def test_the_owner_reads_users_but_no_sessions(database: Postgres) -> None:
    with acting_as(database, "postgres") as connection:
        assert one(connection, "select count(*) >= 0 from auth.users") is True
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from auth.sessions")


def test_the_owner_cannot_write_users(database: Postgres) -> None:
    with (
        acting_as(database, "postgres") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("delete from auth.users")


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role", "postgres"])
def test_everybody_may_ask_who_is_asking(database: Postgres, role: str) -> None:
    with acting_as(database, role) as connection:
        assert one(connection, "select auth.uid()") is None
        assert one(connection, "select auth.jwt()") is None
        connection.execute(
            """
            select set_config('request.jwt.claims', %s, true)
            """,
            ['{"sub": "11111111-2222-4333-8444-555555555555", "role": "x", "email": "a@b.c"}'],
        )
        assert str(one(connection, "select auth.uid()")) == "11111111-2222-4333-8444-555555555555"
        assert one(connection, "select auth.role()") == "x"
        assert one(connection, "select auth.email()") == "a@b.c"
        assert one(connection, "select auth.jwt() ->> 'role'") == "x"


def test_the_authenticator_may_do_nothing_by_itself(database: Postgres) -> None:
    with (
        psycopg.connect(database.url("authenticator", PASSWORD)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("select count(*) from auth.users")


def test_the_service_is_not_held_by_row_security(database: Postgres) -> None:
    with acting_as(database, "postgres") as connection:
        assert one(connection, "select rolbypassrls from pg_roles where rolname = 'service_role'")
        assert not one(
            connection,
            "select bool_or(rolbypassrls) from pg_roles"
            " where rolname in ('anon', 'authenticated', 'authenticator')",
        )
