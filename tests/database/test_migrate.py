"""`make migrate` on every Postgres we support, alone and beside Supabase's own CLI."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from local.postgres import POSTGRES_VERSIONS, Postgres
from ops.migrate import BARE_POSTGRES_SQL, LOCK_KEY, MIGRATIONS, ROOT, MigrationError, migrate
from tests.support import cannot_run, until
from tests.tools.npm import MissingToolError, postgres_binaries, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.npm

FILES = sorted(path.name for path in MIGRATIONS.glob("*.sql"))


def silent(_line: str) -> None:
    """Report to nobody."""


@pytest.fixture(scope="module", params=[15, 16, 17, 18])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postgres]:
    """A bare Postgres of each version we support."""
    try:
        binaries = POSTGRES_VERSIONS.get(request.param) or postgres_binaries(request.param)
    except MissingToolError as error:
        cannot_run(f"Postgres {request.param} was not tried: {error}")
    folder = tmp_path_factory.mktemp(f"postgres{request.param}")
    server = Postgres(folder, _free_port(), "secret", binaries)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database_url(server: Postgres) -> Iterator[str]:
    """An empty database on it."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("drop database if exists shop with (force)")
        connection.execute("create database shop")
        yield f"{server.url().removesuffix('/postgres')}/shop"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def versions(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            """
            select version || '_' || name || '.sql'
            from supabase_migrations.schema_migrations order by 1
            """
        ).fetchall()
    return [row[0] for row in rows]


def test_a_bare_database_gets_everything_once(database_url: str) -> None:
    assert migrate(database_url, report=silent) == FILES
    assert migrate(database_url, report=silent) == []
    assert versions(database_url) == FILES


def test_a_file_that_fails_leaves_nothing_and_can_be_mended(
    database_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "20990101000000_broken.sql"
    path.write_text("create table public.half (id int);\nselect 1 from nowhere;\n")
    with pytest.raises(MigrationError, match=r"20990101000000_broken.sql, line 2: .*nowhere"):
        migrate(database_url, folder=tmp_path, report=silent)
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select to_regclass('public.half')").fetchone()
    assert row == (None,)
    path.write_text("create table public.half (id int);")
    assert migrate(database_url, folder=tmp_path, report=silent) == [path.name]


def test_a_file_changed_after_it_was_applied_is_refused(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "20990101000000_table.sql"
    path.write_text("create table public.one (id int);")
    migrate(database_url, folder=tmp_path, report=silent)
    path.write_text("create table public.one (id bigint);")
    with pytest.raises(MigrationError, match="was changed after it was applied"):
        migrate(database_url, folder=tmp_path, report=silent)


def test_a_file_without_its_number_is_refused(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "tables.sql").write_text("select 1")
    with pytest.raises(MigrationError, match="is not named like"):
        migrate(database_url, folder=tmp_path, report=silent)


def test_tables_of_an_earlier_version_of_sql_are_refused_untouched(database_url: str) -> None:
    migrate(database_url, report=silent)
    others = [f"19{name[2:]}" for name in FILES]
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "update supabase_migrations.schema_migrations set version = '19' || substr(version, 3)"
        )
    with pytest.raises(MigrationError, match=r"earlier version of sql/.*make run RESET=1"):
        migrate(database_url, report=silent)
    assert versions(database_url) == others


def test_two_runs_at_once_apply_each_file_once(database_url: str) -> None:
    command = [sys.executable, "-m", "ops.migrate"]
    environ = {**os.environ, "DATABASE_URL": database_url}
    runs = [
        subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
    assert sum(text.count("applied 2") for text in said) == len(FILES)


def test_a_run_sees_what_another_made_while_it_waited(database_url: str) -> None:
    """The waiting run has looked already, and its cache holds that there is no such schema."""
    empty_record = """
        create schema supabase_migrations;
        create table supabase_migrations.schema_migrations (
            version text not null primary key, statements text[], name text
        )
        """
    take_turn = "select pg_advisory_xact_lock(%s)"
    with (
        psycopg.connect(database_url) as first,
        psycopg.connect(database_url) as second,
        ThreadPoolExecutor(2) as pool,
    ):
        first.execute(take_turn, [LOCK_KEY])
        run = pool.submit(migrate, database_url, report=silent)
        _wait_until_waiting(database_url, 1)
        turn = pool.submit(second.execute, take_turn, [LOCK_KEY])
        _wait_until_waiting(database_url, 2)
        first.commit()  # the run adds what Supabase has, then waits behind the second
        turn.result(timeout=60)
        _wait_until_waiting(database_url, 1)
        second.execute(empty_record)
        second.commit()
        assert run.result(timeout=60) == FILES


def _wait_until_waiting(database_url: str, count: int) -> None:
    with psycopg.connect(database_url, autocommit=True) as watcher:
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        until(lambda: watcher.execute(waiting).fetchone() == (count,), f"{count} wait")


def test_no_connection_is_a_sentence_without_the_password(server: Postgres) -> None:
    url = server.url(password="wrong-secret")
    with pytest.raises(MigrationError) as refused:
        migrate(url, report=silent)
    assert "Cannot connect to DATABASE_URL" in str(refused.value)
    assert "wrong-secret" not in str(refused.value)


@pytest.fixture
def supabase() -> Callable[..., str]:
    """Supabase's own CLI, on a project folder like that of a fork."""
    try:
        command = tool("supabase")
    except MissingToolError as error:
        cannot_run(f"supabase db push was not tried: {error}")

    def run(*arguments: str, cwd: Path) -> str:
        done = subprocess.run(
            [command, *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(cwd), "DO_NOT_TRACK": "1"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The parts of the tree that the CLI reads."""
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    shutil.copytree(ROOT / "supabase", tmp_path / "supabase", symlinks=True)
    return tmp_path


@pytest.fixture
def hosted_url(server: Postgres, database_url: str) -> str:
    """A database with what a hosted project has, as its owner, who is no superuser, reaches it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(BARE_POSTGRES_SQL.read_bytes())
        connection.execute("alter role postgres password 'owner'")
    return f"{server.url('postgres', 'owner').removesuffix('/postgres')}/shop"


def test_supabase_db_push_applies_the_same_files(
    hosted_url: str, supabase: Callable[..., str], project: Path
) -> None:
    supabase("db", "push", f"--remote={hosted_url}?sslmode=disable", "--yes", cwd=project)
    assert versions(hosted_url) == FILES
    assert migrate(hosted_url, report=silent) == []


def test_after_make_migrate_supabase_db_push_has_nothing_to_do(
    hosted_url: str, supabase: Callable[..., str], project: Path
) -> None:
    assert migrate(hosted_url, report=silent) == FILES
    said = supabase("db", "push", f"--remote={hosted_url}?sslmode=disable", "--yes", cwd=project)
    assert "up to date" in said
    assert versions(hosted_url) == FILES


def test_supabases_advisors_find_nothing_insecure(
    hosted_url: str, supabase: Callable[..., str], project: Path
) -> None:
    migrate(hosted_url, report=silent)
    said = supabase(
        *("db", "advisors", f"--remote={hosted_url}?sslmode=disable", "--type", "security"),
        cwd=project,
    )
    assert "No issues found" in said
