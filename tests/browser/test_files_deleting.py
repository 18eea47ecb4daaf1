"""Delete a file, and cancel an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.pages import Site

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Files
    from tests.browser.storage import Storage
    from tests.database.purse import Purse
    from tests.support import User


@pytest.fixture
def files(purse: Purse, buyer: Site) -> Files:
    """The files' page of somebody with 500 credits and two files."""
    purse.buy(500)
    files = buyer.open_files()
    files.upload("first.txt", b"Sow the peas.")
    files.expect_done("first.txt", "3 credits · balance 497")
    files.upload("second.txt", b"Water the peas.")
    files.expect_done("second.txt", "3 credits · balance 494")
    expect(files.list).to_have_count(2)
    return files


def question(files: Files) -> Locator:
    """What is asked before a file is deleted."""
    return files.page.get_by_role("dialog", name="Delete first.txt?")


def delete(files: Files, name: str) -> None:
    """Press the button that deletes a file."""
    files.menu(name).get_by_role("menuitem", name="Delete").click()


def test_a_file_is_deleted_after_a_question_and_stays_deleted(
    files: Files, purse: Purse, buyer: Site
) -> None:
    delete(files, "first.txt")
    asked = question(files)
    expect(asked).to_contain_text("The credits that it cost are not returned.")
    asked.get_by_role("button", name="Delete file").click()
    expect(files.list).to_have_count(1)
    expect(files.list).to_contain_text("second.txt")
    expect(files.page.get_by_text("first.txt was deleted.")).to_be_attached()
    files.page.reload()
    expect(files.list).to_have_count(1)
    buyer.expect_balance(494)
    assert purse.balance == 494


def test_a_file_is_kept_if_the_question_is_answered_with_escape(files: Files) -> None:
    button = files.page.get_by_role("button", name="More for first.txt")
    button.focus()
    for key in ("Enter", "End", "Enter"):
        files.page.keyboard.press(key)
    expect(question(files).get_by_role("button", name="Keep file")).to_be_focused()
    files.page.keyboard.press("Escape")
    expect(question(files)).to_have_count(0)
    expect(button).to_be_focused()
    files.page.reload()
    expect(files.list).to_have_count(2)


def test_a_file_is_deleted_by_the_keyboard_and_reading_goes_on_in_the_list(files: Files) -> None:
    files.page.get_by_role("button", name="More for second.txt").focus()
    for key in ("Enter", "End", "Enter", "Tab", "Enter"):
        files.page.keyboard.press(key)
    expect(files.list).to_have_count(1)
    expect(files.list).to_be_focused()
    expect(files.queue).to_be_hidden()


def test_a_file_that_another_tab_deleted_leaves_the_list(files: Files, console: Console) -> None:
    console.allow_failing("/api/files")
    other = Site(files.page.context.new_page(), "").files
    other.page.goto(files.page.url)
    for tab in (other, files):
        delete(tab, "first.txt")
        question(tab).get_by_role("button", name="Delete file").click()
        expect(tab.list).to_have_count(1)
    expect(files.problem).to_have_count(0)


def test_cancelling_an_upload_frees_its_credits_at_once(
    storage: Storage, purse: Purse, buyer: Site
) -> None:
    purse.buy(500)
    files = buyer.open_files()
    storage.hold()
    files.upload("notes.txt", b"Sow the peas.")
    files.expect_stage("Uploading…")
    assert purse.available == 497
    with files.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        files.press("Cancel")
    files.expect_stage("Cancelled")
    expect(files.queued).to_contain_text("Not charged")
    expect(files.page.get_by_text("No files yet.")).to_be_visible()
    assert (purse.balance, purse.available) == (500, 500)
    storage.forget()
    files.press("Try again")
    files.expect_done("notes.txt", "3 credits · balance 497")
    expect(files.list).to_have_count(1)


def test_an_upload_that_an_earlier_visit_began_is_in_the_queue_and_removing_it_frees_its_credits(
    storage: Storage, purse: Purse, buyer: Site
) -> None:
    purse.buy(500)
    files = buyer.open_files()
    storage.hold()
    files.upload("notes.txt", b"Sow the peas.")
    files.expect_stage("Uploading…")
    files.page.reload()
    files.expect_stage("Still here, and ready to go on.")
    # It is there once: what is on its way is not in the list as well.
    expect(files.page.get_by_text("No files yet.")).to_be_visible()
    assert (purse.balance, purse.available) == (500, 497)
    with files.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        files.press("Remove")
    expect(files.choose_button).to_be_focused()
    assert (purse.balance, purse.available) == (500, 500)


def test_an_upload_that_another_device_began_is_cancelled_from_the_list(
    storage: Storage, purse: Purse, buyer: Site, user: User, visit: Visit
) -> None:
    purse.buy(500)
    files = buyer.open_files()
    storage.hold()
    files.upload("notes.txt", b"Sow the peas.")
    files.expect_stage("Uploading…")
    other = visit(user, at="/files").files
    expect(other.list).to_contain_text("Waiting for its upload")
    other.menu("notes.txt").get_by_role("menuitem", name="Cancel upload").click()
    asked = other.page.get_by_role("dialog", name="Cancel the upload of notes.txt?")
    expect(asked).to_contain_text("The 3 credits set aside for it can be spent again at once.")
    asked.get_by_role("button", name="Cancel upload").click()
    expect(other.page.get_by_text("No files yet.")).to_be_visible()
    assert (purse.balance, purse.available) == (500, 500)
