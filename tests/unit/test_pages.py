"""The pages under public/ are what `make pages` writes."""

from __future__ import annotations

import pytest

from tests.tools.pages import IMPORT, PUBLIC, SHEETS, modules_behind, pages, sheets

MADE = sheets() | pages()


@pytest.mark.parametrize("name", MADE)
def test_a_page_or_sheet_is_what_make_pages_writes(name: str) -> None:
    assert (PUBLIC / name).read_text("utf-8") == MADE[name], "run `make pages`"


def test_public_has_no_other_page_or_sheet() -> None:
    found = [*PUBLIC.rglob("*.html"), *SHEETS.glob("*.js")]
    assert {path.relative_to(PUBLIC).as_posix() for path in found} == set(MADE)


def test_an_import_is_followed_in_each_of_its_forms() -> None:
    behind = modules_behind("/js/pages/home-welcome.js")
    assert "/js/lib/texts/en.js" in behind, "an import of names"
    assert "/js/lib/once.js" in behind, "an import over modules"
    assert "/elements/credit-store.js" in behind, "an import for its effects alone"


# Another app's page has no session, shop or texts of ours, and shows none of our pages' parts.
OWN_PAGES = ("account", "admin", "files", "pages")
ELEMENTS = sorted(path.name for path in (PUBLIC / "elements").glob("*.js"))


@pytest.mark.parametrize("name", ELEMENTS)
def test_an_element_needs_nothing_of_our_own_pages(name: str) -> None:
    behind = modules_behind(f"/elements/{name}")
    own = tuple(f"/js/{folder}/" for folder in OWN_PAGES)
    alone = {"/js/session/session.js", "/js/lib/shop.js", "/js/lib/page-texts.js"}
    assert [module for module in behind if module.startswith(own) or module in alone] == []


@pytest.mark.parametrize("folder", ["lib", "credits", "store", "payment", "session"])
def test_what_pages_share_does_not_import_pages(folder: str) -> None:
    allowed = {"lib": ("lib", "sheets")}.get(folder)
    for module in (PUBLIC / "js" / folder).glob("*.js"):
        for name in IMPORT.findall(module.read_text("utf-8")):
            of = (module.parent / name).resolve().parent.name
            assert of not in OWN_PAGES, module.name
            assert allowed is None or of in (*allowed, "texts"), module.name
