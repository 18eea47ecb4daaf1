"""Several tabs of the site: a balance that changes in one changes in the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.pages import Site

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.database.purse import Purse
    from tests.support import RunningStack, User


def test_a_tab_learns_what_another_has_read(
    visit: Visit, stack: RunningStack, user: User, purse: Purse
) -> None:
    purse.buy(500)
    first = visit(user)
    first.expect_balance(500)
    second = Site(first.page.context.new_page(), stack.site_url)
    second.open("/files")
    second.expect_balance(500)
    purse.spend()
    second.open()
    second.expect_balance(495)
    first.expect_balance(495)
    expect(first.page.locator("credit-balance")).to_contain_text("495")


def test_a_purchase_is_seen_in_the_tab_that_was_left_open(
    visit: Visit, stack: RunningStack, user: User
) -> None:
    first = visit(user)
    second = Site(first.page.context.new_page(), stack.site_url)
    second.open()
    second.expect_balance(0)
    first.buy("Starter").pay()
    second.expect_balance(500)
