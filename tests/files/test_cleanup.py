"""GET /api/cleanup: removes abandoned uploads, keeps downloads, writes down expired credits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests import plain_http
from tests.files.test_races import let_the_hold_lapse
from tests.files.uploader import Uploader, code, download
from tests.openapi import as_described
from tests.samples import docx_of

if TYPE_CHECKING:
    import httpx
    import psycopg

    from api._lib.files.storage import Storage
    from tests.support import RunningStack

    Database = psycopg.Connection[dict[str, Any]]

BOOK = docx_of((1, "One"), (0, "text"))


def call(stack: RunningStack, secret: str | None = None) -> httpx.Response:
    return as_described(stack.scheduled("/api/cleanup", secret))


def names(storage: Storage, ada: Uploader, file_id: str) -> list[str]:
    prefix = f"{ada.user.id}/{file_id}/"
    return sorted(name.removeprefix(prefix) for name in storage.names(prefix))


def test_an_abandoned_upload_is_removed_and_its_credits_are_free(
    ada: Uploader, database: Database, storage: Storage
) -> None:
    assert call(ada.stack).status_code == 200
    ada.stack.clean_up()
    abandoned, fresh = ada.put("docx_processing", BOOK), ada.put("docx_processing", BOOK)
    let_the_hold_lapse(database, abandoned)
    report = ada.stack.clean_up()
    assert (report["files_swept"], report["files_expired"]) == (1, 1)
    assert names(storage, ada, abandoned) == []
    assert names(storage, ada, fresh) == ["upload"]
    row = database.execute("select status from files where id = %s", [abandoned]).fetchone()
    assert row == {"status": "expired"}
    assert ada.credits == (500, 5)
    assert ada.stack.clean_up()["files_swept"] == 0


def test_an_upload_that_ends_after_the_sweep_goes_a_day_later(
    ada: Uploader, database: Database, storage: Storage
) -> None:
    begun = ada.begin("docx_processing", len(BOOK)).json()
    upload, file_id = begun["upload"], begun["file"]["id"]
    let_the_hold_lapse(database, file_id)
    ada.stack.clean_up()
    plain_http.put(upload["url"], content=BOOK, headers=upload["headers"]).raise_for_status()
    ada.stack.clean_up()
    assert names(storage, ada, file_id) == ["upload"]
    database.execute(
        "update files set expires_at = now() - interval '25 hours' where id = %s", [file_id]
    )
    assert ada.stack.clean_up()["files_swept"] == 1
    assert names(storage, ada, file_id) == []
    assert ada.stack.clean_up()["files_swept"] == 0


def test_what_is_done_stays_and_what_was_uploaded_again_goes(
    ada: Uploader, database: Database, storage: Storage
) -> None:
    begun = ada.begin("docx_processing", len(BOOK)).json()
    upload = begun["upload"]
    file_id = begun["file"]["id"]
    plain_http.put(upload["url"], content=BOOK, headers=upload["headers"]).raise_for_status()
    ada.complete(file_id)
    kept = ["chapters.html", "chapters.json", "source.docx"]
    assert names(storage, ada, file_id) == kept
    plain_http.put(upload["url"], content=BOOK, headers=upload["headers"]).raise_for_status()
    assert names(storage, ada, file_id) == [*kept, "upload"]
    database.execute(
        "update files set expires_at = now() - interval '2 hours' where id = %s", [file_id]
    )
    ada.stack.clean_up()
    assert names(storage, ada, file_id) == kept
    assert download(ada.file(file_id), "source.docx").content == BOOK
    assert ada.credits == (495, 0)


def test_nothing_is_left_of_what_failed(ada: Uploader, storage: Storage) -> None:
    file = ada.process("docx_processing", b"no document")
    assert names(storage, ada, file["id"]) == []


def test_a_file_under_work_is_left_alone(
    ada: Uploader, database: Database, storage: Storage
) -> None:
    file_id = ada.put("docx_processing", BOOK)
    database.execute("select lease_file(%s, %s, 330, true)", [ada.user.id, file_id])
    database.execute(
        "update files set expires_at = now() - interval '2 hours' where id = %s", [file_id]
    )
    ada.stack.clean_up()
    assert names(storage, ada, file_id) == ["upload"]


def test_only_the_scheduler_is_let_in(stack: RunningStack) -> None:
    assert code(stack.get("/api/cleanup")) == (401, "unauthorized")
    assert code(call(stack, "wrong")) == (401, "unauthorized")
