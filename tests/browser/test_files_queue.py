"""Several files at once: they wait in a queue, each with its price and its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.holding import hold
from tests.browser.pages import PHONE, Site
from tests.samples import docx_of, mp3_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Response

    from tests.browser.console import Console
    from tests.browser.pages import Files
    from tests.browser.storage import Storage
    from tests.database.purse import Purse

NOVEL = docx_of((1, "Winter"), (0, "Snow fell all night."))
SONG = mp3_of(400)
PEAS = b"Sow the peas."
AT_ONCE = 2
MOST_QUEUED = 50
ASKED = """() => {
  const event = new Event("beforeunload", { cancelable: true });
  dispatchEvent(event);
  return event.defaultPrevented;
}"""

# As the browser tells a page that it has kept for the back button.
COMES_BACK = 'dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))'


@pytest.fixture
def files(purse: Purse, buyer: Site) -> Files:
    """The files' page of somebody with 500 credits."""
    purse.buy(500)
    return buyer.open_files()


def at_work(files: Files) -> Locator:
    """The files of the queue that are on their way."""
    return files.queue.get_by_role("progressbar")


def test_what_is_taken_is_said_before_anything_is_chosen(files: Files) -> None:
    limits = files.page.get_by_role("list", name="What can be uploaded").get_by_role("listitem")
    expect(limits).to_contain_text(["Word documents", "Texts", "Recordings"])
    expect(limits).to_contain_text(
        [
            "DOCX · up to 20 MB",
            "TXT, MD · up to 5 MB",
            "MP3, WAV, M4A, M4B, FLAC, OGG, Opus · up to 50 MB",
        ]
    )
    for limit, price in enumerate(("5", "3", "2")):
        expect(limits.nth(limit).locator("strong")).to_have_text(price)


def test_several_are_chosen_priced_together_uploaded_and_paid_for(
    files: Files, buyer: Site, purse: Purse
) -> None:
    files.choose(("novel.docx", NOVEL), ("notes.txt", PEAS), ("song.mp3", SONG))
    expect(files.queued).to_contain_text(["novel.docx", "notes.txt", "song.mp3"])
    expect(files.queued).to_contain_text(["5 credits", "3 credits", "2 credits"])
    sum_ = "3 files · 10 credits · leaves 490 of 500 credits"
    expect(files.queue.get_by_text(sum_)).to_be_visible()
    files.press("Upload 3 files for 10 credits")
    done = "3 files uploaded · 10 credits · balance 490"
    expect(files.queue.get_by_text(done)).to_be_visible()
    expect(files.queued).to_contain_text(["Done", "Done", "Done"])
    buyer.page.set_viewport_size(PHONE["viewport"])
    is_cut = "lines => lines.some((line) => line.scrollWidth > line.clientWidth)"
    assert not files.queue.locator(".queued__about").evaluate_all(is_cut)
    expect(files.list).to_have_count(3)
    buyer.expect_balance(490)
    assert (purse.balance, purse.available) == (490, 490)
    files.press("Clear finished")
    expect(files.queue).to_be_hidden()
    expect(files.choose_button).to_be_focused()


def test_the_balance_is_the_newest_whichever_is_done_last(files: Files, purse: Purse) -> None:
    held = hold(files.page, "**/api/files/complete", times=1)
    files.choose(("novel.docx", NOVEL), ("notes.txt", PEAS))
    files.press("Upload 2 files for 8 credits")
    # The one whose answer is held back is the first that asked.
    expect(files.queued.filter(has_text="Done")).to_have_count(1)
    held[0].continue_()
    expect(files.queue.get_by_text("2 files uploaded · 8 credits · balance 492")).to_be_visible()
    assert purse.balance == 492


def test_two_travel_at_once_and_the_others_wait_for_their_turn(
    files: Files, storage: Storage, purse: Purse
) -> None:
    storage.hold()
    files.choose(*((f"{number}.txt", PEAS) for number in range(4)))
    files.press("Upload 4 files for 12 credits")
    expect(files.queued).to_contain_text(
        ["Uploading…", "Uploading…", "Waiting for its turn…", "Waiting for its turn…"]
    )
    expect(at_work(files)).to_have_count(AT_ONCE)
    expect(files.queue.get_by_text("0 of 4 finished")).to_be_visible()
    assert purse.available == 500 - AT_ONCE * 3
    storage.mend()
    expect(files.queue.get_by_text("4 files uploaded · 12 credits")).to_be_visible()
    assert purse.balance == 488


def test_one_that_fails_does_not_hold_up_the_others(files: Files, purse: Purse) -> None:
    files.choose(("bad.docx", b"not a document"), ("notes.txt", PEAS), ("song.mp3", SONG))
    files.press("Upload 3 files")
    expect(files.queue.get_by_text("2 files uploaded · 5 credits · balance 495")).to_be_visible()
    expect(files.row("bad.docx")).to_contain_text("This file could not be processed.")
    expect(files.row("bad.docx")).to_contain_text("Not charged")
    assert (purse.balance, purse.available) == (495, 495)
    files.row("bad.docx").get_by_role("button", name="Remove").click()
    expect(files.queued).to_have_count(2)


def test_files_that_do_not_fit_are_marked_and_the_others_go(purse: Purse, buyer: Site) -> None:
    purse.buy(6)
    files = buyer.open_files()
    files.choose(("notes.txt", PEAS), ("novel.docx", NOVEL), ("song.mp3", SONG))
    expect(files.row("notes.txt")).to_contain_text("Ready to upload")
    expect(files.row("novel.docx")).to_contain_text("Does not fit your balance")
    # It is smaller than what is left, although one before it is not.
    expect(files.row("song.mp3")).to_contain_text("Ready to upload")
    expect(files.queue.get_by_text("2 files · 5 credits · leaves 1 of 6 credits")).to_be_visible()
    short = "1 file cannot be paid for yet: 4 more credits are needed."
    expect(files.queue.get_by_text(short)).to_be_visible()
    files.press("Upload 2 files for 5 credits")
    expect(files.list).to_have_count(2)
    expect(files.row("novel.docx")).to_contain_text("Does not fit your balance")
    assert purse.balance == 1
    purse.grant(10)
    files.page.reload()
    expect(files.queued).to_have_count(1)
    files.press("Upload for 5 credits")
    files.expect_done("novel.docx", "5 credits · balance 6")


def test_several_that_lack_credits_go_on_together_after_the_payment(
    purse: Purse, buyer: Site
) -> None:
    purse.buy(4)
    files = buyer.open_files()
    files.choose(("novel.docx", NOVEL), ("notes.txt", PEAS))
    files.press("Get credits")
    reason = "The upload of 2 files takes 8 credits, and you have 4: 4 more are needed."
    expect(buyer.store.place.get_by_text(reason)).to_be_visible()
    buyer.store.buy_button("Starter").click()
    buyer.at_checkout().pay()
    files.page.get_by_role("link", name="Go on with your 2 files").click()
    expect(files.queue.get_by_text("2 files uploaded · 8 credits · balance 496")).to_be_visible()
    # In the order in which they were chosen.
    expect(files.queued).to_contain_text(["novel.docx", "notes.txt"])
    assert purse.balance == 496


@pytest.mark.parametrize(
    ("dropped", "complaint"),
    [
        (("notes.pdf", b"%PDF"), "“notes.pdf” is of a kind that cannot be taken. We take DOCX"),
        (("notes.txt", b""), "“notes.txt” is empty. Save it again"),
        (("big.txt", b"a" * 5_000_001), "at most 5 MB are taken"),
    ],
)
def test_what_cannot_be_taken_says_why_before_anything_is_asked(
    files: Files, dropped: tuple[str, bytes], complaint: str
) -> None:
    files.drop(dropped)
    expect(files.problem).to_contain_text(complaint)
    expect(files.queue).to_be_hidden()


def test_a_file_is_taken_once_and_those_that_can_be_taken_are(files: Files) -> None:
    files.drop(("notes.txt", PEAS), ("notes.txt", PEAS), ("notes.pdf", b"%PDF"))
    expect(files.queued).to_have_count(1)
    expect(files.problem).to_contain_text("“notes.txt” is in the queue already.")
    expect(files.problem).to_contain_text("“notes.pdf” is of a kind that cannot be taken.")
    files.press("Upload for 3 credits")
    files.expect_done("notes.txt", "3 credits · balance 497")
    expect(files.problem).to_have_count(0)
    # One that is done may come again.
    files.drop(("notes.txt", PEAS))
    expect(files.queued).to_contain_text("Ready to upload")


def test_a_queue_has_an_end(files: Files) -> None:
    files.drop(*((f"{number}.txt", PEAS) for number in range(MOST_QUEUED + 6)))
    expect(files.queued).to_have_count(MOST_QUEUED)
    expect(files.problem).to_contain_text("“50.txt” was left out: at most 50 files wait at a time.")
    expect(files.problem).to_contain_text("2 more files were not taken.")


def test_a_file_is_removed_before_it_is_uploaded_and_stays_away(files: Files) -> None:
    files.choose(("notes.txt", PEAS), ("song.mp3", SONG))
    files.row("notes.txt").get_by_role("button", name="Remove").click()
    expect(files.queued).to_contain_text("song.mp3")
    expect(files.queued).to_be_focused()
    expect(files.queue.get_by_text("1 file · 2 credits")).to_be_visible()
    files.page.reload()
    expect(files.queued).to_contain_text("song.mp3")


def test_all_are_cancelled_at_once(files: Files, storage: Storage, purse: Purse) -> None:
    storage.hold()
    files.choose(*((f"{number}.txt", PEAS) for number in range(3)))
    files.press("Upload 3 files")
    expect(files.queued).to_contain_text(["Uploading…", "Uploading…", "Waiting for its turn…"])
    deleted: list[str] = []

    def is_last_of_two(answer: Response) -> bool:
        if answer.request.method == "DELETE":
            deleted.append(answer.url)
        return len(deleted) == AT_ONCE

    with files.page.expect_response(is_last_of_two):
        files.press("Cancel all")
    expect(files.queued).to_contain_text(["Cancelled", "Cancelled", "Cancelled"])
    nothing = "Nothing was uploaded, and nothing was charged."
    expect(files.queue.get_by_text(nothing)).to_be_visible()
    expect(files.page.get_by_text("No files yet.")).to_be_visible()
    assert (purse.balance, purse.available) == (500, 500)
    storage.forget()
    for number in range(3):
        files.row(f"{number}.txt").get_by_role("button", name="Try again").click()
    expect(files.queue.get_by_text("3 files uploaded · 9 credits")).to_be_visible()


def test_more_files_join_a_queue_that_is_under_way(files: Files, storage: Storage) -> None:
    storage.hold()
    files.upload("novel.docx", NOVEL)
    files.expect_stage("Uploading…")
    files.drop(("notes.txt", PEAS))
    expect(files.queued).to_contain_text(["Uploading…", "Ready to upload"])
    expect(files.queue.get_by_text("1 file · 3 credits · leaves 492 of 495")).to_be_visible()
    files.press("Upload for 3 credits")
    expect(files.queued).to_contain_text(["Uploading…", "Uploading…"])
    storage.mend()
    expect(files.queue.get_by_text("2 files uploaded · 8 credits")).to_be_visible()


def test_leaving_asks_while_uploads_are_under_way_and_only_then(
    files: Files, storage: Storage
) -> None:
    files.choose(("notes.txt", PEAS))
    assert files.page.evaluate(ASKED) is False
    storage.hold()
    files.press("Upload for")
    files.expect_stage("Uploading…")
    assert files.page.evaluate(ASKED) is True
    asked = []
    files.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    files.page.reload()
    assert asked == ["beforeunload"]
    files.expect_stage("Still here, and ready to go on.")
    assert files.page.evaluate(ASKED) is False


def test_a_page_that_comes_back_knows_what_another_uploaded_meanwhile(
    files: Files, purse: Purse
) -> None:
    files.choose(("notes.txt", PEAS))
    expect(files.queue.get_by_role("button", name="Upload for 3 credits")).to_be_visible()
    other = Site(files.page.context.new_page(), "").files
    other.page.goto(files.page.url)
    other.press("Upload for 3 credits")
    other.expect_done("notes.txt", "3 credits · balance 497")
    files.page.evaluate(COMES_BACK)
    expect(files.queue).to_be_hidden()
    expect(files.list).to_contain_text("notes.txt")
    assert purse.balance == 497


def test_files_over_the_window_are_invited_and_text_is_not(files: Files) -> None:
    veil = files.page.get_by_text("Let go to add the files")
    expect(veil).to_be_hidden()
    files.drag("dragover", ("notes.txt", PEAS))
    expect(veil).to_be_visible()
    files.page.dispatch_event("html", "dragleave", {})
    expect(veil).to_be_hidden()
    text = files.page.evaluate_handle(
        """() => {
          const carried = new DataTransfer();
          carried.setData("text/plain", "peas");
          return carried;
        }"""
    )
    for event in ("dragover", "drop"):
        files.page.dispatch_event("h1", event, {"dataTransfer": text})
    expect(veil).to_be_hidden()
    expect(files.queue).to_be_hidden()


def test_files_dropped_onto_a_dialog_or_by_nobody_are_not_taken(files: Files, buyer: Site) -> None:
    buyer.open_store()
    files.drag("dragover", ("notes.txt", PEAS))
    files.drop(("notes.txt", PEAS))
    expect(files.page.get_by_text("Let go to add the files")).to_be_hidden()
    buyer.page.keyboard.press("Escape")
    expect(files.queue).to_be_hidden()


def test_what_came_of_each_is_read_out(files: Files) -> None:
    said = files.queue.get_by_role("status")
    files.upload("notes.txt", PEAS)
    expect(said).to_have_text("notes.txt: Done · 1 chapter · 3 words")


def test_a_file_that_another_of_this_person_keeps_waiting_is_asked_for_again(
    files: Files, console: Console
) -> None:
    console.allow_failing("/api/files")
    busy = {"error": {"code": "busy", "message": "Two of your files are being processed."}}
    files.page.route(
        "**/api/files/complete", lambda route: route.fulfill(status=503, json=busy), times=1
    )
    files.upload("notes.txt", PEAS)
    files.expect_done("notes.txt", "3 credits · balance 497")


def test_twenty_files_keep_their_rows_as_high_as_they_were(files: Files, storage: Storage) -> None:
    storage.hold()
    files.choose(*((f"{number}.txt", PEAS) for number in range(20)))
    before = heights(files)
    files.press("Upload 20 files for 60 credits")
    expect(at_work(files)).to_have_count(AT_ONCE)
    assert heights(files) == before
    storage.mend()
    expect(files.queue.get_by_text("20 files uploaded · 60 credits")).to_be_visible()
    assert heights(files) == before
    expect(files.list).to_have_count(20)


def heights(files: Files) -> list[float]:
    """Return how high each row of the queue is, in pixels."""
    found: list[float] = files.queued.evaluate_all(
        "rows => rows.map((row) => row.getBoundingClientRect().height)"
    )
    return found
