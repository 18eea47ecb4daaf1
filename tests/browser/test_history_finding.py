"""Finding an entry of the history: by kind, by feature, by words; and the history as CSV."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.holding import hold
from tests.browser.pages import PHONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

NONE = "Nothing matches."
CREDITS = "**/api/credits?*"


@pytest.fixture
def purse(purse: Purse) -> Purse:
    """The user's purse, with movements of several kinds: 500 - 5 - 4 + 4 + 20 credits."""
    purse.buy(500)
    purse.spend()
    purse.reverse(purse.spend(2, "audio_upload")["transaction_id"])
    purse.grant(20, reason="Launch gift")
    return purse


@pytest.fixture
def site(purse: Purse, visit: Visit, user: User) -> Site:
    """The user's home page, with the history loaded."""
    return opened(visit, user, purse)


@pytest.fixture
def unbuilt_site(purse: Purse, visit: Visit, user: User, unbuilt: RunningStack) -> Site:
    """The same page of the unbuilt site, whose modules a test can call."""
    return opened(visit, user, purse, site=unbuilt)


def opened(visit: Visit, user: User, purse: Purse, **profile: Any) -> Site:
    site = visit(user, **profile)
    expect(site.history).to_have_count(purse_entries(purse))
    return site


def purse_entries(purse: Purse) -> int:
    return len(purse.ledger())


def search(site: Site) -> Locator:
    return site.page.get_by_role("searchbox", name="Search")


def kind(site: Site) -> Locator:
    return site.page.get_by_role("combobox", name="Kind")


def feature(site: Site) -> Locator:
    return site.page.get_by_role("combobox", name="Feature")


def query(site: Site) -> str:
    return str(site.page.evaluate("location.search"))


@contextmanager
def held_back(site: Site) -> Iterator[None]:
    """Let the answer about what was used wait until the block ends; then it has come."""
    used = "**/api/credits?*kind=spend*"
    waiting = hold(site.page, used)
    yield
    (held,) = waiting
    with site.page.expect_response(used) as answer:
        held.continue_()
    answer.value.finished()
    site.page.unroute(used)
    site.page.evaluate("() => new Promise(requestAnimationFrame)")


def test_a_kind_is_chosen_and_the_balance_stays(site: Site) -> None:
    kind(site).select_option("Used")
    expect(site.history).to_have_count(2)
    expect(site.history).to_contain_text(["Audio upload", "DOCX processing"])
    expect(site.page.get_by_role("status").get_by_text("2 entries match.")).to_be_attached()
    site.expect_balance(515)
    kind(site).select_option("Returned")
    expect(site.history).to_have_count(1)
    expect(site.history).to_contain_text("Returned")
    kind(site).select_option("All kinds")
    expect(site.history).to_have_count(5)


def test_every_kind_that_can_be_chosen_is_known_to_the_server(site: Site) -> None:
    _all, *choices = kind(site).get_by_role("option").all_inner_texts()
    assert len(choices) == 7
    for choice in choices:
        with site.page.expect_response(CREDITS) as answer:
            kind(site).select_option(choice)
        assert answer.value.status == 200, choice


def test_a_feature_is_chosen(site: Site) -> None:
    expect(feature(site).get_by_role("option")).to_have_text(
        ["All features", "Audio upload", "DOCX processing", "Premium export", "Text upload"]
    )
    feature(site).select_option("DOCX processing")
    expect(site.history).to_have_count(1)
    expect(site.history).to_contain_text("DOCX processing")


def test_words_are_searched_for_while_they_are_typed(site: Site) -> None:
    search(site).press_sequentially("launch")
    expect(site.history).to_have_count(1)
    expect(site.history).to_contain_text("Launch gift")
    expect(search(site)).to_be_focused()
    assert query(site) == "?q=launch"


def test_the_address_keeps_the_choice_for_reload_and_back(site: Site) -> None:
    kind(site).select_option("Used")
    expect(site.history).to_have_count(2)
    feature(site).select_option("Audio upload")
    expect(site.history).to_have_count(1)
    assert query(site) == "?kind=used&feature=audio_upload"
    site.page.reload()
    expect(site.history).to_have_count(1)
    expect(kind(site)).to_have_value("used")
    expect(feature(site)).to_have_value("audio_upload")
    site.page.go_back()
    expect(site.history).to_have_count(2)
    expect(feature(site)).to_have_value("")
    site.page.go_back()
    expect(site.history).to_have_count(5)
    expect(kind(site)).to_have_value("")
    site.page.go_forward()
    expect(site.history).to_have_count(2)


def test_an_address_that_makes_no_sense_chooses_nothing(
    purse: Purse, visit: Visit, user: User
) -> None:
    site = visit(user, at="/?kind=nonsense&feature=%3Cb%3E&q=%00")
    expect(site.history).to_have_count(purse_entries(purse))
    expect(kind(site)).to_have_value("")


def test_where_nothing_matches_all_is_a_click_away(site: Site) -> None:
    search(site).fill("no such thing")
    expect(site.page.get_by_text(NONE)).to_be_visible()
    expect(site.history).to_have_count(0)
    site.page.get_by_role("button", name="Clear search and filters").click()
    expect(site.history).to_have_count(5)
    expect(search(site)).to_have_value("")
    expect(search(site)).to_be_focused()
    assert query(site) == ""


def test_the_old_list_stays_until_the_new_one_is_here(site: Site) -> None:
    with held_back(site):
        kind(site).select_option("Used")
        expect(site.page.locator("credit-history [aria-busy=true]")).to_be_visible()
        expect(site.history).to_have_count(5)
        expect(site.page.get_by_text(NONE)).to_have_count(0)
    expect(site.history).to_have_count(2)


def test_the_last_choice_counts_whichever_answer_comes_last(site: Site) -> None:
    with held_back(site):
        kind(site).select_option("Used")
        expect(site.page.locator("credit-history [aria-busy=true]")).to_be_visible()
        kind(site).select_option("Gifts")
        expect(site.history).to_have_count(1)
    expect(site.history).to_have_count(1)
    expect(site.history).to_contain_text("Launch gift")


def test_a_new_movement_joins_what_was_found(unbuilt_site: Site, purse: Purse) -> None:
    site = unbuilt_site
    kind(site).select_option("Used")
    expect(site.history).to_have_count(2)
    purse.spend(feature="txt_upload")
    site.page.evaluate("import('/js/credits/wallet.js').then(({ wallet }) => wallet.load())")
    expect(site.history).to_have_count(3)
    expect(site.history.first).to_contain_text("Text upload")
    site.expect_balance(512)


def test_payments_under_way_are_purchases(site: Site) -> None:
    site.buy("Creator").pay_by_bank()
    site.open()
    expect(site.history).to_have_count(6)
    kind(site).select_option("Purchases")
    expect(site.history).to_have_count(2)
    expect(site.history.first).to_contain_text("Pending")
    search(site).fill("star")
    expect(site.history).to_have_count(1)
    kind(site).select_option("Used")
    expect(site.page.get_by_text(NONE)).to_be_visible()


def test_earlier_entries_of_a_choice_load_on(purse: Purse, visit: Visit, user: User) -> None:
    for number in range(1, 24):
        purse.spend(number % 3 + 1)
    site = visit(user, at="/?feature=docx_processing")
    expect(site.history).to_have_count(20)
    expect(site.page.get_by_text("The newest 20 matching entries are shown.")).to_be_attached()
    site.page.get_by_role("button", name="Show earlier").click()
    expect(site.history).to_have_count(24)
    expect(site.history.nth(20).locator("summary")).to_be_focused()


def test_a_choice_that_could_not_load_loads_when_asked_again(site: Site, console: Console) -> None:
    console.allow_failing("/api/credits")
    site.page.context.set_offline(True)
    kind(site).select_option("Used")
    problem = site.page.get_by_role("alert")
    expect(problem).to_contain_text("You are offline.")
    expect(site.history).to_have_count(5)
    site.page.context.set_offline(False)
    problem.get_by_role("button", name="Try again").click()
    expect(site.history).to_have_count(2)
    expect(problem).to_have_count(0)


def test_a_history_without_entries_has_nothing_to_search(buyer: Site) -> None:
    expect(buyer.page.get_by_text("No movements yet.")).to_be_visible()
    expect(search(buyer)).to_be_hidden()
    buyer.page.get_by_role("button", name="Visit the store").click()
    expect(buyer.store.place).to_be_visible()


def test_a_history_that_could_not_load_loads_when_asked_again(
    purse: Purse, visit: Visit, user: User, console: Console
) -> None:
    console.allow_failing("/api/credits")
    site = visit(user, at="/payment/cancelled")
    site.page.context.route(CREDITS, lambda route: route.abort())
    site.open()
    problem = site.page.locator("credit-history").get_by_role("alert")
    expect(problem).to_contain_text("Your credits are safe.")
    site.page.context.unroute(CREDITS)
    problem.get_by_role("button", name="Try again").click()
    expect(site.history).to_have_count(purse_entries(purse))
    expect(problem).to_have_count(0)


def test_the_choice_goes_with_the_person(site: Site) -> None:
    kind(site).select_option("Used")
    expect(site.history).to_have_count(2)
    site.sign_out()
    site.expect_signed_out()
    assert query(site) == ""


def test_on_a_phone_a_line_is_found_by_the_keyboard(purse: Purse, visit: Visit, user: User) -> None:
    site = visit(user, **PHONE)
    expect(site.history).to_have_count(purse_entries(purse))
    search(site).press_sequentially("audio")
    expect(site.history).to_have_count(2)
    search(site).press("Tab")
    expect(kind(site)).to_be_focused()


def test_what_is_being_typed_stays_when_the_balance_is_read(unbuilt_site: Site) -> None:
    site = unbuilt_site
    site.page.evaluate(
        """async () => {
          const { wallet } = await import("/js/credits/wallet.js");
          const { shadowRoot } = document.querySelector("credit-history");
          const field = shadowRoot.querySelector("[name=q]");
          field.value = "Launch";
          field.dispatchEvent(new Event("input", { bubbles: true }));
          // Within the pause after which a search begins.
          await Promise.all([wallet.load(), new Promise(requestAnimationFrame)]);
        }"""
    )
    expect(site.history).to_have_count(1)
    expect(site.history).to_contain_text("Launch gift")
    expect(search(site)).to_have_value("Launch")


def test_the_history_is_downloaded_as_csv(site: Site, tmp_path: Path) -> None:
    kind(site).select_option("Used")
    expect(site.history).to_have_count(2)
    with site.page.expect_download() as download:
        site.page.get_by_role("button", name="Download CSV").click()
    name = download.value.suggested_filename
    assert re.fullmatch(r"credits-\d{4}-\d\d-\d\d\.csv", name)
    assert abs((datetime.now(UTC).date() - datetime.fromisoformat(name[8:18]).date()).days) <= 1
    download.value.save_as(tmp_path / name)
    content = (tmp_path / name).read_text("utf-8-sig")
    head, *lines = content.splitlines()
    assert head.startswith("date,what,kind,")
    # All of it, whatever is chosen.
    assert len(lines) == 5
    assert "Launch gift" in lines[0]


def test_a_download_of_several_pages_is_one_file(site: Site, tmp_path: Path) -> None:
    pages = {None: ("a,b\r\n1,2\r\n", "77"), "77": ("3,4\r\n", None)}

    def answer(route: Route) -> None:
        cursor = re.search(r"cursor=(\w+)", route.request.url)
        content, following = pages[cursor[1] if cursor else None]
        more = {"Next-Cursor": following} if following else {}
        route.fulfill(body=content, headers={"Content-Type": "text/csv", **more})

    site.page.route("**/api/credits/export*", answer)
    with site.page.expect_download() as download:
        site.page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_bytes() == b"a,b\r\n1,2\r\n3,4\r\n"


def test_a_download_that_failed_says_so_and_can_be_tried_again(
    site: Site, console: Console
) -> None:
    console.allow_failing("/api/credits/export")
    site.page.context.set_offline(True)
    site.page.get_by_role("button", name="Download CSV").click()
    problem = site.page.get_by_role("alert")
    expect(problem).to_contain_text("You are offline. No file was downloaded.")
    site.page.context.set_offline(False)
    with site.page.expect_download():
        problem.get_by_role("button", name="Try again").click()
    expect(problem).to_have_count(0)


def test_what_the_address_chooses_waits_for_signing_in_and_for_nobody_else(
    purse: Purse, visit: Visit, user: User
) -> None:
    site = visit(at="/?kind=used&q=audio")
    site.sign_in(user.email, user.password)
    site.expect_balance(515)
    expect(site.history).to_have_count(1)
    expect(site.history).to_contain_text("Audio upload")
    expect(kind(site)).to_have_value("used")
    expect(search(site)).to_have_value("audio")
    assert query(site) == "?kind=used&q=audio"
    site.sign_out()
    site.expect_signed_out()
    assert query(site) == ""
    site.sign_in(user.email, user.password)
    expect(site.history).to_have_count(purse_entries(purse))


def test_a_store_opened_by_the_address_leaves_the_filter_in_it(visit: Visit, user: User) -> None:
    site = visit(user, at="/?kind=used&store=1&q=audio")
    expect(site.store.place).to_be_visible()
    assert query(site) == "?kind=used&q=audio"
