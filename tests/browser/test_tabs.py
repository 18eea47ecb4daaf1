"""Several tabs of the site: a balance that changes in one changes in the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.pages import Site
from tests.browser.waiting import until_holds

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


def test_what_another_page_of_the_origin_says_on_the_channel_does_no_harm(
    visit: Visit, user: User, purse: Purse
) -> None:
    """On the page of another app, the channel is that app's origin's: any page of it may speak."""
    purse.buy(500)
    site = visit(user)
    site.expect_balance(500)
    purse.spend()
    site.page.evaluate(
        """async (personId) => {
          const channel = new BroadcastChannel(`purse ${location.origin}`);
          const noNews = [null, undefined, 7, "text", [], {}, { personId, state: {} }];
          for (const each of noNews) channel.postMessage(each);
          channel.postMessage({ personId, state: "another" });
        }""",
        user.id,
    )
    site.expect_balance(495)


def test_the_channel_tells_no_token_and_no_address(
    visit: Visit, stack: RunningStack, user: User, purse: Purse
) -> None:
    purse.buy(98765)
    first = visit(user)
    first.expect_balance(98765)
    first.page.evaluate(
        """() => {
          globalThis.heard = [];
          globalThis.channel = new BroadcastChannel(`purse ${location.origin}`);
          channel.addEventListener("message", ({ data }) => heard.push(JSON.stringify(data)));
        }"""
    )
    second = Site(first.page.context.new_page(), stack.site_url)
    purse.grant(1)
    second.open()
    second.expect_balance(98766)
    until_holds(first.page, "heard.length > 0")
    said = " ".join(first.page.evaluate("heard"))
    token = first.page.evaluate("JSON.parse(localStorage['purse.session']).access_token")
    assert not [each for each in (token, token.split(".")[1], user.email) if each in said]
