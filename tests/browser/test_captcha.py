"""A deployment whose Supabase project asks for a CAPTCHA."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.another_site import another_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.support import RunningStack, User

WIDGET = "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit"
# What the provider's script does: draws a box, and answers once somebody has ticked it.
PROVIDERS_SCRIPT = """
  globalThis.turnstile = {
    render(place, { sitekey, callback }) {
      let solved = 0;
      const box = document.createElement("button");
      box.type = "button";
      box.textContent = `I am a person (${sitekey})`;
      box.onclick = () => callback(`token-${solved += 1}`);
      place.append(box);
      return "widget";
    },
    reset() {},
  };
"""


@pytest.fixture(scope="module")
def stack(
    stack: RunningStack, pages: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """The same stack behind another site, which has a site key."""
    captcha = {"CAPTCHA_PROVIDER": "turnstile", "CAPTCHA_SITE_KEY": "key-of-this-site"}
    folder = tmp_path_factory.mktemp("captcha")
    with another_site(stack, folder, pages, lambda own: own | captcha) as guarded:
        yield guarded


def serve_widget(page: Page) -> None:
    """Answer for the provider, which the tests do not reach."""
    page.route(
        WIDGET,
        lambda route: route.fulfill(body=PROVIDERS_SCRIPT, content_type="text/javascript"),
    )


def test_its_token_goes_with_every_request_that_needs_one_and_counts_once(
    visit: Visit, user: User, console: Console
) -> None:
    console.allow_failing("/auth/v1/token")
    site = visit(at="/payment/cancelled")
    page = site.page
    serve_widget(page)
    site.open()
    person = page.get_by_role("button", name="I am a person (key-of-this-site)")
    expect(person).to_be_visible()
    site.sign_in(user.email, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("Confirm that you are a person")
    person.click()
    for password, token in (("not the password", "token-1"), (user.password, "token-2")):
        with page.expect_request("**/auth/v1/token**") as asked:
            site.sign_in(user.email, password)
        assert asked.value.post_data_json["gotrue_meta_security"] == {"captcha_token": token}
        if password != user.password:
            expect(page.get_by_role("alert")).to_contain_text("do not match")
            person.click()
    site.expect_balance(0)


def test_asking_for_a_mail_takes_one_too(visit: Visit, user: User) -> None:
    site = visit(at="/payment/cancelled")
    serve_widget(site.page)
    site.open("/sign-in/reset")
    site.page.get_by_label("E-mail").fill(user.email)
    site.page.get_by_role("button", name="I am a person").click()
    with site.page.expect_request("**/auth/v1/recover**") as asked:
        site.page.get_by_role("button", name="Send the mail").click()
    assert asked.value.post_data_json["gotrue_meta_security"] == {"captcha_token": "token-1"}
    site.expect_title("Check your mail")


def test_a_widget_that_does_not_load_is_told_and_tried_again(
    visit: Visit, user: User, console: Console
) -> None:
    console.allow_failing("/turnstile/")
    site = visit(at="/payment/cancelled")
    site.page.route(WIDGET, lambda route: route.abort())
    site.open()
    site.sign_in(user.email, user.password)
    expect(site.page.get_by_role("alert")).to_contain_text("could not be loaded")
    serve_widget(site.page)
    site.sign_in(user.email, user.password)
    site.page.get_by_role("button", name="I am a person").click()
    site.sign_in(user.email, user.password)
    site.expect_balance(0)


def test_the_policy_allows_the_provider_and_no_other(visit: Visit) -> None:
    site = visit(at="/payment/cancelled")
    policy = site.page.request.get(f"{site.url}/").headers["content-security-policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    for name in ("script-src", "style-src", "frame-src"):
        assert directives[name].split()[-1] == "https://challenges.cloudflare.com"
    assert "hcaptcha" not in policy
