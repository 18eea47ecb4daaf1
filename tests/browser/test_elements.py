"""Elements on a page of another origin, with a strict policy and its own sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.host_page import enter
from tests.browser.pages import CHECKOUT_URL, GOOD_CARD, Checkout, Store
from tests.browser.waiting import until_holds

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import OpenHost
    from tests.browser.console import Console
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

pytestmark = pytest.mark.npm
TIMES, UNKNOWN = "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"
PURCHASED = "credits:purchased"


def expect_credits(page: Page, amount: str) -> None:
    expect(page.locator("credit-balance .purse__amount")).to_have_text(amount)


def heard(page: Page, name: str) -> list[dict[str, Any]]:
    """Return the details of the events of this name."""
    details: list[dict[str, Any]] = page.evaluate(
        "name => heard.filter(([each]) => each === name).map(([, detail]) => detail)", name
    )
    return details


def test_an_app_with_supabase_js_shows_and_sells_credits(
    open_host: OpenHost, host: str, user: User, stack: RunningStack, console: Console
) -> None:
    page = open_host()
    card = page.locator("credit-balance")
    expect(card.get_by_text("Sign in to see your credits.")).to_be_visible()
    until_holds(page, "window.purse !== undefined")
    card.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("E-mail")).to_be_focused()
    enter(page, user)
    expect_credits(page, "0")
    other = page.context.new_page()
    other.goto(host)
    expect_credits(other, "0")

    Store(page.locator("credit-store")).buy_button("Starter").click()
    page.wait_for_url(CHECKOUT_URL)
    Checkout(page).try_card(GOOD_CARD)
    page.wait_for_url(f"{host}/?session_id=*")
    expect_credits(page, "500")
    until_holds(page, f"heard.some(([name]) => name === '{PURCHASED}')")
    expect(page.locator("credit-history").get_by_text("Starter")).to_be_visible()
    assert [bought["credits"] for bought in heard(page, PURCHASED)] == [500]

    expect_credits(other, "500")
    assert heard(other, PURCHASED) == heard(page, PURCHASED)
    assert heard(other, "credits:changed") == [{"balance": 500, "available": 500}]

    page.evaluate("() => purse.spend('docx_processing')")
    expect_credits(page, "495")
    expect_credits(other, "495")
    assert heard(other, "credits:changed")[1:] == [{"balance": 495, "available": 495}]
    assert stack.balance_of(user) == 495

    page.reload()
    expect_credits(page, "495")
    page.wait_for_load_state("networkidle")
    assert heard(page, PURCHASED) == []

    page.get_by_role("button", name="Leave").click()
    expect(card.get_by_text("Sign in to see your credits.")).to_be_visible()
    expect_credits(other, UNKNOWN)
    assert console.all == []


def test_the_page_of_the_docs_sells_credits(
    open_host: OpenHost, host: str, user: User, console: Console
) -> None:
    page = open_host()
    enter(page, user)
    expect_credits(page, "0")
    page.goto(f"{host}/docs.html")
    expect_credits(page, "0")
    Store(page.locator("credit-store")).buy_button("Starter").click()
    page.wait_for_url(CHECKOUT_URL)
    with page.expect_console_message() as told:
        Checkout(page).try_card(GOOD_CARD)
    assert told.value.text == "500 credits were bought."
    expect_credits(page, "500")
    assert console.all == [told.value.text]


def test_an_app_with_a_token_of_its_own_says_when_somebody_comes_or_goes(
    open_host: OpenHost, user: User, purse: Purse, console: Console
) -> None:
    purse.buy(8)
    page = open_host("/getter.html", locale="de-DE")
    card = page.locator("credit-balance")
    # The page says its language; the reader's own does not count.
    expect(card.get_by_text("Sign in to see your credits.")).to_be_visible()
    come(page, user)
    expect_credits(page, "8")
    expect(card.get_by_text(f"Not enough for 2 {TIMES} DOCX processing")).to_be_visible()
    assert page.evaluate("() => purse.balance().then(({ available }) => available)") == 8
    page.evaluate("() => enter(null)")
    expect(card.get_by_text("Sign in to see your credits.")).to_be_visible()
    expect_credits(page, UNKNOWN)
    assert console.all == []


def test_a_token_that_is_refused_shows_nobody_s_credits(
    open_host: OpenHost, user: User, console: Console
) -> None:
    console.allow_failing("/api/credits")
    page = open_host("/getter.html")
    header, payload, _ = user.access_token.split(".")
    page.evaluate("token => enter(token)", f"{header}.{payload}.forged")
    expect(page.locator("credit-balance")).to_have_attribute("data-state", "signed-out")
    come(page, user)
    expect_credits(page, "0")


def test_an_answer_of_the_app_counts_also_if_it_fails_to_give_a_newer_one(
    open_host: OpenHost, stack: RunningStack, user: User
) -> None:
    page = open_host("/unconnected.html")
    page.evaluate(
        """async ([site, token]) => {
          const { connect } = await import(`${site}/elements/connect.js`);
          let last = null;
          const waiting = [];
          const purse = connect(() => last ?? new Promise((...settle) => waiting.push(settle)));
          const failed = purse.refresh().catch(({ message }) => message);
          const [[answer], [, fail]] = waiting;
          fail(new Error("offline"));
          if ((await failed) !== "offline") throw new Error("not told");
          last = token;
          answer(token);
        }""",
        [stack.site_url, user.access_token],
    )
    expect_credits(page, "0")


def test_a_spend_that_does_not_fit_is_an_event_and_an_error(
    open_host: OpenHost, user: User, purse: Purse, console: Console
) -> None:
    console.allow_failing("/api/credits")
    purse.buy(8)
    page = open_host("/getter.html")
    come(page, user)
    expect_credits(page, "8")
    code = page.evaluate("() => purse.spend('premium_export').catch((error) => error.code)")
    assert code == "insufficient_credits"
    assert heard(page, "credits:insufficient") == [{"required": 15, "available": 8}]
    assert heard(page, "credits:changed") == []


def test_what_the_app_s_server_spends_is_seen_after_a_refresh(
    open_host: OpenHost, user: User, purse: Purse
) -> None:
    purse.buy(500)
    page = open_host("/getter.html")
    come(page, user)
    expect_credits(page, "500")
    purse.spend()
    page.evaluate("() => purse.refresh()")
    expect_credits(page, "495")
    assert heard(page, "credits:changed") == [{"balance": 495, "available": 495}]


def test_only_tabs_of_the_same_person_read_a_change_and_each_once(
    open_host: OpenHost, host: str, stack: RunningStack, user: User, purse: Purse
) -> None:
    purse.buy(500)
    page = open_host("/getter.html")
    tabs = [page, *(page.context.new_page() for _ in range(3))]
    people = [user, user, user, stack.sign_up()]
    reads: list[list[str]] = [[] for _ in tabs]
    for tab, person in zip(tabs, people, strict=True):
        tab.goto(f"{host}/getter.html")
        come(tab, person)
        expect_credits(tab, "500" if person is user else "0")
        tab.wait_for_load_state("networkidle")
    for tab, seen in zip(tabs, reads, strict=True):
        tab.on("request", lambda request, seen=seen: seen.append(request.url))
    hide(tabs[2])
    page.evaluate("() => purse.spend('docx_processing')")
    expect_credits(page, "495")
    expect_credits(tabs[1], "495")
    for tab in tabs:
        tab.wait_for_load_state("networkidle")
    assert [sum("/api/credits?" in url for url in seen) for seen in reads] == [1, 1, 0, 0]
    expect_credits(tabs[2], "500")
    show(tabs[2])
    expect_credits(tabs[2], "495")
    assert sum("/api/credits?" in url for url in reads[2]) == 1


def test_buying_leads_to_the_app_s_own_way_its_store_or_a_dialog(
    open_host: OpenHost, host: str, user: User, console: Console
) -> None:
    page = open_host("/getter.html")
    come(page, user)
    buy = page.get_by_role("button", name="Get credits")
    dialog = page.get_by_role("dialog", name="Store")

    page.evaluate(
        "addEventListener('credits:buy', (event) => event.preventDefault(), { once: true })"
    )
    buy.click()
    expect(dialog).to_be_hidden()
    buy.click()
    expect(dialog).to_be_visible()
    expect(Store(dialog).buy_button("Starter")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(buy).to_be_focused()

    page.goto(host)
    enter(page, user)
    expect_credits(page, "0")
    page.get_by_role("button", name="Buy credits").click()
    expect(page.locator("credit-store").get_by_role("button").first).to_be_focused()
    expect(dialog).to_be_hidden()
    assert console.all == []


def test_without_connecting_elements_show_nobody(open_host: OpenHost, console: Console) -> None:
    page = open_host("/unconnected.html")
    card = page.locator("credit-balance")
    card.get_by_role("button", name="Sign in").click()
    said = card.get_by_text("Sign in to this app first.")
    expect(said).to_be_visible()
    # Prices that come later change nothing about it.
    page.evaluate("document.dispatchEvent(new Event('catalogue:loaded'))")
    page.wait_for_load_state("networkidle")
    expect(said).to_be_visible()
    assert console.all == []


def test_connecting_twice_is_refused(open_host: OpenHost, user: User) -> None:
    page = open_host("/getter.html")
    message = page.evaluate(
        "() => { try { connect(() => null); } catch (e) { return e.message; } }"
    )
    assert message == "Purse is connected already: connect() is called once a page."
    come(page, user)
    expect_credits(page, "0")


def come(page: Page, user: User) -> None:
    """Sign the user in, as the app without supabase-js does."""
    until_holds(page, "window.enter !== undefined")
    page.evaluate("token => enter(token)", user.access_token)


def hide(page: Page) -> None:
    """Let the page believe that its tab is in the background."""
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { configurable: true, value: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )


def show(page: Page) -> None:
    """Bring its tab to the front."""
    page.evaluate(
        """() => {
          delete document.hidden;
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
