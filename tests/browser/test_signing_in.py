"""Who is signed in, where, and for how long."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Request, expect

from tests.browser.holding import hold
from tests.browser.pages import PHONE, Site
from tests.browser.sessions import KEY

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.support import RunningStack, User


def stored(site: Site) -> dict[str, Any]:
    """Return the session as the browser keeps it."""
    session: dict[str, Any] = site.page.evaluate(f"JSON.parse(localStorage.getItem('{KEY}'))")
    return session


def store(site: Site, **changes: Any) -> None:
    """Change the session that the browser keeps."""
    site.page.evaluate(
        f"session => localStorage.setItem('{KEY}', JSON.stringify(session))",
        stored(site) | changes,
    )


def at_the_next_click(site: Site, script: str) -> None:
    """Run a script just before the page hears of the next click.

    Done any earlier, a request of the page may find out first, and the click finds another page.
    """
    site.page.evaluate(
        f"() => addEventListener('click', () => {{ {script} }}, {{ capture: true, once: true }})"
    )


def reads_credits(request: Request) -> bool:
    """Whether this asks for the balance."""
    return "/api/credits" in request.url


def test_a_visitor_who_picks_a_pack_signs_up_and_goes_on_to_its_payment(visitor: Site) -> None:
    page = visitor.page
    page.get_by_role("button", name="Buy Creator").click()
    expect(page.get_by_text("we go on with Creator")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.get_by_role("button", name="Create an account").click()
    visitor.fill_in(f"new-{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(12))
    page.get_by_role("button", name="Create account").click()
    checkout = visitor.at_checkout()
    expect(page.get_by_role("heading", level=1)).to_contain_text("$14.99")
    checkout.pay()
    visitor.expect_paid("Creator", 1500, "$14.99", balance=1500)


def test_whoever_thinks_better_of_a_pack_signs_in_without_buying(visitor: Site, user: User) -> None:
    visitor.page.get_by_role("button", name="Buy Creator").click()
    visitor.page.get_by_role("button", name="Not now").click()
    visitor.sign_in(user.email, user.password)
    visitor.expect_balance(0)
    expect(visitor.store.place).to_be_hidden()


def test_a_wrong_password_says_so_and_the_right_one_signs_in(
    visitor: Site, user: User, console: Console
) -> None:
    console.allow_failing("/auth/v1/token")
    visitor.sign_in(user.email, "not the password")
    expect(visitor.page.get_by_role("alert")).to_contain_text("do not match")
    visitor.sign_in(user.email, user.password)
    visitor.expect_title("Your balance")


def test_being_signed_in_survives_a_reload(visitor: Site, user: User) -> None:
    visitor.sign_in(user.email, user.password)
    visitor.expect_balance(0)
    visitor.page.reload()
    visitor.expect_title("Your balance")
    visitor.expect_balance(0)


def test_a_token_that_has_run_out_is_refreshed_before_it_is_used(buyer: Site) -> None:
    buyer.expect_balance(0)
    old = stored(buyer)
    store(buyer, expires_at=old["expires_at"] - 7200)
    with buyer.page.expect_request(reads_credits) as asked:
        buyer.page.reload()
    new = stored(buyer)
    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]
    assert asked.value.headers["authorization"] == f"Bearer {new['access_token']}"
    buyer.expect_balance(0)


def test_a_token_that_is_refused_is_refreshed_and_tried_again(
    buyer: Site, console: Console
) -> None:
    console.allow_failing("/api/credits")
    buyer.expect_balance(0)
    store(buyer, access_token="refused")
    buyer.page.reload()
    buyer.expect_balance(0)
    assert stored(buyer)["access_token"] != "refused"


def test_two_tabs_whose_token_has_run_out_both_stay_signed_in(buyer: Site) -> None:
    buyer.expect_balance(0)
    second = Site(buyer.page.context.new_page(), buyer.url)
    store(buyer, expires_at=0)
    # Not waiting for the one before the other begins: both find the token run out.
    second.page.goto(second.url, wait_until="commit")
    buyer.page.reload(wait_until="commit")
    for tab in (buyer, second):
        tab.expect_balance(0)
        tab.page.reload()
        tab.expect_balance(0)


def test_a_session_that_is_over_asks_to_sign_in_again(
    buyer: Site, user: User, console: Console
) -> None:
    console.allow_failing("/auth/v1/token")
    buyer.expect_balance(0)
    store(buyer, expires_at=0, refresh_token="revoked")
    buyer.page.reload()
    expect(buyer.page.get_by_text("Your session has ended")).to_be_visible()
    expect(buyer.page.get_by_label("E-mail")).to_be_focused()
    buyer.sign_in(user.email, user.password)
    buyer.expect_balance(0)


def test_a_session_that_is_over_brings_the_whole_form_into_view_on_a_phone(
    visit: Visit, user: User, console: Console
) -> None:
    console.allow_failing("/auth/v1/token")
    site = visit(user, **PHONE)
    site.expect_balance(0)
    store(site, expires_at=0, refresh_token="revoked")
    # The prices stand above the form, and come in after it.
    held = hold(site.page, "**/api/packages", times=1)
    site.page.reload()
    expect(site.page.get_by_label("E-mail")).to_be_focused()
    held.pop().continue_()
    expect(site.page.get_by_role("listitem").filter(has_text="Text upload")).to_be_visible()
    expect(site.page.get_by_label("E-mail")).to_be_focused()
    expect(site.page.get_by_role("button", name="Sign in", exact=True).last).to_be_in_viewport(
        ratio=1
    )
    expect(site.page.get_by_role("heading", name="Sign in")).to_be_in_viewport(ratio=1)


def test_signing_in_elsewhere_takes_the_complaint_away(
    buyer: Site, user: User, stack: RunningStack, console: Console
) -> None:
    console.allow_failing("/auth/v1/token")
    buyer.expect_balance(0)
    store(buyer, expires_at=0, refresh_token="revoked")
    buyer.page.reload()
    complaint = buyer.page.get_by_text("Your session has ended")
    expect(complaint).to_be_visible()
    other = Site(buyer.page.context.new_page(), stack.site_url)
    other.open()
    other.sign_in(user.email, user.password)
    other.expect_balance(0)
    buyer.expect_balance(0)
    buyer.sign_out()
    expect(buyer.page.get_by_label("E-mail")).to_be_visible()
    expect(complaint).to_have_count(0)


def test_whoever_clears_the_storage_is_asked_to_sign_in(buyer: Site) -> None:
    buyer.expect_balance(0)
    store_place = buyer.open_store()
    at_the_next_click(buyer, f"localStorage.removeItem('{KEY}')")
    store_place.buy_button("Starter").click()
    expect(buyer.page.get_by_label("E-mail")).to_be_visible()
    expect(store_place.place).to_be_hidden()


def test_whoever_signs_out_leaves_no_address_behind(visitor: Site, user: User) -> None:
    visitor.page.get_by_role("link", name="Forgot your password?").click()
    visitor.page.get_by_label("E-mail").fill(user.email)
    visitor.page.get_by_role("button", name="Send the mail").click()
    visitor.expect_title("Check your mail")
    visitor.page.get_by_role("link", name="Back to sign in").click()
    visitor.sign_in(user.email, user.password)
    visitor.expect_balance(0)
    visitor.sign_out()
    visitor.expect_signed_out()
    stored = "JSON.stringify([{...localStorage}, {...sessionStorage}])"
    assert user.email not in visitor.page.evaluate(stored)
    expect(visitor.page.get_by_label("E-mail")).to_have_value("")


def test_signing_out_in_one_tab_signs_out_the_other(buyer: Site, stack: RunningStack) -> None:
    other = Site(buyer.page.context.new_page(), stack.site_url)
    other.open()
    other.expect_balance(0)
    buyer.sign_out()
    buyer.expect_signed_out()
    other.expect_signed_out()
    other.page.reload()
    other.expect_signed_out()


def test_a_link_with_somebodys_tokens_signs_nobody_in_who_did_not_ask_for_it(
    visitor: Site, user: User
) -> None:
    tokens = f"access_token={user.access_token}&refresh_token=any&expires_in=3600&type=signup"
    visitor.open(f"/#{tokens}")
    expect(visitor.page.get_by_role("alert")).to_contain_text("Sign in with your e-mail address")
    visitor.expect_signed_out()
    expect(visitor.page).to_have_url(f"{visitor.url}/")


def test_what_a_failed_link_says_of_itself_is_not_shown(visitor: Site) -> None:
    visitor.open("/#error=access_denied&error_description=Call+this+number")
    expect(visitor.page.get_by_role("alert")).to_contain_text("That link did not work")
    expect(visitor.page.get_by_text("Call this number")).to_have_count(0)
    expect(visitor.page).to_have_url(f"{visitor.url}/")
