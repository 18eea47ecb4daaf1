"""The history leads to Stripe's invoice, as a page and as a PDF."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.pages import PAID

if TYPE_CHECKING:
    from tests.browser.conftest import StartStack
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.browser.stand_in import StandIn
    from tests.support import RunningStack

INVOICE = re.compile(r"/invoices/in_")


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> RunningStack:
    """A stack whose shop makes invoices."""
    return start_stack({"INVOICES": "on"})


def test_the_invoice_opens_in_a_tab_of_its_own(buyer: Site) -> None:
    buyer.buy("Starter").pay()
    buyer.expect_title(PAID)
    buyer.open()
    entry = buyer.open_entry(buyer.history.first)
    expect(entry.get_by_role("button", name="Receipt")).to_be_visible()
    with buyer.page.expect_popup() as opened:
        entry.get_by_role("button", name="Invoice", exact=True).click()
    invoice = opened.value
    invoice.wait_for_url(INVOICE)
    expect(
        invoice.get_by_role("heading", name=re.compile("^Invoice [A-Z0-9]+-0001$"))
    ).to_be_visible()
    expect(invoice.get_by_text("$4.99").first).to_be_visible()
    assert invoice.evaluate("window.opener") is None


def test_the_pdf_is_downloaded(buyer: Site) -> None:
    buyer.buy("Starter").pay()
    buyer.expect_title(PAID)
    buyer.open()
    entry = buyer.open_entry(buyer.history.first)
    with buyer.page.expect_download() as download:
        entry.get_by_role("button", name="Invoice (PDF)").click()
    assert re.fullmatch(r"Invoice-[A-Z0-9]+-0001\.pdf", download.value.suggested_filename)
    assert buyer.page.context.pages == [buyer.page]
    buyer.expect_title("Your balance")


def test_an_invoice_that_cannot_be_had_says_so_and_leaves_no_tab_behind(
    buyer: Site, stripe: StandIn, console: Console
) -> None:
    console.allow_failing("/api/invoice")
    buyer.buy("Starter").pay()
    buyer.expect_title(PAID)
    buyer.open()
    entry = buyer.open_entry(buyer.history.first)
    button = entry.get_by_role("button", name="Invoice", exact=True)
    stripe.break_down()
    button.click()
    alerts = entry.get_by_role("alert")
    expect(alerts.filter(has_text="Stripe did not answer")).to_be_visible()
    assert buyer.page.context.pages == [buyer.page]
    stripe.recover()
    buyer.page.route(
        "**/api/invoice?*",
        lambda route: route.fulfill(
            status=404, json={"error": {"code": "no_invoice", "message": "Not there."}}
        ),
    )
    button.click()
    expect(alerts.filter(has_text="has not finished this invoice")).to_be_visible()
    assert buyer.page.context.pages == [buyer.page]
