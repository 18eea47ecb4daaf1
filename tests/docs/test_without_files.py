"""The sample app can be deleted as docs/architecture.md says: the page, the frontend and the SQL.

tests/unit/test_without_files.py runs the commands in a copy and tries what is left of the Python.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest

from api._lib import files
from local.stack import ROOT
from ops.migrate import migrate
from tests.docs.pages import section
from tests.standins.supabase.services import PASSWORD, running_postgres

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC = ROOT / "public"
TEMPLATES = ROOT / "templates"
SECTION = section(ROOT / "docs/architecture.md", "Leaving the files out")


def patterns(text: str) -> set[str]:
    """Return what the `git rm` commands in a text delete."""
    commands = re.findall(r"^ *git rm -r (.+)$", text, re.MULTILINE)
    return {pattern for command in commands for pattern in command.split()}


@pytest.fixture(scope="module")
def deleted() -> set[Path]:
    """The files that the page's commands delete."""
    found = {pattern: list(ROOT.glob(pattern)) for pattern in patterns(SECTION)}
    assert [pattern for pattern, paths in found.items() if not paths] == []
    named = {path for paths in found.values() for path in paths}
    return named | {path for folder in named for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def sources(deleted: set[Path]) -> dict[Path, str]:
    """The sources of the frontend that is left; `make pages` writes public/**/*.html from them."""
    written = {*TEMPLATES.rglob("*.html"), *PUBLIC.rglob("*.js"), *PUBLIC.rglob("*.css")}
    return {path: path.read_text("utf-8") for path in written - deleted}


def test_the_package_names_the_same_commands() -> None:
    assert patterns(files.__doc__ or "") == patterns(SECTION)


def test_nothing_that_is_left_loads_what_is_deleted(
    deleted: set[Path], sources: dict[Path, str]
) -> None:
    assert PUBLIC / "js/files/file-list.js" in deleted
    loaded = {
        path: {(path.parent / name).resolve() for name in re.findall(r'"(\.[^"]*\.js)"', text)}
        for path, text in sources.items()
    }
    assert [path for path, modules in loaded.items() if modules & deleted] == []
    styles = {path.stem for path in deleted if path.suffix == ".css"}
    named = {
        path: set(re.findall(r'"([\w-]+)"', line))
        for path, text in sources.items()
        for line in re.findall(r"set styles = (.*)", text)
    }
    assert [path for path, names in named.items() if names & styles] == []


def test_every_source_that_links_to_it_is_named(sources: dict[Path, str]) -> None:
    linking = {path for path, text in sources.items() if re.search(r'"/files["#?]', text)}
    named = {
        ROOT / name
        for name in re.findall(r"`((?:public|templates)/[\w/.-]+\.(?:html|js))`", SECTION)
    }
    assert linking == named


def test_the_ledger_works_without_its_sql(deleted: set[Path], tmp_path: Path) -> None:
    gone = {path.name for path in deleted if path.suffix == ".sql"}
    assert gone
    folder = shutil.copytree(ROOT / "sql", tmp_path / "sql", ignore=lambda *_: gone)
    with running_postgres() as postgres:
        url = postgres.url("postgres", PASSWORD)
        assert migrate(url, folder=folder, report=lambda _line: None)
        with psycopg.connect(url, autocommit=True) as database:
            assert database.execute("select to_regclass('public.files')").fetchone() == (None,)
            assert database.execute("select doctor() ->> 'users'").fetchone() == ("0",)
