"""A buyer withdraws from a purchase by themselves, on a phone, in two steps."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import shop
from tests.browser.lost_answers import answers_lost
from tests.browser.pages import PHONE
from tests.browser.test_keyboard import tab_to

if TYPE_CHECKING:
    from tests.browser.conftest import StartStack, Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.browser.stand_in import StandIn
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

BEGIN, CONFIRM = "Withdraw from contract", "Confirm withdrawal"
TO_THE_SECOND = re.compile(
    r"We received your withdrawal on \w+ \d{1,2}, \d{4} at \d{1,2}:\d\d:\d\d\W[AP]M UTC\."
)


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> RunningStack:
    """A stack whose buyers may withdraw for 14 days."""
    return start_stack(shop.WITHDRAWING)


def test_a_buyer_withdraws_in_two_steps_and_sees_when(
    phone: Site, purse: Purse, user: User
) -> None:
    purse.spend(20)
    entry = phone.open_entry(phone.history.last)
    expect(entry).to_contain_text(re.compile(r"until [A-Z][a-z]{2} \d{1,2}"))
    dialog = phone.begin(BEGIN)
    expect(dialog).to_contain_text("You get $3.99 back for 400 unused credits of this pack.")
    expect(dialog).to_contain_text(user.email)
    dialog.get_by_role("button", name=CONFIRM).click()
    done = phone.page.get_by_role("dialog", name="Withdrawal confirmed")
    expect(done).to_contain_text(TO_THE_SECOND)
    expect(done).to_contain_text("You get $3.99 back for 400 unused credits.")
    expect(done.get_by_role("heading")).to_be_focused()
    done.get_by_role("button", name="Close").click()
    phone.expect_balance(0)
    expect(phone.history.first).to_contain_text("Refunded")
    expect(entry.get_by_text("Withdrawn ")).to_be_visible()
    expect(entry.locator("summary")).to_be_focused()
    expect(phone.page.get_by_role("button", name=BEGIN)).to_have_count(0)


def test_a_withdrawal_needs_no_mouse(phone: Site) -> None:
    keyboard = phone.page.keyboard
    tab_to(phone.history.last.locator("summary"))
    keyboard.press("Enter")
    begin = phone.history.last.get_by_role("button", name=BEGIN)
    tab_to(begin)
    keyboard.press("Enter")
    dialog = phone.page.get_by_role("dialog", name=BEGIN)
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    keyboard.press("Escape")
    expect(begin).to_be_focused()
    keyboard.press("Enter")
    tab_to(dialog.get_by_role("button", name=CONFIRM))
    keyboard.press("Enter")
    done = phone.page.get_by_role("dialog", name="Withdrawal confirmed")
    expect(done.get_by_role("heading")).to_be_focused()
    keyboard.press("Escape")
    expect(phone.page.get_by_role("dialog")).to_have_count(0)
    phone.expect_balance(0)


def test_cancel_and_escape_withdraw_nothing(phone: Site) -> None:
    phone.begin(BEGIN).get_by_role("button", name="Cancel").click()
    expect(phone.page.get_by_role("dialog")).to_have_count(0)
    expect(phone.history.last.get_by_role("button", name=BEGIN)).to_be_focused()
    phone.begin(BEGIN)
    phone.page.keyboard.press("Escape")
    expect(phone.page.get_by_role("dialog")).to_have_count(0)
    phone.expect_balance(500)


def test_what_was_used_in_between_is_shown_before_it_is_confirmed(
    phone: Site, purse: Purse, console: Console
) -> None:
    console.allow_failing("/api/withdrawal")
    dialog = phone.begin(BEGIN)
    purse.spend(20)
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Credits were used meanwhile.")
    expect(dialog).to_contain_text("You get $3.99 back for 400 unused credits of this pack.")
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(phone.page.get_by_role("dialog", name="Withdrawal confirmed")).to_be_visible()


def test_a_pack_that_is_used_up_is_withdrawn_from_too(phone: Site, purse: Purse) -> None:
    purse.spend(100)
    dialog = phone.begin(BEGIN)
    expect(dialog).to_contain_text("nothing goes back by itself")
    dialog.get_by_role("button", name=CONFIRM).click()
    done = phone.page.get_by_role("dialog", name="Withdrawal confirmed")
    expect(done).to_contain_text("nothing goes back by itself")


def test_a_purchase_that_the_shop_refunds_meanwhile_says_so(phone: Site, purse: Purse) -> None:
    row = purse.database.execute(
        "select id from purchases where user_id = %s", [purse.user_id]
    ).fetchone()
    assert row is not None
    purse.call("begin_refund", row["id"], "ann", "asked", "key")
    dialog = phone.begin(BEGIN)
    dialog.get_by_role("button", name=CONFIRM).click()
    done = phone.page.get_by_role("dialog", name="Withdrawal confirmed")
    expect(done).to_contain_text("A refund of this purchase is under way.")
    expect(done).to_contain_text("nothing goes back by itself")


def test_a_withdrawal_counts_while_stripe_is_down(phone: Site, stripe: StandIn) -> None:
    dialog = phone.begin(BEGIN)
    stripe.break_down()
    dialog.get_by_role("button", name=CONFIRM).click()
    done = phone.page.get_by_role("dialog", name="Withdrawal confirmed")
    expect(done).to_contain_text(TO_THE_SECOND)


UNKNOWN = "We do not know whether your withdrawal arrived. Confirm it again: it counts only once."


def test_without_a_connection_it_says_that_the_outcome_is_unknown_and_can_be_repeated(
    phone: Site, console: Console
) -> None:
    console.allow_failing("/api/withdrawal")
    dialog = phone.begin(BEGIN)
    phone.page.context.set_offline(True)
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(dialog.get_by_role("alert")).to_have_text(UNKNOWN)
    phone.page.context.set_offline(False)
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(phone.page.get_by_role("dialog", name="Withdrawal confirmed")).to_be_visible()


@pytest.mark.parametrize("status", [None, 503])
def test_a_lost_answer_of_the_confirmation_may_have_arrived_and_counts_once(
    phone: Site, purse: Purse, console: Console, status: int | None
) -> None:
    console.allow_failing("/api/withdrawal")
    dialog = phone.begin(BEGIN)
    with answers_lost(phone.page, "**/api/withdrawal", status=status):
        dialog.get_by_role("button", name=CONFIRM).click()
        expect(dialog.get_by_role("alert")).to_have_text(UNKNOWN)
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(phone.page.get_by_role("dialog", name="Withdrawal confirmed")).to_be_visible()
    row = purse.database.execute(
        "select count(*) as refunds from refund_requests where actor = %s", [purse.user_id]
    ).fetchone()
    assert row == {"refunds": 1}


def test_without_a_connection_the_first_step_withdraws_nothing(
    phone: Site, console: Console
) -> None:
    console.allow_failing("/api/withdrawal")
    phone.page.context.set_offline(True)
    phone.open_entry(phone.history.last).get_by_role("button", name=BEGIN).click()
    expect(phone.history.last).to_contain_text("You have not withdrawn from the contract.")
    phone.page.context.set_offline(False)


def test_it_speaks_german(visit: Visit, user: User, purse: Purse) -> None:
    purse.buy(500, at=int(time.time()))
    site = visit(user, at="/?lang=de", **{**PHONE, "locale": "de-DE"})
    entry = site.open_entry(site.history.last)
    entry.get_by_role("button", name="Vertrag widerrufen").click()
    dialog = site.page.get_by_role("dialog", name="Vertrag widerrufen")
    expect(dialog.get_by_role("button", name="Widerruf bestätigen")).to_be_visible()
    expect(dialog).to_contain_text("für 500 unbenutzte Credits dieses Pakets")


def test_after_fourteen_days_it_is_not_offered(visit: Visit, user: User, purse: Purse) -> None:
    purse.buy(500, at=int(time.time()) - 16 * 24 * 60 * 60)
    site = visit(user, **PHONE)
    expect(site.history).to_have_count(1)
    site.open_entry(site.history.first)
    expect(site.page.get_by_role("button", name=BEGIN)).to_have_count(0)
