"""A phone's width, in light and dark: no page is wider than the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.pages import DECLINED_CARD, PAID

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.support import User

PHONE = {"width": 390, "height": 844}
TOO_WIDE_BY = """() => Math.max(
  ...[document.documentElement, ...document.querySelectorAll("dialog[open]")].map(
    (element) => element.scrollWidth - element.clientWidth))"""
LUMINANCE = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d");
  canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
  return (red + green + blue) / 3 / 255;
}"""


@pytest.fixture(params=["light", "dark"])
def phone(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A phone, by day and by night."""
    return {"viewport": PHONE, "color_scheme": request.param, "is_mobile": True, "has_touch": True}


def expect_fitting(page: Page, scheme: str) -> None:
    """Expect that nothing sticks out sideways, in the colours asked for."""
    assert page.evaluate(TOO_WIDE_BY) <= 0, page.url
    is_light = page.evaluate(LUMINANCE) > 0.5
    assert is_light == (scheme == "light"), page.url


def test_every_page_fits_a_phone(
    visit: Visit, user: User, phone: dict[str, Any], console: Console
) -> None:
    console.allow_failing("/no/such/page", "/c/pay/")
    scheme = phone["color_scheme"]
    site = visit(**phone)
    page = site.page

    expect(page.get_by_role("button", name="Buy Professional")).to_be_visible()
    expect_fitting(page, scheme)

    site.sign_in(user.email, user.password)
    site.expect_balance(0)
    expect_fitting(page, scheme)

    store = site.open_store()
    expect(store.packs).to_have_count(3)
    expect_fitting(page, scheme)

    store.buy_button("Professional").click()
    checkout = site.at_checkout()
    expect_fitting(page, scheme)
    checkout.try_card(DECLINED_CARD)
    expect(checkout.problem).to_be_visible()
    expect_fitting(page, scheme)

    checkout.pay()
    site.expect_title(PAID)
    expect_fitting(page, scheme)

    for path, title in (
        ("/", "Your balance"),
        ("/payment/success", "This link names no payment"),
        ("/payment/cancelled", "Nothing was charged"),
        ("/no/such/page", "There is nothing here"),
    ):
        site.open(path)
        site.expect_title(title)
        site.expect_balance(3500)
        expect_fitting(page, scheme)
