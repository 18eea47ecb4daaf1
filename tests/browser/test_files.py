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
PAGE_SIZE = 20


@pytest.fixture
def files(purse: Purse, buyer: Site) -> Files:
    """The files' page of somebody with 500 credits."""
    purse.buy(500)
    return buyer.open_files()


def test_a_document_is_read_paid_for_and_shown_with_its_lot_in_the_history(
    files: Files, buyer: Site
) -> None:
    expect(files.page.get_by_text("No files yet.")).to_be_visible()
    files.choose("novel.docx", NOVEL)
    expect(files.card.get_by_text("leaves 495 of 500 credits")).to_be_visible()
    files.press("Upload for 5 credits")
    files.expect_done("novel.docx", "5 credits · balance 495")
    chapters = files.card.get_by_role("list", name="Chapters").get_by_role("listitem")
    expect(chapters).to_have_text(["Winter5 words", "Spring3 words"])
    buyer.expect_balance(495)
    expect(files.list).to_have_count(1)
    for part in ("novel.docx", "2 chapters", "5 credits"):
        expect(files.list).to_contain_text(part)
    buyer.open()
    expect(buyer.history.first).to_have_text(SPENT)


def test_the_chapters_can_be_taken_home_and_read(files: Files, tmp_path: Path) -> None:
    files.upload("novel.docx", NOVEL)
    link = files.card.get_by_role("link", name="Chapters to read")
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
        files.card.get_by_role("link", name="Original").click()
    assert started.value.suggested_filename == "novel.docx"


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
    expect(files.card.get_by_text(summary)).to_be_visible()
    expect(files.card.get_by_role("definition")).to_have_text(["Thaw", "Ada"])


def test_a_text_is_taken_by_dropping_it_anywhere(files: Files) -> None:
    files.drop(("notes.txt", b"Sow the peas."))
    expect(files.card.get_by_role("heading", name="notes.txt")).to_be_focused()
    files.press("Upload for 3 credits")
    files.expect_done("notes.txt", "3 credits · balance 497")


@pytest.mark.parametrize(
    ("dropped", "complaint"),
    [
        ([("notes.pdf", b"%PDF")], "“notes.pdf” is of a kind that cannot be taken"),
        ([("notes.txt", b"")], "“notes.txt” is empty."),
        ([("a.txt", b"a"), ("b.txt", b"b")], "One file at a time, please."),
    ],
)
def test_what_cannot_be_taken_says_why_before_anything_is_asked(
    files: Files, dropped: list[tuple[str, bytes]], complaint: str
) -> None:
    files.drop(*dropped)
    expect(files.problem).to_contain_text(complaint)
    expect(files.card).to_be_hidden()


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
    files.press("Choose another file")
    expect(files.choose_button).to_be_focused()


def test_pressing_twice_uploads_and_charges_once(files: Files, purse: Purse) -> None:
    files.choose("novel.docx", NOVEL)
    files.card.get_by_role("button", name="Upload for").dblclick()
    files.expect_done("novel.docx", "5 credits · balance 495")
    expect(files.list).to_have_count(1)
    assert purse.ledger() == [("purchase", 500), ("spend", -5)]


def test_the_second_half_of_a_double_click_does_not_stop_what_the_first_began(
    files: Files, storage: Storage
) -> None:
    storage.hold()
    files.upload("novel.docx", NOVEL)
    files.expect_stage("Uploading…")
    files.card.get_by_role("button", name="Stop").dispatch_event("click", {"detail": 2})
    storage.mend()
    files.expect_done("novel.docx", "5 credits · balance 495")


def test_progress_is_shown_while_the_file_travels(files: Files, storage: Storage) -> None:
    storage.hold()
    files.upload("novel.docx", NOVEL)
    files.expect_stage("Uploading…")
    expect(files.card.get_by_role("progressbar", name="Upload")).to_be_visible()
    files.drop(("notes.txt", b"Sow the peas."))
    expect(files.problem).to_contain_text("One file is on its way already.")
    storage.mend()
    files.expect_done("novel.docx", "5 credits · balance 495")


def test_an_upload_that_is_stopped_charges_nothing_and_can_go_on(
    files: Files, storage: Storage, purse: Purse
) -> None:
    storage.hold()
    files.upload("novel.docx", NOVEL)
    files.expect_stage("Uploading…")
    files.press("Stop")
    files.expect_stage("Stopped. Nothing was charged")
    assert purse.ledger() == [("purchase", 500)]
    storage.forget()
    files.press("Go on")
    files.expect_done("novel.docx", "5 credits · balance 495")
    assert purse.ledger() == [("purchase", 500), ("spend", -5)]


def test_another_can_follow(files: Files) -> None:
    files.upload("novel.docx", NOVEL)
    files.expect_done("novel.docx", "5 credits · balance 495")
    files.press("Upload another")
    files.upload("notes.txt", b"Sow the peas.")
    files.expect_done("notes.txt", "3 credits · balance 492")
    expect(files.list).to_contain_text(["notes.txt", "novel.docx"])


def test_files_are_exported_together_and_taken_home(
    files: Files, buyer: Site, tmp_path: Path
) -> None:
    files.upload("novel.docx", NOVEL)
    files.expect_done("novel.docx", "5 credits · balance 495")
    files.drop(("song.mp3", mp3_of(400)))
    files.press("Upload for")
    files.expect_done("song.mp3", "2 credits · balance 493")
    for name in ("novel.docx", "song.mp3"):
        files.page.get_by_role("checkbox", name=name).check()
    expect(files.page.get_by_text("2 files chosen · 15 credits · leaves 478")).to_be_visible()
    files.page.get_by_role("button", name="Export as ZIP").click()
    said = files.page.get_by_role("status").filter(has_text="Your export is ready.")
    with files.page.expect_download() as started:
        said.get_by_role("link", name="Download the ZIP").click()
    kept = tmp_path / "export.zip"
    started.value.save_as(kept)
    names = zipfile.ZipFile(io.BytesIO(kept.read_bytes())).namelist()
    assert any(name.endswith(".mp3") for name in names), names
    assert any(name.endswith(".html") for name in names), names
    buyer.expect_balance(478)
    expect(files.list).to_have_count(3)
    expect(files.page.get_by_role("checkbox", checked=True)).to_have_count(0)
