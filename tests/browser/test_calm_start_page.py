"""Nothing on the start page moves while it loads: a phone on a slow network, signed out and in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.pages import PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Visit
    from tests.database.purse import Purse
    from tests.support import User

MOST = 0.02
SLOW_4G = {"offline": False, "latency": 562, "downloadThroughput": 180_000}
# Every shift is counted, so the sum is at least the cumulative layout shift.
OBSERVE = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput, sources } of list.getEntries()) {
    const of = sources.map(({ node }) => node?.className ?? node?.nodeName);
    if (!hadRecentInput) window.shifts.push({ value, of });
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def load_slowly(page: Page, url: str) -> None:
    """Load a page anew on a slow network, without a cache, until nothing is on its way."""
    page.add_init_script(OBSERVE)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    network.send("Network.emulateNetworkConditions", SLOW_4G | {"uploadThroughput": 180_000})
    page.goto(url)
    page.wait_for_load_state("networkidle")


def expect_calm(page: Page) -> None:
    """Expect that next to nothing has moved."""
    shifts: list[dict[str, Any]] = page.evaluate("window.shifts")
    assert sum(shift["value"] for shift in shifts) <= MOST, shifts


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_the_start_page_stays_calm_signed_out(visit: Visit, locale: str) -> None:
    site = visit(at="/payment/cancelled", **PHONE, locale=locale)
    load_slowly(site.page, site.url)
    expect(site.page.locator("[data-pack]")).to_have_count(3)
    expect_calm(site.page)


@pytest.mark.parametrize("has_history", [True, False])
def test_the_start_page_stays_calm_signed_in(
    visit: Visit, user: User, purse: Purse, *, has_history: bool
) -> None:
    if has_history:
        purse.buy(20)
        purse.grant(3, days=9)
        for _ in range(5):
            purse.spend(feature="txt_upload")
    site = visit(user, at="/payment/cancelled", **PHONE)
    load_slowly(site.page, site.url)
    site.expect_balance(8 if has_history else 0)
    expect(site.page.get_by_role("heading", name="History")).to_be_visible()
    expect_calm(site.page)
