"""Links lead somewhere, and files that the docs name exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from local.stack import ROOT
from tests.docs.pages import LIVING, PAGES, anchors, blocks, links, name_of, read, spans

if TYPE_CHECKING:
    from pathlib import Path

# A path from the root of the repository. An address of the API begins with a slash.
_PATH = re.compile(
    r"(?:api|docs|examples|local|ops|public|server|sql|supabase|tests)/[\w./*-]*"
    r"|[\w.-]+\.(?:json|md|in|txt)|\.env\.example"
)
_EXTERNAL = ("https://", "http://")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = [
        link for link in links(page) if not link.startswith(_EXTERNAL) and not _leads(page, link)
    ]
    assert broken == []


def _leads(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or anchor in anchors(target)


@pytest.mark.parametrize("page", LIVING, ids=name_of)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = [span for span in spans(page) if _PATH.fullmatch(span)]
    assert [path for path in named if not any(ROOT.glob(path.rstrip("/")))] == []


def test_the_tree_has_a_line_for_every_folder_and_file_that_exists() -> None:
    (tree,) = (block for block in blocks("text") if block.page.name == "architecture.md")
    paths = [line.split()[0] for line in tree.text.splitlines()]
    assert [path for path in paths if not (ROOT / path).is_dir()] == []
    packages = {
        f"{path.relative_to(ROOT).as_posix()}/"
        for path in (ROOT / "api").rglob("*")
        if any(path.glob("*.py"))
    }
    assert packages <= set(paths)


def test_the_table_of_tests_has_a_row_for_every_folder() -> None:
    page = ROOT / "docs/testing.md"
    named = set(re.findall(r"^\| `tests/(\w+)` \|", read(page), re.MULTILINE))
    folders = {path.name for path in (ROOT / "tests").iterdir() if any(path.rglob("*.py"))}
    assert named == folders - {"tools"}


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        targets = ((page.parent / link.partition("#")[0]).resolve() for link in links(page))
        waiting += [target for target in targets if target in PAGES and target not in reached]
    assert set(LIVING) - reached == set()


def test_every_picture_is_shown_somewhere() -> None:
    shown = {
        (page.parent / link).resolve() for page in PAGES for link in links(page) if "images" in link
    }
    pictures = set((ROOT / "docs/images").iterdir())
    assert {picture.name for picture in pictures - shown} <= {"store-phone-dark.png"}


def test_the_readme_and_the_architecture_have_one_drawing_each() -> None:
    drawings = {page.name: read(page).count("```mermaid") for page in PAGES}
    assert {name: count for name, count in drawings.items() if count} == {
        "README.md": 1,
        "architecture.md": 1,
    }
