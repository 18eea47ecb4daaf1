"""Requests and files that are refused and cost nothing, before and after the upload."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests import plain_http
from tests.files.uploader import FILES, Uploader, code
from tests.samples import docx_of, mp3_of, paragraph, raw_docx, wav_of, zip_of

if TYPE_CHECKING:
    from api._lib.files.storage import Storage
    from tests.support import RunningStack

BOOK = docx_of((1, "One"), (0, "text"))


def test_who_cannot_pay_is_told_before_the_upload(stack: RunningStack) -> None:
    poor = Uploader.with_credits(stack, 4)
    answer = poor.begin("docx_processing", 100)
    assert code(answer) == (402, "insufficient_credits")
    error = answer.json()["error"]
    assert (error["available"], error["required"]) == (4, 5)
    assert poor.files()["files"] == []
    assert poor.credits == (4, 0)


def test_who_cannot_pay_for_an_export_is_told(stack: RunningStack) -> None:
    poor = Uploader.with_credits(stack, 10)
    file = poor.process("txt_upload", b"text")
    assert code(poor.export([file["id"]])) == (402, "insufficient_credits")
    assert poor.credits == (7, 0)


def test_what_is_set_aside_for_one_upload_does_not_pay_for_another(stack: RunningStack) -> None:
    poor = Uploader.with_credits(stack, 5)
    poor.put("docx_processing", BOOK)
    assert code(poor.begin("audio_upload", 100)) == (402, "insufficient_credits")


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"feature": "gold"}, (404, "unknown_feature")),
        ({"feature": "premium_export"}, (404, "unknown_feature")),
        ({"feature": None}, (400, "invalid_request")),
        ({"size": 0}, (400, "invalid_request")),
        ({"size": -1}, (400, "invalid_request")),
        ({"size": 1.5}, (400, "invalid_request")),
        ({"size": True}, (400, "invalid_request")),
        ({"size": 10**400}, (400, "file_too_large")),
        ({"size": 20_000_001}, (400, "file_too_large")),
        ({"filename": ""}, (400, "invalid_request")),
        ({"filename": "x" * 251 + ".docx"}, (400, "invalid_request")),
        ({"filename": "../a.docx"}, (400, "invalid_request")),
        ({"filename": "a\\b.docx"}, (400, "invalid_request")),
        ({"filename": "a\x00.docx"}, (400, "invalid_request")),
        ({"filename": "a\n.docx"}, (400, "invalid_request")),
        ({"filename": 7}, (400, "invalid_request")),
        ({"filename": "a.doc"}, (400, "unsupported_type")),
        ({"filename": "docx"}, (400, "unsupported_type")),
        ({"filename": ".docx"}, (400, "unsupported_type")),
        ({"content_type": None}, (400, "invalid_request")),
    ],
)
def test_an_announcement_that_will_not_do_is_refused(
    ada: Uploader, more: dict[str, Any], refusal: tuple[int, str]
) -> None:
    filename, content_type = FILES["docx_processing"]
    body = {
        "feature": "docx_processing",
        "filename": filename,
        "size": 100,
        "content_type": content_type,
        **more,
    }
    answer = ada.post("/api/files", body)
    assert code(answer) == refusal
    assert ada.credits == (500, 0)


def test_half_a_character_is_no_name(ada: Uploader) -> None:
    body = b'{"feature": "txt_upload", "filename": "\\ud800.txt", "size": 1, "content_type": ""}'
    headers = {**ada.user.auth, "Content-Type": "application/json"}
    answer = ada.stack.post("/api/files", content=body, headers=headers)
    assert code(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    "declared",
    [
        *("", "application/octet-stream", "application/zip", "application/msword"),
        *("application/vnd.ms-office", "application/wps-office.docx", "application/pdf"),
    ],
)
def test_the_ending_decides_whatever_type_the_browser_declares(
    ada: Uploader, declared: str
) -> None:
    file = ada.begin("docx_processing", 100, content_type=declared).json()["file"]
    assert file["content_type"] == FILES["docx_processing"][1]


def test_an_audiobook_that_the_browser_takes_for_a_film_is_taken(ada: Uploader) -> None:
    more = {"filename": "book.m4b", "content_type": "video/mp4"}
    assert ada.begin("audio_upload", 100, **more).json()["file"]["content_type"] == "audio/mp4"


def test_too_large_says_how_large_it_may_be(ada: Uploader) -> None:
    assert "20 MB" in ada.begin("docx_processing", 20_000_001).json()["error"]["message"]
    assert "5 MB" in ada.begin("txt_upload", 5_000_001).json()["error"]["message"]
    assert "50 MB" in ada.begin("audio_upload", 50_000_001).json()["error"]["message"]


@pytest.mark.parametrize(
    ("feature", "content", "why"),
    [
        ("docx_processing", b"no document", "not_a_docx"),
        ("docx_processing", mp3_of(), "not_a_docx"),
        ("docx_processing", BOOK[:-200], "broken_document"),
        ("docx_processing", raw_docx(paragraph(" ")), "empty_document"),
        (
            "docx_processing",
            raw_docx(paragraph("a"), more={"word/vbaProject.bin": b"x"}),
            "document_with_macros",
        ),
        (
            "docx_processing",
            raw_docx(paragraph("a"), more={"word/x": bytes(20_000_000)}),
            "suspicious_archive",
        ),
        ("txt_upload", BOOK, "not_a_text"),
        ("txt_upload", b" ", "empty_document"),
        ("audio_upload", zip_of({"a": "b"}), "not_audio"),
        ("audio_upload", wav_of(1.0)[:-10], "broken_audio"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_fails_and_costs_nothing(
    ada: Uploader, feature: str, content: bytes, why: str
) -> None:
    file_id = ada.put(feature, content)
    answer = ada.complete(file_id)
    assert answer.status_code == 200
    file = answer.json()["file"]
    assert (file["status"], file["error"]["code"]) == ("failed", why)
    assert file["error"]["message"].endswith(".")
    assert (file["summary"], file["downloads"], file["transaction_id"]) == (None, [], None)
    assert answer.json()["balance"] == 500
    assert ada.credits == (500, 0)
    assert ada.complete(file_id).json() == answer.json()
    assert ada.file(file_id) == file


def test_an_object_of_another_size_than_announced_fails(ada: Uploader, storage: Storage) -> None:
    """The signed address forbids another size. If an object has one all the same, it is refused."""
    file_id = ada.put("txt_upload", b"hello")
    storage.write(f"{ada.user.id}/{file_id}/upload", b"hello!", content_type="text/plain")
    answer = ada.complete(file_id).json()
    assert (answer["file"]["status"], answer["file"]["error"]["code"]) == (
        "failed",
        "size_mismatch",
    )
    assert answer["balance"] == 500


def test_what_is_not_uploaded_cannot_be_completed(ada: Uploader) -> None:
    file_id = ada.begin("docx_processing", len(BOOK)).json()["file"]["id"]
    assert code(ada.complete(file_id)) == (409, "not_uploaded")
    assert ada.file(file_id)["status"] == "awaiting_upload"
    assert ada.credits == (500, 5)


def test_another_users_file_is_not_there(ada: Uploader, stack: RunningStack) -> None:
    file_id = ada.put("docx_processing", BOOK)
    stranger = Uploader.with_credits(stack)
    assert code(stranger.complete(file_id)) == (404, "no_such_file")
    assert code(stranger.complete(str(uuid.uuid4()))) == (404, "no_such_file")
    assert stranger.files()["files"] == []
    assert ada.complete(file_id).json()["file"]["status"] == "done"


@pytest.mark.parametrize("file_id", [None, "", 7, "x", "A" * 36, "' or 1=1--"])
def test_an_id_that_is_none_is_refused(ada: Uploader, file_id: object) -> None:
    answer = ada.post("/api/files/complete", {"file_id": file_id})
    assert code(answer) == (400, "invalid_request")


def test_the_address_for_uploading_takes_no_other_size(ada: Uploader) -> None:
    upload = ada.begin("txt_upload", 5).json()["upload"]
    for content in (b"four", b"sixsix"):
        assert plain_http.put(upload["url"], content=content, headers=upload["headers"]).is_error


def test_the_same_key_is_the_same_file(ada: Uploader) -> None:
    first = ada.begin("txt_upload", 5, key="mine").json()
    again = ada.begin("txt_upload", 5, key="mine").json()
    assert first["file"]["id"] == again["file"]["id"]
    assert ada.credits == (500, 3)
    assert code(ada.begin("txt_upload", 6, key="mine")) == (409, "idempotency_key_reused")
    upload = again["upload"]
    plain_http.put(upload["url"], content=b"hello", headers=upload["headers"]).raise_for_status()
    done = ada.complete(first["file"]["id"]).json()["file"]
    after = ada.begin("txt_upload", 5, key="mine").json()
    assert (after["file"]["status"], after["upload"]) == ("done", None)
    assert after["file"]["id"] == done["id"]
    assert ada.credits == (497, 0)


def test_a_key_that_is_none_is_refused(ada: Uploader) -> None:
    assert code(ada.begin("txt_upload", 5, key="x" * 256)) == (400, "invalid_idempotency_key")


def test_no_more_than_twenty_uploads_are_open(ada: Uploader) -> None:
    ids = [ada.put("txt_upload", b"text") for _ in range(20)]
    assert code(ada.begin("txt_upload", 5)) == (409, "too_many_open_files")
    assert ada.credits == (500, 60)
    ada.complete(ids[0])
    assert ada.begin("txt_upload", 5).status_code == 200


def test_nobody_in_particular_has_no_files(stack: RunningStack) -> None:
    assert stack.get("/api/files").status_code == 401
    for path in ("/api/files", "/api/files/complete", "/api/files/export"):
        assert stack.post(path, json={}).status_code == 401
