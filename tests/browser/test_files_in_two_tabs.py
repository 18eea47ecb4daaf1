"""The queue of uploads in two tabs: one of them works on a file, and the other leaves it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.pages import Files, Site
from tests.browser.waiting import until_holds
from tests.samples import docx_of

if TYPE_CHECKING:
    from tests.browser.storage import Storage
    from tests.database.purse import Purse
    from tests.support import RunningStack

NOVEL = ("novel.docx", docx_of((1, "Winter"), (0, "Snow fell all night.")))


@pytest.fixture(scope="module")
def stack(unbuilt: RunningStack) -> RunningStack:
    """The unbuilt site, whose modules a test can call."""
    return unbuilt


@pytest.fixture
def first(buyer: Site, purse: Purse) -> Files:
    """The files' page of somebody with 500 credits, with a document in its queue."""
    purse.buy(500)
    files = buyer.open_files()
    files.choose(NOVEL)
    expect(files.queued).to_contain_text("Ready")
    until_holds(
        files.page,
        """async () => {
          const { uploads } = await import("/js/files/upload-queue.js");
          return uploads.jobs.every(({ isKept }) => isKept);
        }""",
    )
    return files


def upload_slowly(files: Files, storage: Storage, button: str) -> None:
    """Begin an upload that takes until the storage is mended."""
    storage.hold()
    files.press(button)
    expect(files.queued).to_contain_text("Uploading…")


def other_tab(first: Files, stack: RunningStack) -> Files:
    """Open the files' page in a second tab."""
    site = Site(first.page.context.new_page(), stack.site_url)
    site.open("/files")
    return site.files


def test_a_tab_does_not_show_what_another_uploads(
    first: Files, storage: Storage, stack: RunningStack, purse: Purse
) -> None:
    upload_slowly(first, storage, "Upload for 5 credits")
    second = other_tab(first, stack)
    expect(second.list).to_contain_text("novel.docx")
    expect(second.queue).to_be_hidden()
    storage.mend()
    expect(first.queued).to_contain_text("Done")
    assert purse.balance == 495


def test_what_one_tab_removes_another_still_uploads(
    first: Files, storage: Storage, stack: RunningStack, purse: Purse
) -> None:
    storage.cut()
    first.press("Upload for 5 credits")
    expect(first.queued).to_contain_text("This did not go through yet.")
    storage.mend()
    second = other_tab(first, stack)
    expect(second.queued).to_contain_text("novel.docx")
    upload_slowly(first, storage, "Try again")
    second.press("Remove")
    expect(second.queue).to_be_hidden()
    storage.mend()
    expect(first.queued).to_contain_text("Done")
    assert purse.balance == 495


def test_what_two_tabs_start_is_uploaded_by_one_and_paid_once(
    first: Files, storage: Storage, stack: RunningStack, purse: Purse
) -> None:
    second = other_tab(first, stack)
    expect(second.queued).to_contain_text("novel.docx")
    upload_slowly(first, storage, "Upload for 5 credits")
    second.press("Upload for 5 credits")
    expect(second.queued).to_contain_text("Cancel")
    second.press("Cancel")
    second.press("Try again")
    storage.mend()
    for files in (first, second):
        expect(files.queued).to_contain_text("Done")
    assert purse.balance == 495
