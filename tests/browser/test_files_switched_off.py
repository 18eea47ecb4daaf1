"""A deployment without a storage: everything works but files, and the page says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.another_site import another_site
from tests.browser.pages import PAID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.pages import Site
    from tests.support import RunningStack


def without_storage(settings: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in settings.items() if not name.startswith("STORAGE_")}


@pytest.fixture(scope="module")
def stack(
    stack: RunningStack, pages: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """The same stack behind another site, whose functions know of no storage."""
    folder = tmp_path_factory.mktemp("no-storage")
    with another_site(stack, folder, pages, without_storage) as without:
        yield without


def test_the_page_says_that_files_are_switched_off(buyer: Site) -> None:
    files = buyer.open_files()
    said = "Files are switched off at the moment. Your credits are not affected."
    expect(files.page.get_by_role("status").filter(has_text=said)).to_be_visible()
    expect(files.choose_button).to_have_count(0)
    expect(files.page.get_by_role("heading", name="Your files")).to_have_count(0)
    buyer.expect_balance(0)


def test_the_return_page_does_not_send_people_to_files(buyer: Site) -> None:
    buyer.buy("Starter").pay()
    buyer.expect_title(PAID)
    expect(buyer.page.get_by_role("link", name="See your balance")).to_be_visible()
    expect(buyer.page.get_by_role("link", name="Use credits")).to_have_count(0)
