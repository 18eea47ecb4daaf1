"""The site as `make run` serves it: each module and each style sheet by itself, without a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.test_built_site import PAGES

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.support import RunningStack, User


@pytest.fixture(scope="module")
def stack(unbuilt: RunningStack) -> RunningStack:
    """The site without a build."""
    return unbuilt


def test_a_person_signs_in_buys_spends_and_signs_out(visitor: Site, user: User) -> None:
    visitor.sign_in(user.email, user.password)
    visitor.expect_balance(0)
    visitor.buy("Starter").pay()
    visitor.expect_paid("Starter", 500, "$4.99", balance=500)
    files = visitor.open_files()
    files.upload("notes.txt", b"Sow the peas.")
    files.expect_done("notes.txt", "3 credits · balance 497")
    visitor.open()
    visitor.expect_title("Your balance")
    expect(visitor.history).to_contain_text(["Text upload", "Starter"])
    visitor.sign_out()
    visitor.expect_signed_out()


@pytest.mark.parametrize("path", [*PAGES, "/admin"])
def test_every_page_loads_its_modules_one_by_one(
    visit: Visit, user: User, console: Console, path: str
) -> None:
    console.allow_failing("/nowhere", "/api/admin")
    site = visit(user, at="/nowhere")
    asked: list[str] = []
    site.page.on("request", lambda request: asked.append(request.url.removeprefix(site.url)))
    site.open(path)
    expect(site.page.get_by_role("heading", level=1)).to_be_visible()
    site.page.wait_for_load_state("networkidle")
    assert [address for address in asked if address.startswith("/js/")]
    assert [address for address in asked if address.startswith("/css/")]
    assert not [address for address in asked if address.startswith("/assets/")]


def test_a_text_of_another_language_is_a_module_too(visit: Visit) -> None:
    page = visit(locale="de-DE").page
    expect(page.get_by_role("button", name="Starter kaufen")).to_be_visible()
