"""The balance at a glance: what is set aside, what expires, how long it lasts, if it is low."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
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
    expect(card(site).get_by_text("Enough for 7 recordings.")).to_be_visible()
    expect(card(site).get_by_text(LOW)).to_be_hidden()


def test_an_empty_purse_says_so_instead(buyer: Site) -> None:
    expect(card(buyer).get_by_text("Nothing in it.")).to_be_visible()
    expect(card(buyer).get_by_text(LOW)).to_be_hidden()


def test_what_is_set_aside_is_shown_and_not_counted_on(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.buy(500)
    purse.hold(2)
    site = visit(user)
    site.expect_balance(500)
    expect(card(site).get_by_text("10 set aside for work under way")).to_be_visible()
    expect(card(site).get_by_text("Enough for 245 recordings.")).to_be_visible()


@pytest.mark.parametrize("days", [8, 30])
def test_credits_that_expire_within_a_month_are_named_with_their_day(
    purse: Purse, visit: Visit, user: User, days: int
) -> None:
    purse.buy(500)
    purse.grant(20, days=days)
    expires = card(visit(user)).get_by_text(re.compile(r"^20 credits expire on [A-Z][a-z]{2} \d+"))
    expect(expires).to_be_visible()
    expect(expires).not_to_have_attribute("data-urgent", "")


def test_credits_that_expire_within_a_week_come_first_and_stand_out(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.buy(500)
    purse.grant(20, days=7)
    expires = card(visit(user)).get_by_text(re.compile(r"^20 credits expire in 7 days, on "))
    expect(expires).to_have_attribute("data-urgent", "")
    expect(card_part(expires.page, "note")).to_contain_text("20 credits expire")


def test_credits_that_expire_later_are_not_mentioned(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.buy(500)
    purse.grant(20, days=31)
    site = visit(user)
    site.expect_balance(520)
    expect(card(site)).to_contain_text("Enough for")
    expect(card(site)).not_to_contain_text("expire")


def test_one_day_of_use_is_drawn_and_foretells_nothing(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.buy(500)
    purse.spend(4)
    site = visit(user)
    expect(card(site).get_by_text("20 credits used in the last 30 days.")).to_be_visible()
    expect(card(site)).not_to_contain_text("At this pace")
    drawing = card(site).get_by_role("img", name="20 credits used in 30 days, on 1 of them.")
    expect(drawing).to_be_visible()
    expect(drawing.locator("rect")).to_have_count(30)
    heights = drawing.locator("rect").evaluate_all(
        "bars => bars.map((bar) => bar.height.baseVal.value)"
    )
    assert max(heights) == heights[-1] > heights[0] > 0


@pytest.mark.parametrize(
    ("days_of_use", "is_left", "said"),
    [
        (3, True, "About 20 credits a day. At this pace they last about 24 days."),
        (3, False, "About 20 credits a day."),
        (2, True, "40 credits used in the last 30 days."),
    ],
)
def test_a_forecast_needs_three_days_of_use_and_something_that_is_left(
    visit: Visit, unbuilt: RunningStack, days_of_use: int, is_left: bool, said: str
) -> None:
    daily = [
        {"date": f"2026-11-{day + 1:02}", "spent": 20 if day < days_of_use else 0}
        for day in range(30)
    ]
    usage = {"spent_per_day": 20, "days_left": 24, "daily": daily}
    site = visit(site=unbuilt, at="/openapi.json")
    caption = site.page.evaluate(
        """async ([usage, forecast]) => {
          const { usageChart } = await import("/js/credits/usage-chart.js");
          return usageChart(usage, { forecast }).querySelector("figcaption").textContent.trim();
        }""",
        [usage, is_left],
    )
    assert caption == said


def test_nothing_is_drawn_where_nothing_was_used(purse: Purse, visit: Visit, user: User) -> None:
    purse.buy(500)
    site = visit(user)
    site.expect_balance(500)
    expect(site.history).to_have_count(1)
    expect(card(site).get_by_text("Nothing was used in the last 30 days.")).to_be_visible()
    expect(card(site).get_by_role("figure")).to_have_count(0)


def test_a_negative_balance_says_why_and_foretells_nothing(
    purse: Purse, visit: Visit, user: User
) -> None:
    order = purse.buy(500)
    purse.spend(4)
    purse.refund(order, 500)
    site = visit(user)
    expect(card(site).get_by_text(f"{MINUS}20", exact=True)).to_be_visible()
    expect(card(site).get_by_text("A refund took back used credits.")).to_be_visible()
    expect(card(site)).not_to_contain_text("At this pace")
    expect(card(site).get_by_text(LOW)).to_be_hidden()


def test_an_action_that_does_not_fit_is_announced_with_what_is_missing(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.buy(8)
    site = visit(user)
    expect(card(site).get_by_role("button", name="Buy credits")).to_be_visible()
    charge_for(site, "docx_processing", 2)
    expect(card_part(site.page, "note")).to_have_text(
        f"Not enough for 2 {TIMES} DOCX processing: 2 credits are missing."
    )
    charge_for(site, "docx_processing", 1)
    expect(card_part(site.page, "note")).to_have_text(
        "Running low. A pack now, and no work has to wait."
    )
    charge_for(site, "premium_export", 1)
    expect(card_part(site.page, "note")).to_have_text(
        "Not enough for Premium export: 7 credits are missing."
    )
    card(site).get_by_role("button", name="Get credits").click()
    expect(site.store.place).to_be_visible()


def test_a_balance_that_could_not_be_read_can_be_asked_for_again(
    visit: Visit, user: User, console: Console
) -> None:
    console.allow_failing("/api/credits")
    site = visit(user, at="/404")
    site.page.context.route("**/api/credits?*", lambda route: route.abort())
    site.open()
    expect(
        card(site).get_by_text("This could not be loaded. Your credits are safe.")
    ).to_be_visible()
    expect(card(site)).to_have_attribute("data-state", "failed")
    site.page.context.unroute("**/api/credits?*")
    card(site).get_by_role("button", name="Try again").click()
    expect(card(site).get_by_text("Nothing in it.")).to_be_visible()


def card_part(page: Page, name: str) -> Locator:
    """Return a part of the card."""
    return page.locator(f"credit-balance [part={name}]")


def charge_for(site: Site, feature: str, quantity: int) -> None:
    """Say on the card what somebody is about to do."""
    card(site).evaluate(
        """(card, [feature, quantity]) => {
          card.setAttribute("feature", feature);
          card.setAttribute("quantity", quantity);
        }""",
        [feature, quantity],
    )
