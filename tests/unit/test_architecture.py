"""Which module may import which: read from the sources, so imports within functions count too."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CORE = sorted(
    path
    for path in (ROOT / "api" / "_lib").rglob("*.py")
    if "files" not in path.relative_to(ROOT).parts
)
# Every endpoint but those of the sample app: what is left if a fork deletes it.
ENDPOINTS = sorted(path for path in (ROOT / "api").glob("*.py") if path.name != "files.py")
PRODUCTION = sorted(
    path for folder in ("api", "sql", "server") for path in (ROOT / folder).rglob("*.py")
)


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a source imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            module = node.module or ""
            # `from package import module` names the module in its second half.
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imported_by_all(paths: list[Path], package: str) -> list[str]:
    """Return "importer: module" for each import of a package or of something in it."""
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in paths
        for name in imported(path)
        if name == package or name.startswith(f"{package}.")
    ]


def ids(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("path", CORE, ids=ids(CORE))
def test_the_core_imports_nothing_of_the_sample_app(path: Path) -> None:
    assert imported_by_all([path], "api._lib.files") == []


def test_only_cleanup_and_health_import_the_sample_app_and_only_when_it_is_configured() -> None:
    assert imported_by_all(ENDPOINTS, "api._lib.files") == [
        "api/cron.py: api._lib.files.cleanup.remove_abandoned_uploads",
        "api/health.py: api._lib.files.storage.storage",
    ]


def test_nothing_that_is_deployed_imports_the_local_stack() -> None:
    assert len(PRODUCTION) > len(CORE)
    assert imported_by_all(PRODUCTION, "local") == []


def test_credits_and_payments_do_not_import_each_other() -> None:
    for one, other in (("credits", "payments"), ("payments", "credits")):
        paths = [path for path in CORE if path.parent.name == one]
        assert paths
        assert imported_by_all(paths, f"api._lib.{other}") == []


def test_no_test_waits_by_eval_which_the_policy_of_our_pages_forbids() -> None:
    sources = {path: ast.parse(path.read_text("utf-8")) for path in (ROOT / "tests").rglob("*.py")}
    waits = [
        str(path.relative_to(ROOT))
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "wait_for_function"
    ]
    assert waits == []
