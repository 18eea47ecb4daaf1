"""With TAX=automatic, pages say how prices are meant and what tax goes back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.pages import PAID

if TYPE_CHECKING:
    from tests.browser.conftest import StartStack, Visit
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import RunningStack


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> RunningStack:
    """A stack whose shop adds tax to its prices, and whose buyers may refund."""
    settings = {"TAX": "automatic", "TAX_BEHAVIOR": "exclusive", "SELF_REFUND_DAYS": "14"}
    return start_stack(settings)


def test_the_store_says_that_tax_is_added(visit: Visit) -> None:
    store = visit().page
    expect(store.get_by_text("Plus tax. You see it before you pay.")).to_be_visible()


def test_a_buyer_pays_with_tax_and_gets_it_back_with_the_rest(buyer: Site, purse: Purse) -> None:
    checkout = buyer.buy("Starter")
    expect(buyer.page.get_by_text("20% added")).to_be_visible()
    expect(buyer.page.get_by_role("button", name="Pay $5.99")).to_be_visible()
    checkout.pay()
    buyer.expect_title(PAID)
    purse.spend(20)
    buyer.open()
    entry = buyer.open_entry(buyer.history.last)
    entry.get_by_role("button", name="Refund unused credits").click()
    dialog = buyer.page.get_by_role("dialog")
    expect(dialog).to_contain_text("You get $4.79 back for 400 unused credits of this pack.")
    expect(dialog).to_contain_text("The amount includes $0.79 tax.")
    dialog.get_by_role("button", name="Confirm refund").click()
    expect(buyer.page.get_by_role("dialog", name="Refund made")).to_contain_text(
        re.compile(r"\$4\.79")
    )
