"""What a person reads, and can do, when something does not answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.stripe_events import Order, event

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.browser.stand_in import StandIn
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

CHECKOUT = "/api/create-checkout-session"
ORDERS_PER_MINUTE = 10
PAGE_SIZE = 20


def test_buying_offline_says_so_and_works_once_online(buyer: Site, console: Console) -> None:
    console.allow_failing(CHECKOUT)
    store = buyer.open_store()
    expect(store.packs).to_have_count(3)
    buyer.page.context.set_offline(True)
    store.buy_button("Starter").click()
    expect(store.problem).to_contain_text("You are offline")
    buyer.page.context.set_offline(False)
    store.problem.get_by_role("button", name="Try again").click()
    buyer.at_checkout()


def test_a_store_that_could_not_load_loads_when_asked_again(
    visit: Visit, user: User, console: Console
) -> None:
    console.allow_failing("/api/packages")
    # Not the start page: it loads the catalogue, which is then in the browser's cache.
    site = visit(user, at="/payment/cancelled")
    site.expect_balance(0)
    site.page.context.route("**/api/packages", lambda route: route.abort())
    store = site.open_store()
    expect(store.problem).to_contain_text("This could not be loaded. The packs are missing here.")
    site.page.context.unroute("**/api/packages")
    store.problem.get_by_role("button", name="Try again").click()
    expect(store.packs).to_have_count(3)


def test_earlier_history_that_could_not_load_loads_when_asked_again(
    visit: Visit, stack: RunningStack, user: User, console: Console
) -> None:
    console.allow_failing("/api/credits")
    for _ in range(PAGE_SIZE + 1):
        paid = event("checkout.session.completed", Order(user_id=user.id).session())
        stack.deliver(paid).raise_for_status()
    site = visit(user)
    earlier = site.page.get_by_role("button", name="Show earlier")
    expect(site.history).to_have_count(PAGE_SIZE)
    site.page.context.set_offline(True)
    earlier.click()
    expect(site.page.get_by_role("alert").filter(has_text="You are offline")).to_be_visible()
    site.page.context.set_offline(False)
    site.page.get_by_role("button", name="Try again").click()
    expect(site.history).to_have_count(PAGE_SIZE + 1)
    expect(earlier).to_be_hidden()


def test_files_that_could_not_load_load_when_asked_again(
    visit: Visit, user: User, console: Console
) -> None:
    console.allow_failing("/api/files")
    site = visit(user, at="/payment/cancelled")
    site.page.context.route("**/api/files?*", lambda route: route.abort())
    files = site.open_files()
    expect(files.problem).to_contain_text("This could not be loaded. Your files are safe.")
    site.page.context.unroute("**/api/files?*")
    files.problem.get_by_role("button", name="Try again").click()
    expect(site.page.get_by_text("No files yet.")).to_be_visible()
    expect(files.problem).to_have_count(0)


def test_earlier_files_that_could_not_load_load_when_asked_again(
    visit: Visit,
    stack: RunningStack,
    user: User,
    purse: Purse,
    console: Console,
) -> None:
    console.allow_failing("/api/files")
    purse.buy(500)
    about = {"feature": "txt_upload", "size": 1, "content_type": "text/plain"}
    for number in range(PAGE_SIZE + 1):
        body = {**about, "filename": f"{number}.txt"}
        stack.post("/api/files", json=body, headers=user.auth).raise_for_status()
        # Not more than twenty may wait at a time: this one has run out.
        purse.database.execute("update files set expires_at = now() where user_id = %s", [user.id])
    site = visit(user, at="/files")
    earlier = site.page.get_by_role("button", name="Show earlier")
    expect(site.files.list).to_have_count(PAGE_SIZE)
    expect(site.files.list.first).to_contain_text("Upload incomplete")
    site.page.context.set_offline(True)
    earlier.click()
    expect(site.files.problem).to_contain_text("You are offline")
    site.page.context.set_offline(False)
    site.page.get_by_role("button", name="Try again").click()
    expect(site.files.list).to_have_count(PAGE_SIZE + 1)
    expect(site.files.list.last).to_be_focused()
    expect(earlier).to_be_hidden()


def test_a_price_that_could_not_load_is_asked_for_again_before_anything_is_uploaded(
    visit: Visit, user: User, purse: Purse, console: Console
) -> None:
    console.allow_failing("/api/packages")
    purse.buy(500)
    site = visit(user, at="/payment/cancelled")
    site.page.context.route("**/api/packages", lambda route: route.abort())
    files = site.open_files()
    files.choose(("notes.txt", b"Sow the peas."))
    expect(files.problem).to_contain_text("What it costs is missing here.")
    expect(files.queue.get_by_role("button", name="Upload")).to_have_count(0)
    site.page.context.unroute("**/api/packages")
    files.press("Try again")
    files.press("Upload for 3 credits")
    files.expect_done("notes.txt", "3 credits · balance 497")


def test_the_eleventh_order_in_a_minute_says_how_long_to_wait(
    buyer: Site, stack: RunningStack, user: User, console: Console
) -> None:
    console.allow_failing(CHECKOUT)
    for _ in range(ORDERS_PER_MINUTE):
        stack.post(CHECKOUT, json={"package_type": "starter"}, headers=user.auth).raise_for_status()
    store = buyer.open_store()
    store.buy_button("Starter").click()
    expect(store.problem).to_contain_text("nothing was charged")
    retry = store.problem.get_by_role("button")
    expect(retry).to_have_text(re.compile(r"^Try again in [1-5]?\d s$"))
    expect(retry).to_be_disabled()


def test_stripe_failing_says_that_nothing_was_charged_and_can_be_tried_again(
    buyer: Site, stripe: StandIn, console: Console
) -> None:
    console.allow_failing(CHECKOUT)
    stripe.break_down()
    store = buyer.open_store()
    store.buy_button("Starter").click()
    expect(store.problem).to_contain_text("Nothing was charged")
    stripe.recover()
    store.problem.get_by_role("button", name="Try again").click()
    buyer.at_checkout().pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


def test_an_address_that_leads_nowhere_says_so(buyer: Site, console: Console) -> None:
    console.allow_failing("/no/such/page")
    buyer.open("/no/such/page")
    buyer.expect_title("There is nothing here")
    buyer.expect_balance(0)
    buyer.page.get_by_role("link", name="Go to the start page").click()
    buyer.expect_title("Your balance")
