"""A buyer refunds what is unused of a pack by themselves, on a phone, in two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import shop
from tests.browser.lost_answers import answers_lost
from tests.browser.pages import PHONE

if TYPE_CHECKING:
    from tests.browser.conftest import StartStack, Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

BEGIN, CONFIRM = "Refund unused credits", "Confirm refund"


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> RunningStack:
    """A stack whose buyers refund for 14 days, and may withdraw as long."""
    return start_stack({**shop.WITHDRAWING, "SELF_REFUND_DAYS": "14"})


def test_a_buyer_refunds_in_two_steps(phone: Site, purse: Purse) -> None:
    purse.spend(20)
    dialog = phone.begin(BEGIN)
    expect(dialog).to_contain_text("You get $3.99 back for 400 unused credits of this pack.")
    html = phone.page.locator("html")
    expect(html).to_have_css("overflow", "hidden")  # the page stays where it is behind the dialog
    dialog.get_by_role("button", name="Cancel").click()
    expect(html).to_have_css("overflow", "visible")
    expect(phone.history.last.get_by_role("button", name=BEGIN)).to_be_focused()
    assert purse.available == 400
    phone.begin(BEGIN).get_by_role("button", name=CONFIRM).click()
    done = phone.page.get_by_role("dialog", name="Refund made")
    expect(done).to_contain_text("You get $3.99 back for 400 unused credits.")
    expect(done.get_by_role("heading")).to_be_focused()
    done.get_by_role("button", name="Close").click()
    phone.expect_balance(0)
    expect(phone.history.first).to_contain_text("Refunded")
    phone.open_entry(phone.history.last).get_by_role("button", name=BEGIN).click()
    expect(phone.history.last).to_contain_text("Nothing of this pack is left")


def test_what_was_used_in_between_is_shown_before_it_is_confirmed(
    phone: Site, purse: Purse, console: Console
) -> None:
    console.allow_failing("/api/refund")
    dialog = phone.begin(BEGIN)
    purse.spend(20)
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Credits were used meanwhile.")
    expect(dialog).to_contain_text("You get $3.99 back")
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(phone.page.get_by_role("dialog", name="Refund made")).to_be_visible()


def test_a_silence_and_a_second_click_refund_once(
    phone: Site, purse: Purse, console: Console
) -> None:
    console.allow_failing("/api/refund")
    dialog = phone.begin(BEGIN)
    with answers_lost(phone.page, "**/api/refund"):
        dialog.get_by_role("button", name=CONFIRM).click()
        expect(dialog.get_by_role("alert")).to_contain_text("We do not know whether")
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(phone.page.get_by_role("dialog", name="Refund made")).to_be_visible()
    assert [kind for kind, _ in purse.ledger()] == ["purchase", "clawback"]


def test_it_speaks_german(phone: Site) -> None:
    phone.open("/?lang=de")
    entry = phone.open_entry(phone.history.last)
    entry.get_by_role("button", name="Unbenutzte Credits erstatten").click()
    dialog = phone.page.get_by_role("dialog", name="Unbenutzte Credits erstatten")
    expect(dialog.get_by_role("button", name="Erstattung bestätigen")).to_be_visible()
    expect(dialog).to_contain_text("für 500 unbenutzte Credits dieses Pakets")


def test_after_the_days_of_the_shop_there_is_no_button(
    visit: Visit, user: User, purse: Purse
) -> None:
    purse.buy(500)
    purse.time_passes(days=15)
    site = visit(user, **PHONE)
    expect(site.history).to_have_count(1)
    site.open_entry(site.history.first)
    site.page.wait_for_load_state("networkidle")
    expect(site.page.get_by_role("button", name=BEGIN)).to_have_count(0)
