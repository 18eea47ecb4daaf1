"""The history tells each movement on a line, by day, and more about it when it is opened."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.earlier import noon, written_at
from tests.browser.pages import PAID, PHONE
from tests.samples import docx_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.browser.stand_in import StandIn
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
TODAY = r"[A-Z][a-z]{2} \d{1,2}"
AUCKLAND = "Pacific/Auckland"
RECEIPT = re.compile(r"/receipts/")


@pytest.fixture
def purse(purse: Purse) -> Purse:
    """The user's purse, with a pack of 500 credits in it."""
    purse.buy(500)
    return purse


def line(entry: Locator) -> Locator:
    """The line of an entry, which opens it."""
    return entry.locator("summary")


def fact(entry: Locator, name: str) -> Locator:
    """What an opened entry says under a name."""
    terms = entry.get_by_role("term").filter(has_text=re.compile(f"^{name}$"))
    return terms.locator("xpath=following-sibling::dd")


def days(site: Site) -> Locator:
    """The headings of the days."""
    return site.page.locator("credit-history").get_by_role("heading", level=3)


def test_a_use_names_the_feature_how_often_and_the_lot(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.spend(3)
    site = visit(user)
    entry = site.history.first
    expect(line(entry)).to_have_text(
        re.compile(rf"^DOCX processing {TIMES} 3{MINUS}15 credits485Balance 485$")
    )
    expect(fact(entry, "From")).to_be_hidden()
    site.open_entry(entry)
    expect(fact(entry, "Kind")).to_have_text("Used")
    expect(fact(entry, "From")).to_have_text(re.compile(rf"^Starter, bought {TODAY}"))
    expect(fact(entry, "Time")).to_be_visible()


def test_a_use_of_one_does_not_say_how_often(purse: Purse, visit: Visit, user: User) -> None:
    purse.spend()
    expect(line(visit(user).history.first)).to_have_text(re.compile(f"^DOCX processing{MINUS}5 "))


def test_a_use_for_a_file_goes_by_the_name_of_the_file(purse: Purse, buyer: Site) -> None:
    purse.spend(feature="txt_upload")
    files = buyer.open_files()
    files.upload("A Year in the Garden.docx", docx_of((1, "January"), (0, "Snow.")))
    files.expect_stage("Done · 1 chapter · 2 words")
    buyer.open()
    entry = buyer.open_entry(buyer.history.first)
    expect(line(entry)).to_have_text(
        re.compile(rf"^A Year in the Garden\.docx DOCX processing{MINUS}5 ")
    )
    expect(fact(entry, "Feature")).to_have_text("DOCX processing")


def test_a_use_that_takes_from_two_lots_tells_them_apart_when_asked(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.grant(3, days=9, reason="Launch gift")
    purse.spend()
    site = visit(user)
    entry = site.open_entry(site.history.first)
    expect(fact(entry, "From").locator("p")).to_have_text(
        [
            re.compile(rf"^3 credits: Launch gift, given {TODAY}, expires {TODAY}(, \d+)?$"),
            re.compile(rf"^2 credits: Starter, bought {TODAY}"),
        ]
    )


def test_what_was_opened_stays_open_when_the_balance_is_read_again(
    purse: Purse, visit: Visit, user: User, unbuilt: RunningStack
) -> None:
    purse.spend()
    site = visit(user, site=unbuilt)
    site.open_entry(site.history.first)
    expect(line(site.history.first)).to_be_focused()
    purse.spend(feature="txt_upload")
    site.page.evaluate("import('/js/credits/wallet.js').then(({ wallet }) => wallet.load())")
    expect(site.history.first).to_contain_text("Text upload")
    expect(site.history.first.get_by_role("group")).not_to_have_attribute("open", "")
    expect(site.history.nth(1).get_by_role("group")).to_have_attribute("open", "")
    expect(line(site.history.nth(1))).to_be_focused()


def test_an_entry_that_says_something_new_stays_open_and_keeps_the_focus(
    purse: Purse, visit: Visit, user: User, unbuilt: RunningStack
) -> None:
    purse.spend()
    site = visit(user, site=unbuilt)
    entry = site.open_entry(site.history.last)
    name = line(entry).locator("span").first
    expect(name).to_contain_text("Starter")
    purse.database.execute(
        "update purchases set package_name = 'First pack' where user_id = %s", [purse.user_id]
    )
    site.page.evaluate("import('/js/credits/wallet.js').then(({ wallet }) => wallet.load())")
    expect(name).to_contain_text("First pack")
    expect(entry.get_by_role("group")).to_have_attribute("open", "")
    expect(line(entry)).to_be_focused()


def test_a_use_that_was_undone_says_why_and_where_the_credits_are(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.reverse(purse.spend()["transaction_id"])
    site = visit(user)
    entry = site.open_entry(site.history.first)
    expect(line(entry)).to_have_text(re.compile(r"^DOCX processing Returned\+5 credits"))
    expect(fact(entry, "Reason")).to_have_text("it failed")
    expect(fact(entry, "Back to")).to_have_text(re.compile(rf"^Starter, bought {TODAY}"))


def test_gifts_corrections_and_expiries_are_told_in_words(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.grant(20, days=5, reason="Launch gift")
    purse.grant(-2, "correction", reason="Counted twice")
    purse.time_passes(days=6)
    site = visit(user)
    site.expect_balance(500)
    expect(line(site.history.first)).to_have_text(
        re.compile(rf"^Expired{MINUS}18 credits500Balance 500$")
    )
    expect(fact(site.open_entry(site.history.first), "From")).to_have_text(
        re.compile(rf"^Launch gift, given .*, expired {TODAY}")
    )
    expect(line(site.history.nth(1))).to_have_text(
        re.compile(rf"^Counted twice Adjustment{MINUS}2 ")
    )
    expect(line(site.history.nth(2))).to_have_text(re.compile(r"^Launch gift Gift\+20 "))
    expect(fact(site.open_entry(site.history.nth(2)), "Expired")).to_be_visible()


def test_entries_stand_under_their_day(purse: Purse, visit: Visit, user: User) -> None:
    with written_at(purse.database, noon(400)):
        purse.grant(5, reason="Old gift")
    with written_at(purse.database, noon(3)):
        purse.spend()
        purse.spend(2)
    with written_at(purse.database, noon(1)):
        purse.spend(3)
    purse.spend(4)
    site = visit(user)
    expected = [f"{noon(ago):%A, %B} {noon(ago).day}" for ago in (3, 400)]
    expected[1] += f", {noon(400).year}"
    # The year stands there if it is not this one: three days ago it may have been another.
    if noon(3).year != noon(0).year:
        expected[0] += f", {noon(3).year}"
    expect(days(site)).to_have_text(["Today", "Yesterday", *expected])
    three_days_ago = site.page.get_by_role("list", name=expected[0], exact=True)
    expect(three_days_ago.get_by_role("listitem")).to_have_count(2)


def test_a_day_is_the_readers_own(purse: Purse, visit: Visit, user: User) -> None:
    # Three o'clock in the afternoon is tomorrow in Auckland.
    moment = noon(3) + timedelta(hours=3)
    with written_at(purse.database, moment):
        purse.spend()
    site = visit(user, timezone_id=AUCKLAND)
    day = moment.astimezone(ZoneInfo(AUCKLAND))
    name = re.compile(f"^{day:%A, %B} {day.day}(, {day.year})?$")
    expect(site.page.get_by_role("list", name=name).get_by_role("listitem")).to_have_count(1)


def test_a_pending_bank_debit_is_an_entry_and_says_how_long_it_may_take(
    buyer: Site, stripe: StandIn
) -> None:
    session_id = buyer.buy("Creator").pay_by_bank()
    buyer.open()
    entry = buyer.history.first
    expect(line(entry)).to_have_text(re.compile(r"^\s*Creator \$14\.99Pending$"))
    expect(line(entry).locator("svg")).to_be_visible()
    expect(days(buyer)).to_have_text(["Today"])
    buyer.open_entry(entry)
    expect(entry).to_contain_text("two to five working days, sometimes up to 14")
    expect(entry).to_contain_text("1,500 credits")
    stripe.settle(session_id, "succeeded")
    stripe.wait_until_delivered()
    buyer.open()
    buyer.expect_balance(1500)
    expect(buyer.history).to_have_count(1)
    expect(line(buyer.history.first)).to_have_text(re.compile(r"^Creator \$14\.99\+1,500 "))


def test_a_failed_payment_is_an_entry_and_leads_to_the_store(
    buyer: Site, stripe: StandIn, purse: Purse
) -> None:
    purse.spend()
    session_id = buyer.buy("Creator").pay_by_bank()
    stripe.settle(session_id, "failed")
    stripe.wait_until_delivered()
    buyer.open()
    # Before the movements of its day.
    entry = buyer.open_entry(buyer.history.first)
    expect(line(entry)).to_have_text(re.compile(r"^\s*Creator \$14\.99Failed$"))
    expect(buyer.history).to_have_count(3)
    expect(entry).to_contain_text("This payment did not go through")
    entry.get_by_role("button", name="Visit the store").click()
    expect(buyer.store.place).to_be_visible()


def test_an_entry_opens_by_the_keyboard(purse: Purse, visit: Visit, user: User) -> None:
    purse.spend()
    site = visit(user)
    line(site.history.first).press("Enter")
    expect(fact(site.history.first, "From")).to_be_visible()
    line(site.history.first).press("Space")
    expect(fact(site.history.first, "From")).to_be_hidden()


def test_earlier_entries_go_on_where_the_reader_was(purse: Purse, visit: Visit, user: User) -> None:
    for number in range(1, 25):
        purse.spend(number % 3 + 1)
    site = visit(user)
    expect(site.history).to_have_count(20)
    earlier = site.page.get_by_role("button", name="Show earlier")
    earlier.press("Enter")
    expect(site.history).to_have_count(25)
    expect(line(site.history.nth(20))).to_be_focused()
    expect(earlier).to_be_hidden()
    expect(site.history.last).to_contain_text("Starter")


def test_the_receipt_opens_in_a_tab_of_its_own(buyer: Site) -> None:
    buyer.buy("Starter").pay()
    buyer.expect_title(PAID)
    buyer.open()
    entry = buyer.open_entry(buyer.history.first)
    expect(fact(entry, "Price paid")).to_have_text("$4.99")
    with buyer.page.expect_popup() as opened:
        entry.get_by_role("button", name="Receipt").click()
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
    entry = buyer.open_entry(buyer.history.first)
    receipt = entry.get_by_role("button", name="Receipt")
    stripe.break_down()
    receipt.click()
    expect(entry.get_by_role("alert")).to_contain_text("Stripe did not answer")
    expect(receipt).to_be_visible()
    assert buyer.page.context.pages == [buyer.page]
    stripe.recover()
    with buyer.page.expect_popup() as opened:
        receipt.click()
    opened.value.wait_for_url(RECEIPT)


def test_credits_that_cost_nothing_have_no_receipt(purse: Purse, visit: Visit, user: User) -> None:
    purse.grant(20, reason="Launch gift")
    site = visit(user)
    entry = site.open_entry(site.history.first)
    expect(entry).to_contain_text("Launch gift")
    expect(entry.get_by_role("button", name="Receipt")).to_have_count(0)


def test_on_a_phone_a_long_name_is_cut_off_until_the_entry_is_opened(
    purse: Purse, visit: Visit, user: User
) -> None:
    purse.grant(1, reason="A gift with a reason that goes on for longer than any phone is wide")
    site = visit(user, **PHONE)
    entry = site.history.first
    name = line(entry).get_by_text("A gift with")
    is_cut = "element => element.scrollWidth > element.clientWidth"
    assert name.evaluate(is_cut)
    site.open_entry(entry)
    assert not name.evaluate(is_cut)


def test_it_speaks_german(purse: Purse, visit: Visit, user: User) -> None:
    purse.reverse(purse.spend()["transaction_id"])
    site = visit(user, at="/?lang=de", locale="de-DE")
    expect(days(site).first).to_have_text("Heute")
    expect(line(site.history.first)).to_have_text(re.compile(r"^DOCX processing Zurückgebucht\+5 "))
    entry = site.open_entry(site.history.nth(1))
    expect(fact(entry, "Art")).to_have_text("Verbraucht")
