"""The commands of docs/backup.md, taken from the page: a restored ledger is the same ledger.

Supabase's default privileges grant EXECUTE on every new function in `public` to anon, and a dump
does not take that back. So the tests also ask what anon can do before `make migrate` runs.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from local.ports import reserved
from local.postgres import BINARIES, Postgres
from ops.access import TRIGGERS
from ops.checks.grants import check_access
from ops.migrate import BARE_POSTGRES_SQL, migrate
from tests.database.actors import as_anon, as_service
from tests.database.purse import Purse
from tests.docs.pages import blocks
from tests.support import use_known_seal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Database = psycopg.Connection[dict[str, Any]]

WHOLE, ROWS = ("ledger.sql", "rows.sql")
ONLY_GROW = "credit_transactions_only_grow"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A Postgres server with the roles of a Supabase project, whose owner is no superuser."""
    folder = tmp_path_factory.mktemp("backup")
    with reserved(None, remembered=None) as port:
        server = Postgres(folder, port, "secret")
        server.start()
        yield server
        server.stop()


@pytest.fixture
def shell(server: Postgres, tmp_path: Path) -> dict[str, str]:
    """An environment with a shop to back up and an empty project to restore into."""
    environ = {
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "FOLDER": str(tmp_path),
    }
    for name, variable in (("shop", "DATABASE_URL"), ("fresh", "NEW_DATABASE_URL")):
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"drop database if exists {name} with (force)")
            connection.execute(f"create database {name}")
        url = f"{server.url().removesuffix('/postgres')}/{name}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(BARE_POSTGRES_SQL.read_bytes())
            connection.execute("alter role postgres password 'owner'")
        owner = server.url("postgres", "owner").removesuffix("/postgres")
        environ[variable] = f"{owner}/{name}"
        environ[f"SUPER_{variable}"] = url
    migrate(environ["DATABASE_URL"], report=lambda _line: None)
    return environ


def connect(url: str) -> Database:
    return psycopg.connect(url, autocommit=True, row_factory=dict_row)


def lines(file: str) -> list[str]:
    """Return the page's commands about a dump, in order: from its making to its restore."""
    page = [block for block in blocks("sh") if block.page.name == "backup.md"]
    at = next(number for number, block in enumerate(page) if f"> {file}" in block.text)
    return [line for block in page[at : at + 2] for line in block.lines]


def run(shell: dict[str, str], line: str) -> None:
    """Run a command of the page; make migrate by its function, because it needs no venv here."""
    if line.startswith("make migrate"):
        migrate(shell["NEW_DATABASE_URL"], report=lambda _line: None)
        return
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=shell["FOLDER"],
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr


@pytest.fixture
def shop(shell: dict[str, str]) -> Iterator[Purse]:
    """A buyer's purse in a shop that sold, was spent in, holds, and has other prices now."""
    with connect(shell["DATABASE_URL"]) as database:
        use_known_seal(database)
        purse = Purse(database)
        purse.buy(100)
        purse.reverse(purse.spend()["transaction_id"])
        purse.spend()
        purse.hold()
        database.execute("update credit_packages set unit_amount = 777 where id = 'starter'")
        database.execute("delete from credit_features where id = 'premium_export'")
        yield purse


def everything(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table of ours."""
    tables = database.execute(
        "select oid::regclass::text as relname from pg_class where relkind = 'r'"
        " and relnamespace = any (array['public', 'purse']::regnamespace[]) order by 1"
    ).fetchall()
    return {
        table["relname"]: database.execute(
            f"select to_jsonb(t) as row from {table['relname']} t order by to_jsonb(t)::text"
        ).fetchall()
        for table in tables
    }


def access_problems(database: Database) -> list[str]:
    """Return what make doctor finds wrong with grants and triggers."""
    row = database.execute("select public.doctor() as data").fetchone()
    assert row is not None
    return [
        case
        for finding in check_access(row["data"])
        if finding.level == "WRONG"
        for case in finding.cases
    ]


def goes_on(shell: dict[str, str], shop: Purse) -> None:
    """Assert that the restored ledger is the shop's, and that people can go on spending there."""
    with connect(shell["NEW_DATABASE_URL"]) as database:
        assert everything(database) == everything(shop.database)
        assert access_problems(database) == []
        purse = Purse(database, shop.user_id)
        with as_anon(database), pytest.raises(psycopg.errors.InsufficientPrivilege):
            purse.grant(1)
        with as_service(database):
            before = shop.database.execute("select max(id) as id from credit_transactions")
            newest = before.fetchone()
            spent = purse.spend()
            assert newest is not None
            assert int(spent["transaction_id"]) > newest["id"]
            assert spent["balance"] == shop.balance - 5
            purse.buy(10)
            purse.adds_up()


def test_the_whole_ledger_is_restored_by_the_pages_commands(
    shell: dict[str, str], shop: Purse
) -> None:
    for line in lines(WHOLE):
        if line.startswith("make migrate"):
            _nobody_gets_in_meanwhile(shell, shop)
        if line != "make doctor":
            run(shell, line)
    goes_on(shell, shop)


def _nobody_gets_in_meanwhile(shell: dict[str, str], shop: Purse) -> None:
    """Restored and not migrated yet, every function is granted to anon, and refuses by itself."""
    with connect(shell["NEW_DATABASE_URL"]) as database:
        problems = access_problems(database)
        assert any(problem.startswith("grant_credits(): anon may call it") for problem in problems)
        purse = Purse(database, shop.user_id)
        for act in (lambda: purse.grant(1000), purse.spend, purse.read):
            with (
                as_anon(database),
                pytest.raises(psycopg.errors.InsufficientPrivilege, match="only the server"),
            ):
                act()


def test_rows_alone_keep_edited_prices_and_go_on_counting(
    shell: dict[str, str], shop: Purse
) -> None:
    for line in lines(ROWS):
        if line != "make doctor":
            run(shell, line)
    goes_on(shell, shop)


def test_triggers_that_a_dump_weakened_are_noticed_and_put_back(
    shell: dict[str, str], shop: Purse
) -> None:
    (dump, *restore) = lines(ROWS)
    dump = dump.replace("--data-only", "--data-only --disable-triggers")
    run(shell, dump)
    for line in restore[:2]:
        # Only a superuser may switch off the triggers of foreign keys.
        run(shell, line.replace("$NEW_DATABASE_URL", "$SUPER_NEW_DATABASE_URL"))
    with connect(shell["NEW_DATABASE_URL"]) as database:
        problems = access_problems(database)
    assert len(problems) == len(TRIGGERS)
    assert all("does not fire always" in problem for problem in problems)
    assert ONLY_GROW in "".join(problems)
    run(shell, restore[2])
    goes_on(shell, shop)


def test_make_migrate_puts_back_whatever_was_granted_or_taken(shell: dict[str, str]) -> None:
    said: list[str] = []
    with connect(shell["DATABASE_URL"]) as database:
        for statement in (
            "grant execute on all functions in schema public to anon",
            "grant usage on schema purse to authenticated",
            "grant insert on user_credits to authenticated",
            "revoke select on purchases from service_role",
            "alter table purchases disable row level security",
            f"alter table credit_transactions disable trigger {ONLY_GROW}",
        ):
            database.execute(statement)
        assert len(access_problems(database)) > 30
        migrate(shell["DATABASE_URL"], report=said.append)
        assert access_problems(database) == []
        assert "put back the access of public.grant_credits" in said
        said.clear()
        migrate(shell["DATABASE_URL"], report=said.append)
        assert said == []
