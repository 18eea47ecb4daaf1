"""From a file to what comes of it, and to the line in the history."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.samples import docx_of, info_chunk, mp3_of, wav_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.pages import Files, Site
    from tests.browser.storage import Storage
    from tests.database.purse import Purse

NOVEL = docx_of(
    (1, "Winter"), (0, "Snow fell all night."), (1, "Spring"), (0, "It melted."), title="A Year"
)
SPENT = re.compile(
    r"^novel\.docx DOCX processing.5 credits.*Balance 495"
    r"KindUsedFeatureDOCX processingTime.*FromStarter, bought "
)
DATED = re.compile(r"files-\d{4}-\d\d-\d\d\.zip")


@pytest.fixture
def files(purse: Purse, buyer: Site) -> Files:
    """The files' page of somebody with 500 credits."""
    purse.buy(500)
    return buyer.open_files()


def test_a_document_is_read_paid_for_and_shown_with_its_lot_in_the_history(
    files: Files, buyer: Site
) -> None:
    expect(files.page.get_by_text("No files yet.")).to_be_visible()
    files.choose(("novel.docx", NOVEL))
    expect(files.queue.get_by_text("leaves 495 of 500 credits")).to_be_visible()
    files.press("Upload for 5 credits")
    files.expect_done("novel.docx", "5 credits · balance 495")
    expect(files.queued).to_contain_text("2 chapters")
    buyer.expect_balance(495)
    expect(files.list).to_have_count(1)
    files.list.get_by_text("2 chapters").click()
    chapters = files.list.get_by_role("list", name="Chapters").get_by_role("listitem")
    expect(chapters).to_have_text(["Winter5 words", "Spring3 words"])
    for part in ("novel.docx", "2 chapters", "5 credits"):
        expect(files.list).to_contain_text(part)
    buyer.open()
    expect(buyer.history.first).to_have_text(SPENT)


def test_the_chapters_can_be_taken_home_and_read(files: Files, tmp_path: Path) -> None:
    files.upload("novel.docx", NOVEL)
    link = files.list.get_by_role("link", name="Download Chapters to read of novel.docx")
    with files.page.expect_download() as started:
        link.click()
    kept = tmp_path / "chapters.html"
    started.value.save_as(kept)
    assert "Snow fell all night." in kept.read_text("utf-8")


def test_an_address_that_may_have_run_out_is_asked_for_anew(files: Files) -> None:
    files.page.clock.install()
    files.page.reload()
    files.upload("novel.docx", NOVEL)
    files.expect_done("novel.docx", "5 credits · balance 495")
    files.page.clock.fast_forward("06:00")
    with (
        files.page.expect_request("**/api/files?*"),
        files.page.expect_download() as started,
    ):
        files.queue.get_by_role("link", name="Download").click()
    assert started.value.suggested_filename == "novel chapters.html"


@pytest.mark.parametrize(
    ("name", "content", "summary"),
    [
        ("song.mp3", mp3_of(400, tags={"TIT2": "Thaw", "TPE1": "Ada"}), "0:10 · MP3"),
        (
            "song.wav",
            wav_of(3.0, more=[info_chunk({b"INAM": b"Thaw", b"IART": b"Ada"})]),
            "0:03 · WAV",
        ),
    ],
)
def test_a_recording_shows_its_length_and_what_it_says_of_itself(
    files: Files, name: str, content: bytes, summary: str
) -> None:
    files.upload(name, content)
    files.expect_done(name, "2 credits · balance 498")
    expect(files.queued).to_contain_text(summary)
    files.list.get_by_text(summary).click()
    expect(files.list.get_by_role("definition")).to_have_text(["Thaw", "Ada"])


def test_a_text_is_taken_by_dropping_it_anywhere(files: Files) -> None:
    files.drop(("notes.txt", b"Sow the peas."))
    expect(files.queue.get_by_role("heading", name="Uploads")).to_be_focused()
    files.press("Upload for 3 credits")
    files.expect_done("notes.txt", "3 credits · balance 497")


def test_a_file_that_is_not_what_it_seems_says_why_and_charges_nothing(
    files: Files, buyer: Site, purse: Purse
) -> None:
    files.upload("novel.docx", b"not a document at all")
    files.expect_stage("This file could not be processed.")
    files.expect_stage("Nothing was charged.")
    expect(files.list).to_contain_text("Not charged")
    expect(files.list).to_contain_text("Nothing was charged.")
    buyer.expect_balance(500)
    assert (purse.available, purse.ledger()) == (500, [("purchase", 500)])
    files.press("Remove")
    expect(files.choose_button).to_be_focused()


def test_pressing_twice_uploads_and_charges_once(files: Files, purse: Purse) -> None:
    files.choose(("novel.docx", NOVEL))
    files.queue.get_by_role("button", name="Upload for").dblclick()
    files.expect_done("novel.docx", "5 credits · balance 495")
    expect(files.list).to_have_count(1)
    assert purse.ledger() == [("purchase", 500), ("spend", -5)]


def test_the_second_half_of_a_double_click_does_not_stop_what_the_first_began(
    files: Files, storage: Storage
) -> None:
    storage.hold()
    files.upload("novel.docx", NOVEL)
    files.expect_stage("Uploading…")
    files.row("novel.docx").get_by_role("button", name="Cancel").dispatch_event(
        "click", {"detail": 2}
    )
    storage.mend()
    files.expect_done("novel.docx", "5 credits · balance 495")


def test_progress_is_shown_while_the_file_travels(files: Files, storage: Storage) -> None:
    storage.hold()
    files.upload("novel.docx", NOVEL)
    files.expect_stage("Uploading…")
    expect(files.queue.get_by_role("progressbar", name="Upload of novel.docx")).to_be_visible()
    storage.mend()
    files.expect_done("novel.docx", "5 credits · balance 495")


def test_another_can_follow(files: Files) -> None:
    files.upload("novel.docx", NOVEL)
    files.expect_done("novel.docx", "5 credits · balance 495")
    files.upload("notes.txt", b"Sow the peas.")
    files.expect_done("notes.txt", "3 credits · balance 492")
    expect(files.list).to_contain_text(["notes.txt", "novel.docx"])


def test_files_are_exported_together_and_taken_home(
    files: Files, buyer: Site, tmp_path: Path
) -> None:
    files.choose(("novel.docx", NOVEL), ("song.mp3", mp3_of(400)))
    files.press("Upload 2 files for 7 credits")
    expect(files.queue.get_by_text("2 files uploaded · 7 credits · balance 493")).to_be_visible()
    for name in ("novel.docx", "song.mp3"):
        files.page.get_by_role("checkbox", name=name).check()
    expect(files.page.get_by_text("2 files chosen · 15 credits · leaves 478")).to_be_visible()
    files.page.get_by_role("button", name="Export as ZIP").click()
    said = files.page.get_by_role("status").filter(has_text="Your export is ready.")
    with files.page.expect_download() as started:
        said.get_by_role("link", name="Download ZIP archive of files-").click()
    assert DATED.fullmatch(started.value.suggested_filename)
    kept = tmp_path / "export.zip"
    started.value.save_as(kept)
    names = zipfile.ZipFile(io.BytesIO(kept.read_bytes())).namelist()
    assert any(name.endswith(".mp3") for name in names), names
    assert any(name.endswith(".html") for name in names), names
    buyer.expect_balance(478)
    expect(files.list).to_have_count(3)
    expect(files.list.first).to_contain_text(DATED)
    expect(files.page.get_by_role("checkbox", checked=True)).to_have_count(0)
