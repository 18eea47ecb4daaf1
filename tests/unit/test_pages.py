"""The pages under public/ are what `make pages` writes."""

from __future__ import annotations

import pytest

from tests.tools.pages import PUBLIC, SHEETS, modules_behind, pages, sheets

MADE = sheets() | pages()


@pytest.mark.parametrize("name", MADE)
def test_a_page_or_sheet_is_what_make_pages_writes(name: str) -> None:
    assert (PUBLIC / name).read_text("utf-8") == MADE[name], "run `make pages`"


def test_public_has_no_other_page_or_sheet() -> None:
    found = [*PUBLIC.rglob("*.html"), *SHEETS.glob("*.js")]
    assert {path.relative_to(PUBLIC).as_posix() for path in found} == set(MADE)


def test_an_import_is_followed_in_each_of_its_forms() -> None:
    behind = modules_behind("/js/pages/home.js")
    assert "/js/lib/texts/en.js" in behind, "an import of names"
    assert "/js/session/session.js" in behind, "an import over modules"
    assert "/elements/credit-store.js" in behind, "an import for its effects alone"
