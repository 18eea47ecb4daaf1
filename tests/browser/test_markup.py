"""Texts that people and the shop choose stay texts on every page, under Trusted Types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.database.purse import key

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.database.purse import Purse
    from tests.support import User

MARKUP = "\"><img src=x onerror=alert(1)><u data-made>'${1}{{2}}</u>"
MADE_OF_TEXT = """
() => {
  const found = [];
  const search = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches("img[onerror], [data-made]")) found.push(element.outerHTML);
      if (element.shadowRoot) search(element.shadowRoot);
    }
  };
  search(document);
  return found;
}
"""


def expect_text_alone(page: Page) -> None:
    assert page.evaluate(MADE_OF_TEXT) == []


@pytest.mark.parametrize("language", ["en-US", "de-DE"])
def test_what_the_history_shows_is_text(
    visit: Visit, user: User, purse: Purse, language: str
) -> None:
    purse.buy(500)
    purse.grant(5, reason=MARKUP)
    file_id = purse.call(
        "begin_file", *(user.id, "txt_upload", MARKUP, 10, "text/plain", key(), 900, [])
    )["file"]["id"]
    held = purse.database.execute("select hold_id::text from files where id = %s", [file_id])
    row = held.fetchone()
    assert row is not None
    purse.capture(row["hold_id"])
    site = visit(user, locale=language)
    entries = site.page.locator("credit-history summary").filter(has_text=MARKUP)
    expect(entries).to_have_count(2)
    for entry in entries.all():
        entry.click()
    expect_text_alone(site.page)
    site.open("/files")
    expect(site.page.get_by_text(MARKUP).first).to_be_visible()
    expect_text_alone(site.page)


def test_what_the_address_brings_is_text(
    visit: Visit, user: User, purse: Purse, console: Console
) -> None:
    purse.buy(500)
    console.allow_failing("/api/", "/%22%3E")
    site = visit(user)
    sent = "%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E%3Cu%20data-made%3E"
    site.open(f"/?q={sent}&kind={sent}&feature={sent}&session_id={sent}#{sent}")
    search = site.page.get_by_role("searchbox", name="Search")
    expect(search).to_have_value('"><img src=x onerror=alert(1)><u data-made>')
    expect(site.page.locator("credit-history").get_by_text("Nothing matches.")).to_be_visible()
    expect_text_alone(site.page)
    for path in ("/payment/success", "/payment/cancelled", "/sign-in/mail", "/unsubscribe", sent):
        site.page.goto(f"{site.url}/{path.lstrip('/')}?session_id={sent}&token={sent}&code={sent}")
        expect(site.page.locator("main")).to_be_visible()
        expect_text_alone(site.page)


def test_what_the_catalogue_the_shop_and_an_error_say_is_text(
    visit: Visit, user: User, purse: Purse, console: Console
) -> None:
    purse.buy(500)
    console.allow_failing("/api/")
    site = visit(user)

    def catalogue(route: Route) -> None:
        if route.request.method != "GET":
            return route.continue_()
        answer = route.fetch()
        body = answer.json()
        for each in (*body["packages"], *body["features"]):
            each["name"] = MARKUP
        # The words for features of the sample app are our own.
        for number, feature in enumerate(body["features"]):
            feature["id"] = f"another_{number}"
        return route.fulfill(response=answer, json=body)

    def config(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["shop"] |= {"name": MARKUP}
        route.fulfill(response=answer, json=body)

    def refused(route: Route) -> None:
        error = {"code": MARKUP, "message": MARKUP, "required": MARKUP, "available": MARKUP}
        route.fulfill(status=402, json={"error": error})

    site.page.route("**/api/packages", catalogue)
    site.page.route("**/api/config", config)
    site.page.route("**/api/create-checkout-session", refused)
    site.open("/")
    expect(site.page.locator("credit-balance")).to_contain_text(MARKUP)
    site.open_store()
    pack = site.page.get_by_role("heading", name=MARKUP).first
    expect(pack).to_be_visible()
    buy = site.page.locator("credit-store .pack button:visible").first
    with site.page.expect_response("**/api/create-checkout-session"):
        buy.click()
    expect(buy).to_have_attribute("aria-busy", "false")
    expect_text_alone(site.page)
    site.page.route("**/api/credits?*", refused)
    site.open("/")
    expect(site.page.locator("credit-balance")).to_be_visible()
    expect_text_alone(site.page)
