"""The balance at a glance: what is set aside, what expires, how long it lasts, if it is low."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import Visit
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import User

TIMES = "\N{MULTIPLICATION SIGN}"
LOW = "Running low."


def card(site: Site) -> Locator:
    """Return the card with the balance."""
    return site.page.locator("credit-balance")


def test_a_low_balance_says_so_and_leads_to_the_store(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.buy(14)
    site = visit(user)
    expect(card(site).get_by_text(LOW)).to_be_visible()
    card(site).get_by_role("button", name="Buy credits").click()
    expect(site.store.place).to_be_visible()


def test_a_balance_that_suffices_is_not_called_low(purse: Purse, visit: Visit, user: User) -> None:
    purse.buy(15)
    site = visit(user)
    expect(card(site).get_by_text(f"Enough for 7 {TIMES} Audio upload.")).to_be_visible()
    expect(card(site).get_by_text(LOW)).to_be_hidden()


def test_an_empty_purse_says_so_instead(buyer: Site) -> None:
    expect(card(buyer).get_by_text("Nothing in it yet.")).to_be_visible()
    expect(card(buyer).get_by_text(LOW)).to_be_hidden()


def test_what_is_set_aside_is_shown_and_not_counted_on(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.buy(500)
    purse.hold(2)
    site = visit(user)
    site.expect_balance(500)
    expect(card(site).get_by_text("10 set aside for work under way")).to_be_visible()
    expect(card(site).get_by_text(f"Enough for 245 {TIMES} Audio upload.")).to_be_visible()


def test_credits_that_expire_next_are_named_with_their_day(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.buy(500)
    purse.grant(20, days=9)
    expires = card(visit(user)).get_by_text(re.compile(r"^20 credits expire on [A-Z][a-z]{2} \d+"))
    expect(expires).to_be_visible()


def test_what_was_used_is_drawn_day_by_day_and_said_in_words(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.buy(500)
    purse.spend(4)
    site = visit(user)
    expect(card(site).get_by_text("About 20 credits a day.")).to_be_visible()
    expect(card(site).get_by_text("At this pace they last about 24 days.")).to_be_visible()
    drawing = card(site).get_by_role("img", name="20 credits used in 30 days, on 1 of them.")
    expect(drawing).to_be_visible()
    expect(drawing.locator("rect")).to_have_count(30)
    heights = drawing.locator("rect").evaluate_all(
        "bars => bars.map((bar) => bar.height.baseVal.value)"
    )
    assert max(heights) == heights[-1] > heights[0] > 0


def test_nothing_is_drawn_where_nothing_was_used(purse: Purse, visit: Visit, user: User) -> None:
    purse.buy(500)
    site = visit(user)
    site.expect_balance(500)
    expect(site.history).to_have_count(1)
    expect(card(site).get_by_role("figure")).to_have_count(0)
