"""The balance of the last ninety days, drawn and as a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.earlier import noon, written_at

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import Visit
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import User

MINUS = "\N{MINUS SIGN}"


def chart(site: Site) -> Locator:
    return site.page.locator("credit-history").get_by_role("figure")


def test_the_balance_is_drawn_step_by_step_and_told_in_a_table(
    purse: Purse, visit: Visit, user: User
) -> None:
    with written_at(purse.database, noon(4)):
        purse.grant(100, reason="Launch gift")
    with written_at(purse.database, noon(2)):
        purse.spend(6)
    site = visit(user)
    drawing = chart(site).get_by_role("img")
    expect(drawing).to_have_accessible_name(
        "Balance at the end of each of the last 5 days: between 70 and 100 credits, now 70."
    )
    expect(chart(site)).to_contain_text("End-of-day balance: 70 to 100")
    # Two days at 100 credits, three at 70: it goes down once, at two fifths of the width.
    path = drawing.locator("path").last.get_attribute("d") or ""
    heights = re.findall(r"V([\d.]+)H([\d.]+)", path)
    assert [width for _, width in heights] == ["120", "240", "360", "480", "600"]
    levels = [float(height) for height, _ in heights]
    assert levels[0] == levels[1] < levels[2] == levels[3] == levels[4]
    rows = chart(site).get_by_role("row")
    expect(rows).to_have_text(
        ["DayBalance", re.compile(r"^\w{3} \d{1,2}.*70$"), re.compile(r"^\w{3} \d{1,2}.*100$")]
    )


def test_the_table_is_there_to_be_seen_by_everybody(purse: Purse, visit: Visit, user: User) -> None:
    with written_at(purse.database, noon(4)):
        purse.grant(100, reason="Launch gift")
    purse.spend()
    site = visit(user)
    height = "element => element.getBoundingClientRect().height"
    table = chart(site).locator(".chart__table")
    assert table.evaluate(height) <= 1
    chart(site).get_by_role("button", name="Show as table").click()
    assert table.evaluate(height) > 50
    hide = chart(site).get_by_role("button", name="Hide table")
    expect(hide).to_have_attribute("aria-expanded", "true")
    chart(site).get_by_role("group").press("Shift+Tab")
    expect(hide).to_be_focused()
    hide.click()
    assert table.evaluate(height) <= 1


def test_a_debt_is_drawn_below_zero(purse: Purse, visit: Visit, user: User) -> None:
    with written_at(purse.database, noon(5)):
        order = purse.buy(100)
    with written_at(purse.database, noon(3)):
        purse.spend(18)
        purse.refund(order, 100)
    site = visit(user)
    expect(chart(site).get_by_role("img")).to_have_accessible_name(
        "Balance at the end of each of the last 6 days: "
        f"between {MINUS}90 and 100 credits, now {MINUS}90."
    )


def test_a_single_day_is_not_drawn(purse: Purse, visit: Visit, user: User) -> None:
    purse.buy(500)
    site = visit(user)
    expect(site.history).to_have_count(1)
    expect(chart(site)).to_have_count(0)
    expect(site.page.locator("credit-history .chart-place")).to_be_hidden()
