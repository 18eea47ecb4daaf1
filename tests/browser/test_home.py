"""The start page of somebody signed out: packs first, and the form is found at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.pages import PHONE, Store

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.support import User

END_SESSION = """() => {
  const stored = JSON.parse(localStorage.getItem("purse.session"));
  const ended = { ...stored, expires_at: 0, refresh_token: "gone" };
  localStorage.setItem("purse.session", JSON.stringify(ended));
}"""


def fold_of(site: Site) -> float:
    """Return how far down the screen reaches, in CSS pixels."""
    height: float = site.page.evaluate("window.innerHeight")
    return height


def expect_form(site: Site) -> None:
    """Expect the form in view, with the keyboard in it."""
    expect(site.sign_in_form).to_be_in_viewport()
    expect(site.sign_in_form.get_by_label("E-mail")).to_be_focused()


def test_a_phone_shows_packs_before_anything_else(visit: Visit) -> None:
    site = visit(**PHONE)
    store = Store(site.page.get_by_role("region", name="Pick a pack"))
    expect(store.packs).to_have_count(3)
    button = store.buy_button("Creator").bounding_box()
    form = site.sign_in_form.bounding_box()
    assert button is not None
    assert form is not None
    assert button["y"] + button["height"] <= fold_of(site) < form["y"]


def test_a_wide_screen_shows_packs_and_the_picture(visitor: Site) -> None:
    expect(visitor.page.get_by_role("figure", name="An example")).to_be_in_viewport()
    expect(visitor.page.get_by_role("region", name="Pick a pack")).to_be_in_viewport()


def test_the_header_leads_to_the_form(visit: Visit, user: User) -> None:
    site = visit(**PHONE)
    site.page.get_by_role("banner").get_by_role("link", name="Sign in").click()
    expect_form(site)
    site.sign_in(user.email, user.password)
    site.expect_title("Your balance")


def test_the_header_of_another_page_leads_to_the_form(visit: Visit) -> None:
    site = visit(at="/payment/cancelled", **PHONE)
    site.page.get_by_role("banner").get_by_role("link", name="Sign in").click()
    expect_form(site)


def test_the_header_of_the_return_page_leads_to_the_form_there(visit: Visit, user: User) -> None:
    site = visit(at="/payment/success?session_id=cs_test_1", **PHONE)
    site.page.get_by_role("banner").get_by_role("link", name="Sign in").click()
    expect_form(site)
    site.sign_in(user.email, user.password)
    site.expect_title("This payment is not in your account")


def test_a_phone_buys_signs_in_and_pays(visit: Visit, user: User) -> None:
    site = visit(**PHONE)
    site.page.get_by_role("button", name="Buy Starter").click()
    expect_form(site)
    expect(site.sign_in_form.get_by_text("we go on with Starter")).to_be_visible()
    site.sign_in(user.email, user.password)
    site.at_checkout().pay()
    site.expect_paid("Starter", 500, "$4.99", balance=500)


def test_a_session_that_is_over_brings_the_form_into_view(
    visit: Visit, user: User, console: Console
) -> None:
    console.allow_failing("/auth/v1/token", "/auth/v1/logout")
    site = visit(user, **PHONE)
    site.expect_balance(0)
    site.page.evaluate(END_SESSION)
    site.open_store()
    expect_form(site)
    expect(site.sign_in_form.get_by_role("alert")).to_contain_text("Your session has ended.")
