"""A shop with a name, a logo, a colour, links and terms of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.pages import GOOD_CARD, PAID

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import StartStack, Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.support import RunningStack, User

IDENTITY = {
    "SHOP_NAME": "Garden Books",
    "SHOP_LOGO_URL": "/img/gem.svg",
    "SHOP_COLOR": "#0b6a47",
    "SHOP_SUPPORT_EMAIL": "help@example.com",
    "SHOP_TERMS_URL": "https://example.com/terms",
    "SHOP_PRIVACY_URL": "/privacy",
    "SHOP_IMPRINT_URL": "https://example.com/imprint",
    "CHECKOUT_TERMS_CONSENT": "true",
}
ADDRESSES = ("/", "/files", "/payment/cancelled", "/payment/success", "/no/such/page")
ACCENT = "getComputedStyle(document.documentElement).getPropertyValue('--accent').trim()"


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> RunningStack:
    """A stack of that shop."""
    return start_stack(IDENTITY)


def expect_identity(page: Page) -> None:
    """Expect the shop's own name, sign, colour and links."""
    brand = page.get_by_role("banner").get_by_role("link", name="Garden Books")
    expect(brand).to_be_visible()
    expect(brand.locator("img")).to_have_attribute("src", "/img/gem.svg")
    assert page.title().endswith(" · Garden Books")
    assert page.evaluate(ACCENT) == "#0b6a47"
    footer = page.get_by_role("contentinfo")
    for name, href in (
        ("Terms", "https://example.com/terms"),
        ("Privacy", "/privacy"),
        ("Imprint", "https://example.com/imprint"),
        ("Support", "mailto:help@example.com"),
    ):
        expect(footer.get_by_role("link", name=name)).to_have_attribute("href", href)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_shows_whose_shop_it_is(visit: Visit, console: Console, address: str) -> None:
    console.allow_failing("/no/such/page")
    site = visit(at=address)
    expect_identity(site.page)
    assert "Purse" not in site.page.locator("body").inner_text()


def test_what_was_seen_last_is_there_without_the_servers_answer(
    visitor: Site, console: Console
) -> None:
    console.allow_failing("/api/config")
    expect_identity(visitor.page)
    visitor.page.route("**/api/config", lambda route: route.abort())
    visitor.open("/files")
    expect_identity(visitor.page)


def test_before_anything_is_known_no_other_name_is_shown(visit: Visit, console: Console) -> None:
    console.allow_failing("/api/config")
    site = visit(at="/payment/cancelled")
    page = site.page
    expect_identity(page)  # an answer that came later would be kept again
    page.route("**/api/config", lambda route: route.abort())
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.get_by_role("heading", name="Nothing was charged")).to_be_visible()
    assert page.title() == "Nothing was charged"
    assert "Purse" not in page.locator("header").inner_text()


def test_nobody_pays_without_consent_to_the_terms(buyer: Site, console: Console) -> None:
    console.allow_failing("/c/pay/")
    checkout = buyer.buy("Starter")
    expect(checkout.page.get_by_text("Garden Books: help@example.com")).to_be_visible()
    checkout.try_card(GOOD_CARD)
    expect(checkout.problem).to_have_text("Accept the terms of service to pay.")
    checkout.page.get_by_role("checkbox", name="I agree to Garden Books").check()
    checkout.pay()
    buyer.expect_title(PAID)


def test_consent_without_terms_at_stripe_is_refused_and_charges_nothing(
    stack: RunningStack, user: User
) -> None:
    stack.simulate("account", terms_of_service_url="")
    try:
        answer = stack.post(
            "/api/create-checkout-session", json={"package_type": "starter"}, headers=user.auth
        )
    finally:
        stack.simulate("account", terms_of_service_url=IDENTITY["SHOP_TERMS_URL"])
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "stripe_refused"
