"""What each feature makes of a file, from the first request to the download."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests import plain_http
from tests.files.uploader import Uploader, code, download
from tests.samples import DOCX_TYPE, docx_of, mp3_of, wav_of

if TYPE_CHECKING:
    from tests.support import RunningStack

BOOK = docx_of((1, "The Harbour"), (0, "It was dark."), (1, "The Sea"), (0, "It rose & fell."))
SOUND = mp3_of(1000, tags={"TIT2": "Waves", "TPE1": "Ada"})


def test_a_document_becomes_chapters(ada: Uploader) -> None:
    begun = ada.begin("docx_processing", len(BOOK))
    assert begun.status_code == 200
    file, upload = begun.json()["file"], begun.json()["upload"]
    assert (file["status"], file["credits"], file["downloads"]) == ("awaiting_upload", 5, [])
    assert (upload["method"], upload["headers"]) == ("PUT", {"Content-Type": DOCX_TYPE})
    assert ada.credits == (500, 5)

    plain_http.put(upload["url"], content=BOOK, headers=upload["headers"]).raise_for_status()
    done = ada.complete(file["id"]).json()
    assert done["balance"] == 495
    assert ada.credits == (495, 0)
    file = done["file"]
    assert (file["status"], file["error"]) == ("done", None)
    assert file["completed_at"] >= file["created_at"]
    assert file["summary"] == {
        "title": "harbour",
        "words": 11,
        "characters": 45,
        "chapter_count": 2,
        "chapters": [{"title": "The Harbour", "words": 5}, {"title": "The Sea", "words": 6}],
    }
    names = [entry["name"] for entry in file["downloads"]]
    assert names == ["chapters.json", "chapters.html", "source.docx"]
    assert download(file, "chapters.json").json()["chapters"][0]["text"] == "It was dark."
    html = download(file, "chapters.html")
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    assert "It rose &amp; fell." in html.text
    source = download(file, "source.docx")
    assert source.content == BOOK
    assert 'filename="harbour.docx"' in source.headers["content-disposition"]
    assert ada.files()["files"][0]["id"] == file["id"]


def test_the_ledger_says_what_was_paid_for(ada: Uploader) -> None:
    file = ada.process("docx_processing", BOOK)
    history = ada.stack.get("/api/credits", headers=ada.user.auth).json()["transactions"]
    assert history[0]["id"] == file["transaction_id"]
    assert (history[0]["kind"], history[0]["amount"]) == ("spend", -5)
    assert history[0]["feature"] == "docx_processing"


def test_a_text_becomes_chapters(ada: Uploader) -> None:
    text = "# Book\n\n## One\nGrüße.\n\n## Two\nEnd."
    file = ada.process("txt_upload", text.encode("cp1252"), filename="Größe.txt")
    assert file["summary"]["title"] == "Book"
    assert [chapter["title"] for chapter in file["summary"]["chapters"]] == ["One", "Two"]
    assert download(file, "chapters.json").json()["chapters"][0]["text"] == "Grüße."
    assert ada.credits == (497, 0)
    source = download(file, "source.txt")
    assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt" in source.headers["content-disposition"]


@pytest.mark.parametrize(
    ("filename", "content", "kind", "seconds"),
    [("waves.mp3", SOUND, "mp3", 26.122), ("waves.WAV", wav_of(2.5), "wav", 2.5)],
)
def test_a_recording_is_measured(
    ada: Uploader, filename: str, content: bytes, kind: str, seconds: float
) -> None:
    type_ = {"mp3": "audio/mpeg", "wav": "audio/wav"}[kind]
    file = ada.process("audio_upload", content, filename=filename, content_type=type_)
    assert (file["summary"]["format"], file["summary"]["duration_seconds"]) == (kind, seconds)
    assert file["content_type"] == type_
    assert download(file, f"source.{kind}").content == content
    assert ada.credits == (498, 0)


def test_the_content_decides_what_a_recording_is_and_not_its_name(ada: Uploader) -> None:
    file = ada.process("audio_upload", wav_of(1.0), filename="waves.mp3")
    assert file["summary"]["format"] == "wav"
    (entry,) = file["downloads"]
    assert (entry["name"], entry["content_type"]) == ("source.wav", "audio/wav")
    answer = download(file, "source.wav")
    assert (answer.content, answer.headers["content-type"]) == (wav_of(1.0), "audio/wav")
    assert 'filename="waves.wav"' in answer.headers["content-disposition"]


def test_an_export_holds_chapters_and_sound_and_says_what_it_holds(ada: Uploader) -> None:
    book = ada.process("docx_processing", BOOK)
    sound = ada.process("audio_upload", SOUND)
    answer = ada.export([sound["id"], book["id"]])
    assert answer.status_code == 200, answer.text
    assert answer.json()["balance"] == 500 - 5 - 2 - 15
    file = answer.json()["file"]
    assert (file["feature"], file["status"], file["summary"]) == (
        "premium_export",
        "done",
        {"files": 2},
    )
    content = download(file, "export.zip").content
    assert file["size"] == len(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.read("01 waves/source.mp3") == SOUND
        assert archive.read("02 harbour/source.docx") == BOOK
        manifest = json.loads(archive.read("manifest.json"))
        entries = [entry for listed in manifest["files"] for entry in listed["entries"]]
        assert {entry["path"] for entry in entries} == set(archive.namelist()) - {"manifest.json"}
        for entry in entries:
            inside = archive.read(entry["path"])
            assert entry["size"] == len(inside)
            assert entry["sha256"] == hashlib.sha256(inside).hexdigest()
    assert [listed["id"] for listed in manifest["files"]] == [sound["id"], book["id"]]


def test_an_export_is_saved_under_the_day_it_was_asked_for(ada: Uploader) -> None:
    mine = ada.process("txt_upload", b"text")["id"]
    before = datetime.now(UTC)
    file = ada.export([mine]).json()["file"]
    days = {f"files-{day:%Y-%m-%d}.zip" for day in (before, datetime.now(UTC))}
    assert file["filename"] in days
    saved_as = download(file, "export.zip").headers["content-disposition"]
    assert f'filename="{file["filename"]}"' in saved_as


def test_the_list_says_how_large_a_file_may_be(ada: Uploader) -> None:
    limits = ada.files()["max_bytes"]
    assert limits == {
        "docx_processing": 20_000_000,
        "txt_upload": 5_000_000,
        "audio_upload": 50_000_000,  # what the storage takes
    }
    assert ada.begin("txt_upload", limits["txt_upload"]).status_code == 200
    assert code(ada.begin("txt_upload", limits["txt_upload"] + 1)) == (400, "file_too_large")


def test_an_export_of_large_files_goes_up_in_parts(ada: Uploader) -> None:
    large = mp3_of(50_000)  # 21 MB: three parts
    sound = ada.process("audio_upload", large)
    file = ada.export([sound["id"]]).json()["file"]
    with zipfile.ZipFile(io.BytesIO(download(file, "export.zip").content)) as archive:
        assert archive.read("01 waves/source.mp3") == large


def test_an_export_that_is_too_large_is_not_charged(ada: Uploader) -> None:
    sounds = [ada.process("audio_upload", mp3_of(50_000))["id"] for _ in range(3)]
    before = ada.credits
    file = ada.export(sounds).json()["file"]
    assert (file["status"], file["error"]["code"]) == ("failed", "export_too_large")
    assert ada.credits == before


def test_an_export_of_somebody_elses_or_unfinished_files_is_refused(
    ada: Uploader, stack: RunningStack
) -> None:
    theirs = Uploader.with_credits(stack).process("txt_upload", b"secret")["id"]
    unfinished = ada.put("txt_upload", b"text")
    mine = ada.process("txt_upload", b"text")["id"]
    before = ada.credits
    assert code(ada.export([mine, theirs])) == (404, "no_such_file")
    assert code(ada.export([mine, unfinished])) == (409, "file_not_ready")
    assert ada.credits == before


def test_the_same_key_makes_one_export(ada: Uploader) -> None:
    mine = ada.process("txt_upload", b"text")["id"]
    other = ada.process("txt_upload", b"other")["id"]
    first, second = (ada.export([mine], key="once").json() for _ in range(2))
    assert first["file"]["id"] == second["file"]["id"]
    assert first["balance"] == second["balance"] == 500 - 6 - 15
    assert code(ada.export([other], key="once")) == (409, "idempotency_key_reused")


@pytest.mark.parametrize("file_ids", [[], "x", None, [1], ["x"], [None], ["0" * 36], ["a"] * 51])
def test_an_export_of_nothing_in_particular_is_refused(ada: Uploader, file_ids: object) -> None:
    assert code(ada.post("/api/files/export", {"file_ids": file_ids})) == (400, "invalid_request")


def test_a_list_is_paged_newest_first_and_holds_only_ones_own(
    ada: Uploader, stack: RunningStack
) -> None:
    Uploader.with_credits(stack).put("txt_upload", b"theirs")
    ids = [ada.put("txt_upload", b"text") for _ in range(3)]
    first = ada.files("?limit=2")
    second = ada.files(f"?limit=2&cursor={first['next_cursor']}")
    listed = [file["id"] for page in (first, second) for file in page["files"]]
    assert listed == ids[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=²", "cursor=0", "cursor=x"])
def test_a_query_that_makes_no_sense_is_refused(ada: Uploader, query: str) -> None:
    answer = ada.stack.get(f"/api/files?{query}", headers=ada.user.auth)
    assert code(answer) == (400, "invalid_request")
