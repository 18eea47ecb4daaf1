"""A buyer refunds what is unused of a pack by themselves, on a phone, in two steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests import shop
from tests.browser.another_site import another_stack
from tests.browser.pages import PAID
from tests.support import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import User

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
BEGIN, CONFIRM = "Refund unused credits", "Confirm refund"


@pytest.fixture(scope="module")
def stack(
    chromium_path: str,  # noqa: ARG001 - nothing is started where there is no browser
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningStack]:
    """A stack whose buyers refund for 14 days, and may withdraw as long."""
    folder = tmp_path_factory.mktemp("refunding")
    settings = {**shop.WITHDRAWING, "SELF_REFUND_DAYS": "14"}
    with another_stack(folder, settings) as running:
        yield RunningStack.of(running)


@pytest.fixture
def phone(visit: Visit, user: User) -> Site:
    """A buyer's phone, at home, after buying the starter pack."""
    site = visit(user, **PHONE)
    site.buy("Starter").pay()
    site.expect_title(PAID)
    site.open()
    site.expect_balance(500)
    return site


def begin(site: Site) -> Locator:
    """Take the first step; return the dialog of the second."""
    site.history.last.get_by_role("button", name=BEGIN).click()
    dialog = site.page.get_by_role("dialog", name=BEGIN)
    expect(dialog).to_be_visible()
    return dialog


def test_a_buyer_refunds_in_two_steps(phone: Site, purse: Purse) -> None:
    purse.spend(20)
    dialog = begin(phone)
    expect(dialog).to_contain_text("$3.99 goes back to you, for 400 unused credits of this pack.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(phone.history.last.get_by_role("button", name=BEGIN)).to_be_focused()
    assert purse.available == 400
    begin(phone).get_by_role("button", name=CONFIRM).click()
    done = phone.page.get_by_role("dialog", name="Refund made")
    expect(done).to_contain_text("$3.99 goes back to you, for 400 unused credits.")
    expect(done.get_by_role("heading")).to_be_focused()
    done.get_by_role("button", name="Close").click()
    phone.expect_balance(0)
    expect(phone.history.first).to_contain_text("Refunded")
    phone.history.last.get_by_role("button", name=BEGIN).click()
    expect(phone.history.last).to_contain_text("Nothing of this pack is left")


def test_what_was_used_in_between_is_shown_before_it_is_confirmed(
    phone: Site, purse: Purse, console: Console
) -> None:
    console.allow_failing("/api/refund")
    dialog = begin(phone)
    purse.spend(20)
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Credits were used meanwhile.")
    expect(dialog).to_contain_text("$3.99 goes back to you")
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(phone.page.get_by_role("dialog", name="Refund made")).to_be_visible()


def test_a_silence_and_a_second_click_refund_once(
    phone: Site, purse: Purse, console: Console
) -> None:
    console.allow_failing("/api/refund")
    dialog = begin(phone)

    def done_but_unanswered(route: Any) -> None:
        route.fetch()
        route.abort()

    phone.page.route("**/api/refund", done_but_unanswered)
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(dialog.get_by_role("alert")).to_contain_text("It is unknown whether")
    phone.page.unroute("**/api/refund")
    dialog.get_by_role("button", name=CONFIRM).click()
    expect(phone.page.get_by_role("dialog", name="Refund made")).to_be_visible()
    assert [kind for kind, _ in purse.ledger()] == ["purchase", "clawback"]


def test_it_speaks_german(phone: Site) -> None:
    phone.open("/?lang=de")
    phone.page.get_by_role("button", name="Unbenutzte Credits erstatten").click()
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
    site.page.wait_for_load_state("networkidle")
    expect(site.page.get_by_role("button", name=BEGIN)).to_have_count(0)
