"""The history on a page of another app: its dialogs show there, and the address is the app's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import shop
from tests.browser.host_page import enter

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import OpenHost, StartStack
    from tests.browser.stand_in import StandIn
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

pytestmark = pytest.mark.npm
STYLE = "(element, name) => getComputedStyle(element).getPropertyValue(name)"


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> RunningStack:
    """A stack whose buyers may refund and withdraw."""
    return start_stack({**shop.WITHDRAWING, "SELF_REFUND_DAYS": "14"})


@pytest.fixture
def page(open_host: OpenHost) -> Page:
    """The app's page, before anybody signs in."""
    return open_host()


def entries(page: Page, user: User) -> Locator:
    """Sign in on the app's page; return the entries of the history."""
    enter(page, user)
    return page.locator("credit-history").get_by_role("listitem")


def test_before_somebody_signs_in_it_says_so(page: Page) -> None:
    history = page.locator("credit-history")
    expect(history.get_by_text("Sign in to see what became of your credits.")).to_be_visible()
    expect(history.get_by_role("searchbox")).to_be_hidden()


def test_the_steps_of_a_withdrawal_show_there_with_their_styles(
    page: Page, user: User, purse: Purse
) -> None:
    purse.buy(500, at=int(time.time()))
    entry = entries(page, user).first
    entry.locator("summary").click()
    begin = entry.get_by_role("button", name="Withdraw from contract")
    begin.click()
    dialog = page.get_by_role("dialog", name="Withdraw from contract")
    expect(dialog).to_contain_text("You get $5.00 back for 500 unused credits of this pack.")
    expect(dialog.get_by_text(user.email)).to_be_visible()
    assert dialog.evaluate(STYLE, "border-top-left-radius") == "20px"
    facts = dialog.locator("dl")
    assert facts.evaluate(STYLE, "display") == "grid"
    dialog.get_by_role("button", name="Cancel").click()
    expect(begin).to_be_focused()
    begin.click()
    dialog.get_by_role("button", name="Confirm withdrawal").click()
    done = page.get_by_role("dialog", name="Withdrawal confirmed")
    done.get_by_role("button", name="Close").click()
    expect(entry.get_by_text("Withdrawn ")).to_be_visible()
    expect(entry.locator("summary")).to_be_focused()


def test_the_steps_of_a_refund_show_there_with_their_styles(
    page: Page, user: User, purse: Purse
) -> None:
    purse.buy(500, at=int(time.time()))
    purse.spend(20)
    entry = entries(page, user).last
    entry.locator("summary").click()
    entry.get_by_role("button", name="Refund unused credits").click()
    dialog = page.get_by_role("dialog", name="Refund unused credits")
    expect(dialog).to_contain_text("You get $4.00 back for 400 unused credits of this pack.")
    assert dialog.evaluate(STYLE, "border-top-left-radius") == "20px"
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(entry.get_by_role("button", name="Refund unused credits")).to_be_focused()
    assert purse.available == 400


def test_a_dialog_closes_when_its_person_leaves(page: Page, user: User, purse: Purse) -> None:
    purse.buy(500, at=int(time.time()))
    entry = entries(page, user).first
    entry.locator("summary").click()
    entry.get_by_role("button", name="Withdraw from contract").click()
    dialog = page.get_by_role("dialog", name="Withdraw from contract")
    expect(dialog.get_by_text(user.email)).to_be_visible()
    page.evaluate("document.querySelector('#leave').click()")
    expect(dialog).to_have_count(0)


def test_a_choice_leaves_the_address_alone(page: Page, user: User, purse: Purse, host: str) -> None:
    purse.grant(20, reason="Launch gift")
    purse.spend()
    found = entries(page, user)
    expect(found).to_have_count(2)
    page.get_by_role("combobox", name="Kind").select_option("Gifts")
    expect(found).to_have_count(1)
    page.get_by_role("searchbox", name="Search").fill("launch")
    expect(found).to_have_count(1)
    assert page.url == f"{host}/"
    page.evaluate("history.pushState(null, '', '?kind=used'); history.back()")
    page.wait_for_url(f"{host}/")
    expect(found).to_have_count(1)
    expect(page.get_by_role("combobox", name="Kind")).to_have_value("gifts")


def test_a_failed_payment_leads_to_the_store_of_the_app(
    page: Page, user: User, stack: RunningStack, stripe: StandIn
) -> None:
    session_id = shop.begin(stack, user)
    shop.pay_by_bank(stack, session_id)
    stripe.settle(session_id, "failed")
    entry = entries(page, user).first
    expect(entry.locator("summary")).to_contain_text("Failed")
    entry.locator("summary").click()
    page.evaluate(
        """document.addEventListener("credits:buy", (event) => {
          event.preventDefault();
          document.title = "The app's own store";
        })"""
    )
    entry.get_by_role("button", name="Visit the store").click()
    expect(page).to_have_title("The app's own store")


def test_the_csv_is_downloaded_there_too(page: Page, user: User, purse: Purse) -> None:
    purse.grant(20, reason="Launch gift")
    expect(entries(page, user)).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename.startswith("credits-")
    assert "Launch gift" in download.value.path().read_text("utf-8-sig")


def test_an_element_that_is_moved_listens_once(page: Page, user: User, purse: Purse) -> None:
    purse.grant(20, reason="Launch gift")
    found = entries(page, user)
    expect(found).to_have_count(1)
    page.evaluate("document.body.prepend(document.querySelector('credit-history'))")
    expect(found).to_have_count(1)
    purse.spend()
    page.evaluate("purse.refresh()")
    expect(found).to_have_count(2)
    expect(found.first).to_contain_text("DOCX processing")


def test_parts_and_custom_properties_reach_it(page: Page, user: User, purse: Purse) -> None:
    purse.grant(20, reason="Launch gift")
    entry = entries(page, user).first
    expect(entry).to_be_visible()
    page.evaluate(
        """() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(`credit-history { --purse-surface: rgb(1, 2, 3); }
            credit-history::part(line) { background: rgb(4, 5, 6); }`);
          document.adoptedStyleSheets.push(sheet);
        }"""
    )
    days = page.locator("credit-history .days")
    assert days.evaluate(STYLE, "background-color") == "rgb(1, 2, 3)"
    assert entry.locator("summary").evaluate(STYLE, "background-color") == "rgb(4, 5, 6)"
