"""Work that had to wait: for credits, for the network, or for somebody to come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.lost_answers import answers_lost
from tests.browser.pages import PAID
from tests.samples import docx_of

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Files, Site
    from tests.browser.storage import Storage
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

NOVEL = docx_of((1, "Winter"), (0, "Snow fell all night."))
WAITING = "Still here, and ready to go on."
KEPT = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("purse");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction("kept-work").objectStore("kept-work").getAll();
    reading.onsuccess = () => (opening.result.close(), resolve(reading.result.map(({ at }) => at)));
  };
})"""
AGE = """ageMs => new Promise((resolve) => {
  const opening = indexedDB.open("purse");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("kept-work", "readwrite");
    const store = transaction.objectStore("kept-work");
    store.getAll().onsuccess = ({ target }) =>
      target.result.forEach((work) => store.put({ ...work, at: work.at - ageMs }));
    transaction.oncomplete = () => (opening.result.close(), resolve());
  };
})"""
A_DAY_MS = 24 * 60 * 60 * 1000
NO_STORAGE = """Object.defineProperty(globalThis, "indexedDB", {
  get() { throw new DOMException("closed to this page", "SecurityError"); },
});"""


@pytest.fixture
def files(purse: Purse, buyer: Site, console: Console) -> Files:
    """The files' page of somebody with three credits."""
    console.allow_failing("/api/files")
    purse.buy(3)
    return buyer.open_files()


@pytest.fixture
def interrupted(purse: Purse, files: Files, storage: Storage) -> Files:
    """The page with an upload that broke off, though there were credits enough."""
    purse.buy(500)
    files.page.reload()
    storage.cut()
    files.upload("novel.docx", NOVEL)
    files.expect_stage("The upload was interrupted.")
    return files


def want(files: Files) -> None:
    """Choose a file that the credits do not suffice for, and go to the store."""
    files.choose(("novel.docx", NOVEL))
    files.press("Get credits")


def kept(files: Files) -> list[Any]:
    """Return when each piece of work was kept that the browser keeps."""
    times: list[Any] = files.page.evaluate(KEPT)
    return times


def test_an_upload_that_lacks_credits_goes_on_after_the_payment_by_itself(
    files: Files, buyer: Site, purse: Purse
) -> None:
    files.choose(("novel.docx", NOVEL))
    expect(files.queued).to_contain_text("Does not fit your balance")
    needed = "1 file cannot be paid for yet: 2 more credits are needed."
    expect(files.queue.get_by_text(needed)).to_be_visible()
    expect(files.queue.get_by_role("button", name="Upload")).to_have_count(0)
    files.press("Get credits")
    expect(buyer.store.place).to_be_visible()
    reason = "“novel.docx” takes 5 credits, and you have 3: 2 more are needed."
    expect(buyer.store.place.get_by_text(reason)).to_be_visible()
    buyer.store.buy_button("Starter").click()
    buyer.at_checkout().pay()
    buyer.expect_title(PAID)
    files.page.get_by_role("link", name="Go on with novel.docx").click()
    files.expect_done("novel.docx", "5 credits · balance 498")
    expect(files.page).to_have_url(f"{buyer.url}/files")
    buyer.expect_balance(498)
    assert purse.ledger() == [("purchase", 3), ("purchase", 500), ("spend", -5)]
    assert kept(files) == []


def test_the_store_says_nothing_of_an_upload_when_it_is_opened_for_itself(
    files: Files, buyer: Site
) -> None:
    want(files)
    expect(buyer.store.place.get_by_text("novel.docx")).to_be_visible()
    files.page.keyboard.press("Escape")
    files.expect_stage("Does not fit your balance")
    expect(buyer.open_store().place.get_by_text("novel.docx")).to_have_count(0)


def test_whoever_leaves_the_payment_page_finds_the_file_still_there(
    files: Files, buyer: Site
) -> None:
    want(files)
    buyer.store.buy_button("Starter").click()
    buyer.at_checkout().leave()
    files.page.get_by_role("link", name="Back to novel.docx").click()
    files.expect_stage("Does not fit your balance")
    files.press("Get credits")
    expect(buyer.store.place).to_be_visible()


def test_the_back_button_leads_to_the_file_as_well(files: Files, buyer: Site) -> None:
    want(files)
    buyer.store.buy_button("Starter").click()
    buyer.at_checkout()
    files.page.go_back()
    files.expect_stage("Does not fit your balance")


def test_an_export_that_lacks_credits_goes_on_after_the_payment(
    files: Files, buyer: Site, purse: Purse
) -> None:
    purse.grant(4)
    files.page.reload()
    files.upload("novel.docx", NOVEL)
    files.expect_done("novel.docx", "5 credits · balance 2")
    files.page.get_by_role("checkbox", name="novel.docx").check()
    expect(files.page.get_by_text("1 file chosen · 15 credits · 13 more needed")).to_be_visible()
    expect(files.page.get_by_role("button", name="Export as ZIP")).to_have_count(0)
    files.page.locator("export-bar").get_by_role("button", name="Get credits").click()
    expect(buyer.store.place.get_by_text("13 more are needed.")).to_be_visible()
    buyer.store.buy_button("Starter").click()
    buyer.at_checkout().pay()
    files.page.get_by_role("link", name="Go on with your export").click()
    expect(files.page.get_by_text("Your export is ready.")).to_be_visible()
    buyer.expect_balance(487)
    assert kept(files) == []


def test_an_interrupted_upload_is_tried_again_and_charged_once(
    interrupted: Files, storage: Storage, purse: Purse
) -> None:
    assert purse.balance == 503
    storage.mend()
    interrupted.row("novel.docx").get_by_role("button", name="Try again").click()
    interrupted.expect_done("novel.docx", "5 credits · balance 498")
    expect(interrupted.list).to_have_count(1)
    assert [kind for kind, _ in purse.ledger()].count("spend") == 1


def test_an_interrupted_upload_survives_a_reload(
    interrupted: Files, storage: Storage, purse: Purse
) -> None:
    interrupted.page.reload()
    interrupted.expect_stage(WAITING)
    storage.mend()
    interrupted.press("Upload for")
    interrupted.expect_done("novel.docx", "5 credits · balance 498")
    expect(interrupted.list).to_have_count(1)
    assert [kind for kind, _ in purse.ledger()].count("spend") == 1


def test_an_answer_that_got_lost_is_asked_for_again_and_charged_once(
    files: Files, purse: Purse
) -> None:
    purse.buy(500)
    files.page.reload()
    with answers_lost(files.page, "**/api/files/complete"):
        files.upload("novel.docx", NOVEL)
        files.expect_stage("it is charged once, however often you try.")
        assert purse.balance == 498
    files.row("novel.docx").get_by_role("button", name="Try again").click()
    files.expect_done("novel.docx", "5 credits · balance 498")
    expect(files.list).to_have_count(1)
    assert purse.balance == 498


def test_a_file_is_forgotten_when_told_to_and_its_credits_are_free(
    interrupted: Files, purse: Purse
) -> None:
    assert purse.available < purse.balance
    with interrupted.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        interrupted.press("Remove")
    expect(interrupted.choose_button).to_be_focused()
    assert purse.available == purse.balance
    interrupted.page.reload()
    expect(interrupted.page.get_by_text("No files yet.")).to_be_visible()
    expect(interrupted.queue).to_be_hidden()
    assert kept(interrupted) == []


def test_signing_out_forgets_the_file(interrupted: Files, buyer: Site, user: User) -> None:
    buyer.sign_out()
    buyer.expect_signed_out()
    assert kept(interrupted) == []
    buyer.sign_in(user.email, user.password)
    buyer.open_files()
    expect(interrupted.list).to_have_count(1)
    expect(interrupted.queue).to_be_hidden()


def test_nobody_else_is_shown_the_file(
    interrupted: Files, buyer: Site, stack: RunningStack
) -> None:
    other = stack.sign_up()
    # As when a session ends by itself: nobody signed out.
    buyer.page.evaluate("localStorage.clear()")
    buyer.open("/files")
    buyer.sign_in(other.email, other.password)
    expect(buyer.page.get_by_text("No files yet.")).to_be_visible()
    assert len(kept(interrupted)) == 1
    expect(interrupted.queue).to_be_hidden()


def test_a_file_is_forgotten_after_a_day(interrupted: Files) -> None:
    interrupted.page.evaluate(AGE, A_DAY_MS)
    interrupted.page.reload()
    expect(interrupted.list).to_have_count(1)
    expect(interrupted.queue).to_be_hidden()
    assert kept(interrupted) == []


def test_a_browser_that_keeps_nothing_says_that_the_file_must_be_chosen_again(
    purse: Purse, buyer: Site, console: Console
) -> None:
    console.allow_failing("/api/files")
    purse.buy(3)
    buyer.page.add_init_script(NO_STORAGE)
    files = buyer.open_files()
    want(files)
    expect(buyer.store.place.get_by_text("choose it again once you have paid")).to_be_visible()
    buyer.store.buy_button("Starter").click()
    buyer.at_checkout().pay()
    buyer.expect_title(PAID)
    expect(files.page.get_by_role("link", name="Go on with")).to_have_count(0)
    buyer.open_files()
    files.upload("novel.docx", NOVEL)
    files.expect_done("novel.docx", "5 credits · balance 498")


def test_whoever_is_signed_out_signs_in_on_the_page_itself(
    visit: Visit, user: User, purse: Purse
) -> None:
    purse.buy(500)
    site = visit(at="/files")
    expect(site.files.choose_button).to_be_hidden()
    site.sign_in(user.email, user.password)
    expect(site.page.get_by_text("No files yet.")).to_be_visible()
    site.files.upload("novel.docx", NOVEL)
    site.files.expect_done("novel.docx", "5 credits · balance 495")
