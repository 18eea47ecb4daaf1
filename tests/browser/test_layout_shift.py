"""On a phone nothing moves while the start page loads (Cumulative Layout Shift)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.holding import hold
from tests.browser.pages import PHONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Visit
    from tests.database.purse import Purse
    from tests.support import User

MOST = 0.02
MEASURE = """
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      const moved = sources.map(({ node }) => node?.outerHTML?.slice(0, 80));
      window.shifts.push({ value, moved });
    }
  }).observe({ type: "layout-shift", buffered: true });
"""
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def new(_purse: Purse) -> None:
    """Nothing was ever bought."""


def usual(purse: Purse) -> None:
    """Some credits were bought and used."""
    purse.buy(500)
    purse.spend(4)


def everything(purse: Purse) -> None:
    """The balance is low, a part of it is set aside, and another part expires soon."""
    purse.grant(12, days=5)
    purse.spend()
    purse.hold()


def owing(purse: Purse) -> None:
    """A refund took back what was used."""
    order = purse.buy(500)
    purse.spend(4)
    purse.refund(order, 500)


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
@pytest.mark.parametrize("fill", [new, usual, everything, owing])
def test_the_card_and_what_is_below_keep_their_places(
    visit: Visit, user: User, purse: Purse, fill: Callable[[Purse], None], locale: str
) -> None:
    fill(purse)
    site = visit(user, at="/404", locale=locale, **PHONE)
    page = site.page
    page.context.add_init_script(MEASURE)
    held = hold(page, "**/api/credits?*", times=1)
    with page.expect_request("**/api/credits?*"):
        site.open()
    card = page.locator("credit-balance")
    expect(card).to_have_attribute("data-state", "loading")
    page.evaluate(PAINTED)
    held.pop().continue_()
    expect(card).to_have_attribute("data-state", "ready")
    expect(page.locator(".entry--skeleton")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert shift(page) <= MOST, page.evaluate("shifts")


def shift(page: Page) -> float:
    """Return the sum of what has moved so far."""
    page.evaluate(PAINTED)
    moved: float = page.evaluate("shifts.reduce((sum, { value }) => sum + value, 0)")
    return moved
