"""A deployment with PAYMENTS_ENABLED=false."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.another_site import another_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.pages import Site
    from tests.support import RunningStack

SWITCHED_OFF = "Buying is switched off at the moment. Credits you have stay yours."


@pytest.fixture(scope="module")
def stack(
    chromium_path: str,  # noqa: ARG001 - nothing is started where there is no browser
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningStack]:
    """A stack that sells nothing."""
    folder = tmp_path_factory.mktemp("switched-off")
    with another_stack(folder, {"PAYMENTS_ENABLED": "false"}) as running:
        yield running


def test_the_store_says_that_nothing_can_be_bought(buyer: Site) -> None:
    store = buyer.open_store()
    expect(store.place.get_by_role("status")).to_have_text(SWITCHED_OFF)
    for pack in ("Starter", "Creator", "Professional"):
        expect(store.buy_button(pack)).to_be_disabled()


def test_a_visitor_learns_that_nothing_can_be_bought(visitor: Site) -> None:
    expect(visitor.page.get_by_role("status").filter(has_text=SWITCHED_OFF)).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Buy Starter")).to_be_disabled()
