"""On a phone and on a desk, in light and dark: no page is wider than the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.pages import DECLINED_CARD, PAID
from tests.samples import docx_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.database.purse import Purse
    from tests.support import User

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}
LONG_NAME = f"{'an-unbroken-name' * 8}.docx"
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


@pytest.fixture(params=[("phone", "light"), ("phone", "dark"), ("desk", "light"), ("desk", "dark")])
def device(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A phone or a desk, by day and by night."""
    kind, scheme = request.param
    is_phone = kind == "phone"
    touch = {"is_mobile": is_phone, "has_touch": is_phone}
    return {"viewport": PHONE if is_phone else DESK, "color_scheme": scheme, **touch}


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
        ("/account", "Account"),
        ("/sign-in/reset", "Forgot your password?"),
        ("/unsubscribe?token=none", "No more mails?"),
        ("/no/such/page", "There is nothing here"),
    ):
        site.open(path)
        site.expect_title(title)
        site.expect_balance(3500)
        expect_fitting(page, scheme)


def test_files_and_what_became_of_the_credits_fit_every_screen(
    visit: Visit, user: User, purse: Purse, device: dict[str, Any], console: Console
) -> None:
    console.allow_failing("/api/files")
    scheme = device["color_scheme"]
    purse.buy(20)
    purse.grant(3, days=9, reason="A gift with a reason that goes on for a while")
    site = visit(user, at="/files", **device)
    page, files = site.page, site.files
    expect(page.get_by_text("No files yet.")).to_be_visible()
    expect_fitting(page, scheme)

    files.choose((LONG_NAME, docx_of((1, "Chapter" * 30), (0, "Snow."))))
    expect_fitting(page, scheme)
    files.press("Upload for 5 credits")
    files.expect_stage("Done")
    expect_fitting(page, scheme)
    files.list.get_by_text("1 chapter").click()
    expect_fitting(page, scheme)
    files.menu(LONG_NAME)
    expect_fitting(page, scheme)
    page.keyboard.press("Escape")

    page.get_by_role("checkbox", name="Choose all").check()
    expect_fitting(page, scheme)
    page.get_by_role("button", name="Export as ZIP").click()
    expect(page.get_by_text("Your export is ready.")).to_be_visible()
    expect_fitting(page, scheme)

    files.choose((LONG_NAME, b"not a document at all"))
    expect_fitting(page, scheme)
    files.press("Get credits")
    expect(site.store.place).to_be_visible()
    expect_fitting(page, scheme)

    site.open()
    site.open_entry(site.history.filter(has_text=LONG_NAME))
    expect(page.get_by_text("A gift with a reason")).to_be_visible()
    expect(page.get_by_text("Running low.")).to_be_visible()
    expect_fitting(page, scheme)
