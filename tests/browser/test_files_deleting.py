"""Delete a file, and cancel an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.pages import Site

if TYPE_CHECKING:
    from tests.browser.console import Console
    from tests.browser.pages import Files
    from tests.browser.storage import Storage
    from tests.database.purse import Purse


@pytest.fixture
def files(purse: Purse, buyer: Site) -> Files:
    """The files' page of somebody with 500 credits and two files."""
    purse.buy(500)
    files = buyer.open_files()
    files.upload("first.txt", b"Sow the peas.")
    files.expect_done("first.txt", "3 credits · balance 497")
    files.press("Upload another")
    files.upload("second.txt", b"Water the peas.")
    files.expect_done("second.txt", "3 credits · balance 494")
    expect(files.list).to_have_count(2)
    return files


def question(files: Files) -> Locator:
    """What is asked before a file is deleted."""
    return files.page.get_by_role("dialog", name="Delete first.txt?")


def delete_button(files: Files, name: str) -> Locator:
    """The button that deletes a file."""
    return files.page.get_by_role("button", name=f"Delete {name}")


def test_a_file_is_deleted_after_a_question_and_stays_deleted(
    files: Files, purse: Purse, buyer: Site
) -> None:
    delete_button(files, "first.txt").click()
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
    button = delete_button(files, "first.txt")
    button.focus()
    files.page.keyboard.press("Enter")
    expect(question(files).get_by_role("button", name="Keep file")).to_be_focused()
    files.page.keyboard.press("Escape")
    expect(question(files)).to_have_count(0)
    expect(button).to_be_focused()
    files.page.reload()
    expect(files.list).to_have_count(2)


def test_a_file_is_deleted_by_the_keyboard_and_reading_goes_on_in_the_list(files: Files) -> None:
    delete_button(files, "second.txt").focus()
    files.page.keyboard.press("Enter")
    files.page.keyboard.press("Tab")
    files.page.keyboard.press("Enter")
    expect(files.list).to_have_count(1)
    expect(files.list).to_be_focused()
    expect(files.card).to_be_hidden()


def test_a_file_that_another_tab_deleted_leaves_the_list(files: Files, console: Console) -> None:
    console.allow_failing("/api/files")
    other = Site(files.page.context.new_page(), "").files
    other.page.goto(files.page.url)
    for tab in (other, files):
        delete_button(tab, "first.txt").click()
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
    files.press("Stop")
    files.expect_stage("Stopped. Nothing was charged")
    assert purse.available == 497
    with files.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        files.press("Cancel upload")
    expect(files.choose_button).to_be_focused()
    expect(files.page.get_by_text("No files yet.")).to_be_visible()
    assert (purse.balance, purse.available) == (500, 500)


def test_an_upload_that_an_earlier_visit_began_is_cancelled_from_the_list(
    storage: Storage, purse: Purse, buyer: Site
) -> None:
    purse.buy(500)
    files = buyer.open_files()
    storage.hold()
    files.upload("notes.txt", b"Sow the peas.")
    files.expect_stage("Uploading…")
    files.page.reload()
    files.page.get_by_role("button", name="Cancel upload notes.txt").click()
    asked = files.page.get_by_role("dialog", name="Cancel the upload of notes.txt?")
    expect(asked).to_contain_text("The 3 credits set aside for it can be spent again at once.")
    asked.get_by_role("button", name="Cancel upload").click()
    expect(files.page.get_by_text("No files yet.")).to_be_visible()
    assert (purse.balance, purse.available) == (500, 500)
    # The file itself still waits in this browser, for whoever thinks better of it.
    storage.forget()
    files.press("Go on")
    files.expect_done("notes.txt", "3 credits · balance 497")
    expect(files.list).to_have_count(1)
