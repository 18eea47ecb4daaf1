"""The history says of every movement what it was, and which credits it moved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.pages import PAID

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.browser.stand_in import StandIn
    from tests.database.purse import Purse
    from tests.support import User

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
TODAY = r"[A-Z][a-z]{2} \d{1,2}"
RECEIPT = re.compile(r"/receipts/")


@pytest.fixture
def purse(purse: Purse) -> Purse:
    """The user's purse, with a pack of 500 credits in it."""
    purse.buy(500)
    return purse


def expect_entry(site: Site, pattern: str) -> None:
    """Expect the newest entry to read so."""
    expect(site.history.first).to_have_text(re.compile(f"^{pattern}$"))


def test_a_use_names_the_feature_how_often_and_the_lot(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.spend(3)
    expect_entry(
        visit(user),
        rf"DOCX processing {TIMES} 3Used · .*{MINUS}15 credits.*From Starter, bought {TODAY}",
    )


def test_a_use_of_one_does_not_say_how_often(purse: Purse, visit: Visit, user: User) -> None:
    purse.spend()
    expect_entry(
        visit(user), rf"DOCX processingUsed · .*{MINUS}5 credits.*From Starter, bought {TODAY}"
    )


def test_a_use_that_takes_from_two_lots_tells_them_apart_when_asked(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.grant(3, days=9, reason="Launch gift")
    purse.spend()
    entry = visit(user).history.first
    shares = entry.locator("details p")
    expect(shares.first).to_be_hidden()
    entry.get_by_text("From Launch gift and Starter").click()
    expect(shares).to_have_text(
        [
            re.compile(rf"^3 credits: Launch gift, given {TODAY}, expires {TODAY}(, \d+)?$"),
            re.compile(rf"^2 credits: Starter, bought {TODAY}$"),
        ]
    )


def test_what_was_opened_stays_open_when_the_balance_is_read_again(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.grant(3, reason="Launch gift", days=9)
    purse.spend()
    site = visit(user)
    fold = site.history.first.locator("details")
    fold.locator("summary").click()
    purse.spend(feature="txt_upload")
    site.page.evaluate("import('/js/credits/wallet.js').then(({ wallet }) => wallet.load())")
    expect(site.history.first).to_contain_text("Text upload")
    expect(fold).to_have_count(0)
    expect(site.history.nth(1).locator("details")).to_have_attribute("open", "")
    expect(site.history.nth(1).locator("summary")).to_be_focused()


def test_a_use_that_was_undone_says_why_and_where_the_credits_are(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.reverse(purse.spend()["transaction_id"])
    expect_entry(
        visit(user),
        rf"DOCX processingGiven back · .*\+5 credits.*it failedBack to Starter, bought {TODAY}",
    )


def test_gifts_corrections_and_expiries_are_told_in_words(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.grant(20, days=5, reason="Launch gift")
    purse.grant(-2, "correction", reason="Counted twice")
    purse.time_passes(days=6)
    site = visit(user)
    site.expect_balance(500)
    expect_entry(
        site,
        rf"Expired[A-Z].*{MINUS}18 creditsBalance 500From Launch gift, given .*, expired {TODAY}",
    )
    expect(site.history.nth(1)).to_contain_text(re.compile(f"Counted twiceAdjustment · .*{MINUS}2"))
    expect(site.history.nth(2)).to_contain_text(re.compile(r"Launch giftA gift to you · .*\+20"))


def test_the_receipt_opens_in_a_tab_of_its_own(buyer: Site) -> None:
    buyer.buy("Starter").pay()
    buyer.expect_title(PAID)
    buyer.open()
    with buyer.page.expect_popup() as opened:
        buyer.history.first.get_by_role("button", name="Receipt").click()
    receipt = opened.value
    receipt.wait_for_url(RECEIPT)
    expect(receipt.get_by_text("$4.99")).to_be_visible()
    assert receipt.evaluate("window.opener") is None
    buyer.expect_title("Your balance")


def test_a_receipt_that_cannot_be_had_says_so_and_leaves_no_tab_behind(
    buyer: Site, stripe: StandIn, console: Console
) -> None:
    console.allow_failing("/api/receipt")
    buyer.buy("Starter").pay()
    buyer.expect_title(PAID)
    buyer.open()
    stripe.break_down()
    buyer.history.first.get_by_role("button", name="Receipt").click()
    expect(buyer.history.first.get_by_role("alert")).to_contain_text("Stripe did not answer")
    expect(buyer.page.get_by_role("button", name="Receipt")).to_be_visible()
    assert buyer.page.context.pages == [buyer.page]
    stripe.recover()
    with buyer.page.expect_popup() as opened:
        buyer.history.first.get_by_role("button", name="Receipt").click()
    opened.value.wait_for_url(RECEIPT)


def test_credits_that_cost_nothing_have_no_receipt(purse: Purse, visit: Visit, user: User) -> None:
    purse.grant(20, reason="Launch gift")
    site = visit(user)
    expect(site.history.first).to_contain_text("Launch gift")
    expect(site.history.first.get_by_role("button", name="Receipt")).to_have_count(0)
