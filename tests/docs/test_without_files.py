"""The files can be left out as docs/architecture.md says, and nothing else refers to them."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest

from local.stack import ROOT
from ops.migrate import migrate
from tests.docs.pages import section
from tests.standins.supabase.services import PASSWORD, running_postgres

if TYPE_CHECKING:
    from pathlib import Path

DELETE, EDIT = section(ROOT / "docs/architecture.md", "Leaving the files out").split("and edit", 1)
SHIPPED = ("api", "local", "ops", "public", "server", "sql")


def matching(text: str) -> set[Path]:
    """Return the files that the lists in a text name; of a folder, all that is in it."""
    patterns = re.findall(r"`(\w[\w./*-]*)`", text)
    paths = {path for pattern in patterns for path in ROOT.glob(pattern.rstrip("/"))}
    return {path for path in paths if path.is_file()} | {
        child for path in paths if path.is_dir() for child in path.rglob("*") if child.is_file()
    }


@pytest.fixture(scope="module")
def kept() -> list[Path]:
    """The files of the product that stay as they are."""
    gone = matching(DELETE) | matching(EDIT)
    every = (path for folder in SHIPPED for path in (ROOT / folder).rglob("*"))
    suffixes = {".py", ".js", ".css", ".html", ".sql"}
    return [path for path in every if path.suffix in suffixes and path not in gone]


def test_no_other_module_imports_what_is_deleted(kept: list[Path]) -> None:
    deleted = {
        path.relative_to(ROOT)
        .with_suffix("")
        .as_posix()
        .replace("/", ".")
        .removesuffix(".__init__")
        for path in matching(DELETE)
        if path.suffix == ".py"
    }
    assert "api._lib.files" in deleted
    imports = {
        path: set(
            re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text("utf-8"), re.MULTILINE)
        )
        for path in kept
        if path.suffix == ".py"
    }
    assert [path for path, names in imports.items() if names & deleted] == []


def test_no_other_page_loads_what_is_deleted(kept: list[Path]) -> None:
    deleted = {path.name for path in matching(DELETE) if path.is_relative_to(ROOT / "public")}
    assert "files.html" in deleted
    pages = [path for path in kept if path.is_relative_to(ROOT / "public")]
    loaded = {
        path: {
            name.rsplit("/", 1)[-1] for name in re.findall(r'"[./][^"]*"', path.read_text("utf-8"))
        }
        for path in pages
    }
    assert [path for path, names in loaded.items() if {n.strip('"') for n in names} & deleted] == []


def test_no_other_page_links_to_it(kept: list[Path]) -> None:
    pages = [path for path in kept if path.is_relative_to(ROOT / "public")]
    assert [path for path in pages if re.search(r'"/files["#?]', path.read_text("utf-8"))] == []


def test_the_ledger_is_whole_without_their_sql(tmp_path: Path) -> None:
    deleted = {path.name for path in matching(DELETE) if path.suffix == ".sql"}
    assert deleted
    folder = shutil.copytree(ROOT / "sql", tmp_path / "sql", ignore=lambda *_: deleted)
    with running_postgres() as postgres:
        url = postgres.url("postgres", PASSWORD)
        assert migrate(url, folder=folder, report=lambda _line: None)
        with psycopg.connect(url, autocommit=True) as database:
            assert database.execute("select to_regclass('public.files')").fetchone() == (None,)
            assert database.execute("select doctor() ->> 'users'").fetchone() == ("0",)
