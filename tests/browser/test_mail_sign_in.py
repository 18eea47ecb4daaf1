"""Sign in by a mailed link or code; what was wanted goes on."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.account_pages import BY_MAIL, MailPage
from tests.browser.holding import hold
from tests.browser.pages import Site
from tests.browser.test_signing_in import KEY, at_the_next_click, store

if TYPE_CHECKING:
    from playwright.sync_api import Route

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.mailbox import Mailbox
    from tests.support import User

EXPIRED = "Your session has ended. Sign in again to go on."


def by_mail(site: Site) -> MailPage:
    """Go to the page that signs in by mail."""
    site.page.get_by_role("link", name=BY_MAIL).click()
    site.expect_title(BY_MAIL)
    return MailPage(site)


def test_the_link_signs_in_and_goes_on_with_the_pack_that_was_picked(
    visitor: Site, user: User, mailbox: Mailbox
) -> None:
    visitor.page.get_by_role("button", name="Buy Creator").click()
    expect(visitor.page.get_by_text("we go on with Creator")).to_be_visible()
    page = by_mail(visitor)
    page.ask(user.email)
    opened = Site(visitor.page.context.new_page(), visitor.url)
    opened.page.goto(mailbox.newest(user.email).link)
    opened.at_checkout()
    expect(opened.page.get_by_role("heading", level=1)).to_contain_text("$14.99")
    # The tab that waited for the mail is signed in, and does not buy a second time.
    visitor.expect_title("Your balance")
    expect(visitor.page).to_have_url(f"{visitor.url}/")


def test_the_code_signs_in_and_leads_back_to_the_page_one_came_from(
    visit: Visit, user: User, mailbox: Mailbox
) -> None:
    site = visit(at="/files")
    page = by_mail(site)
    page.ask(user.email)
    page.enter(mailbox.newest(user.email).code)
    site.expect_title("Files")
    expect(site.files.choose_button).to_be_visible()


def test_a_wrong_code_says_so_and_the_right_one_signs_in(
    visitor: Site, user: User, mailbox: Mailbox, console: Console
) -> None:
    console.allow_failing("/auth/v1/verify")
    page = by_mail(visitor)
    page.ask(user.email)
    code = mailbox.newest(user.email).code
    page.enter("".join(str(9 - int(digit)) for digit in code))
    expect(page.page.get_by_text("This code does not match the address")).to_be_visible()
    expect(page.code).to_be_focused()
    page.enter(code)
    visitor.expect_title("Your balance")


def test_a_link_that_has_been_used_says_that_one_is_signed_in_already(
    visitor: Site, user: User, mailbox: Mailbox
) -> None:
    page = by_mail(visitor)
    page.ask(user.email)
    link = mailbox.newest(user.email).link
    visitor.page.goto(link)
    visitor.expect_title("Your balance")
    visitor.page.goto(link)
    expect(visitor.page.get_by_text("You are signed in already.")).to_be_visible()
    visitor.page.get_by_role("button", name="Go on").click()
    visitor.expect_title("Your balance")


def test_a_code_in_the_address_that_nobody_asked_for_here_signs_nobody_in(visit: Visit) -> None:
    site = visit(at=f"/?code={secrets.token_hex(16)}")
    expect(site.page.get_by_role("alert")).to_contain_text("only in the browser that asked for it")
    expect(site.page).to_have_url(f"{site.url}/")
    site.expect_signed_out()


def test_a_way_back_to_another_site_is_not_followed(
    visit: Visit, user: User, mailbox: Mailbox
) -> None:
    site = visit(at="/sign-in/mail?back=//example.com/")
    page = MailPage(site)
    page.ask(user.email)
    page.enter(mailbox.newest(user.email).code)
    site.expect_title("Your balance")


def test_the_address_is_kept_from_form_to_form(visitor: Site, user: User) -> None:
    visitor.fill_in(user.email, "whatever")
    visitor.page.get_by_role("button", name="Create an account").click()
    expect(visitor.page.get_by_label("E-mail")).to_have_value(user.email)
    visitor.page.get_by_role("button", name="Sign in instead").click()
    page = by_mail(visitor)
    expect(page.email).to_have_value(user.email)
    page.page.get_by_role("link", name="Back to sign in").click()
    expect(visitor.page.get_by_label("E-mail")).to_have_value(user.email)


def test_an_expired_session_keeps_the_address_and_the_purchase(
    buyer: Site, user: User, console: Console
) -> None:
    console.allow_failing("/auth/v1/token", "/api/")
    buyer.expect_balance(0)
    shop = buyer.open_store()
    end_the_session_at_the_next_click(buyer)
    shop.buy_button("Creator").click()
    expect(buyer.page.get_by_text(EXPIRED)).to_be_visible()
    expect(buyer.page.get_by_text("we go on with Creator")).to_be_visible()
    expect(buyer.page.get_by_label("E-mail")).to_have_value(user.email)
    buyer.page.get_by_label("Password", exact=True).fill(user.password)
    buyer.page.get_by_role("button", name="Sign in", exact=True).click()
    buyer.at_checkout()
    expect(buyer.page.get_by_role("heading", level=1)).to_contain_text("$14.99")


def end_the_session_at_the_next_click(site: Site) -> None:
    """Let the session run out, with nothing to renew it by, just as something is pressed."""
    at_the_next_click(
        site,
        f"const session = JSON.parse(localStorage.getItem('{KEY}'));"
        "Object.assign(session, { expires_at: 0, refresh_token: 'revoked' });"
        f"localStorage.setItem('{KEY}', JSON.stringify(session));",
    )


def test_a_form_that_comes_late_still_says_what_signing_in_goes_on_with(
    buyer: Site, console: Console
) -> None:
    console.allow_failing("/auth/v1/token", "/api/")
    held = hold(buyer.page, "**/home-welcome-*.js")
    buyer.page.reload()
    buyer.expect_balance(0)
    shop = buyer.open_store()
    end_the_session_at_the_next_click(buyer)
    shop.buy_button("Creator").click()
    # The store looks for the form, and it is not there yet.
    expect(buyer.page).to_have_url(f"{buyer.url}/#sign-in")
    for each in held:
        each.continue_()
    expect(buyer.page).to_have_url(f"{buyer.url}/")
    expect(buyer.page.get_by_text(EXPIRED)).to_be_visible()
    expect(buyer.page.get_by_text("we go on with Creator")).to_be_visible()


@pytest.mark.parametrize("path", ["/files", "/account"])
def test_every_page_says_that_the_session_has_ended(
    visit: Visit, user: User, console: Console, path: str
) -> None:
    console.allow_failing("/auth/v1/token")
    site = visit(user)
    site.expect_balance(0)
    store(site, expires_at=0, refresh_token="revoked")
    site.open(path)
    expect(site.page.get_by_text(EXPIRED)).to_be_visible()
    expect(site.sign_in_form.get_by_label("E-mail")).to_have_value(user.email)


def test_the_rule_for_passwords_is_told_before_the_first_try(visitor: Site) -> None:
    visitor.page.get_by_role("button", name="Create an account").click()
    password = visitor.page.get_by_label("Password", exact=True)
    expect(password).to_have_accessible_description("At least 6 characters.")
    visitor.fill_in(f"new-{secrets.token_hex(8)}@example.com", "short")
    visitor.page.get_by_role("button", name="Create account").click()
    expect(password).to_be_focused()
    expect(password).to_have_attribute("aria-invalid", "true")
    expect(password).to_have_accessible_description("At least 6 characters. It is too short.")


def test_a_project_without_providers_shows_none(visitor: Site) -> None:
    with visitor.page.expect_response("**/auth/v1/settings"):
        visitor.page.reload()
    expect(visitor.page.get_by_label("E-mail")).to_be_visible()
    expect(visitor.page.get_by_role("button", name=re.compile("^Continue with"))).to_have_count(0)


def test_a_project_with_providers_has_a_button_for_each_and_sends_people_there(
    visit: Visit, console: Console
) -> None:
    def offer(route: Route) -> None:
        settings = route.fetch().json()
        settings["external"] |= {"google": True, "github": True}
        route.fulfill(json=settings)

    # The stack has no providers: its answer is a 404, for which the browser looks for an icon.
    console.allow_failing("/auth/v1/authorize", "/favicon.ico")
    site = visit(at="/payment/cancelled")
    site.page.route("**/auth/v1/settings", offer)
    site.open("/files")
    expect(site.page.get_by_role("button", name=re.compile("^Continue with"))).to_have_text(
        ["Continue with GitHub", "Continue with Google"]
    )
    with site.page.expect_request("**/auth/v1/authorize**") as asked:
        site.page.get_by_role("button", name="Continue with Google").click()
    for part in ("provider=google", "code_challenge_method=s256", "redirect_to="):
        assert part in asked.value.url
    site.page.unroute("**/auth/v1/settings")
    # Somebody thinks better of it at the provider.
    site.open("/?error=access_denied&error_description=The+user+denied+it")
    expect(site.page.get_by_role("alert")).to_have_text(
        "You were not signed in. Try again, or choose another way."
    )
