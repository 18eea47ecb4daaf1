"""A deployment with PAYMENTS_ENABLED=false."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import StartStack
    from tests.browser.pages import Site
    from tests.support import RunningStack

SWITCHED_OFF = "Buying is switched off at the moment. Credits you have stay yours."


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> RunningStack:
    """A stack that sells nothing."""
    return start_stack({"PAYMENTS_ENABLED": "false"})


def test_the_store_says_that_nothing_can_be_bought(buyer: Site) -> None:
    store = buyer.open_store()
    expect(store.place.get_by_role("status")).to_have_text(SWITCHED_OFF)
    for pack in ("Starter", "Creator", "Professional"):
        expect(store.buy_button(pack)).to_be_disabled()


def test_a_visitor_learns_that_nothing_can_be_bought(visitor: Site) -> None:
    expect(visitor.page.get_by_role("status").filter(has_text=SWITCHED_OFF)).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Buy Starter")).to_be_disabled()
