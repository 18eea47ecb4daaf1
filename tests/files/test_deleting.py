"""DELETE /api/files: the file is gone, and credits that were held for it are free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import plain_http
from tests.files.uploader import Uploader, code
from tests.openapi import as_described

if TYPE_CHECKING:
    import httpx
    from psycopg import Connection

    from api._lib.files.storage import Storage
    from tests.support import RunningStack


@pytest.fixture
def uploader(stack: RunningStack) -> Uploader:
    """Somebody with 500 credits."""
    return Uploader.with_credits(stack)


def delete(uploader: Uploader, file_id: str) -> httpx.Response:
    return as_described(
        plain_http.delete(
            f"{uploader.stack.site_url}/api/files?file_id={file_id}", headers=uploader.user.auth
        )
    )


def test_an_upload_that_is_cancelled_holds_nothing(uploader: Uploader, storage: Storage) -> None:
    file_id = uploader.put("txt_upload", b"text", filename="diary.txt")
    assert uploader.credits == (500, 3)
    answer = delete(uploader, file_id)
    assert (answer.status_code, answer.json()) == (200, {"balance": 500, "available": 500})
    assert uploader.credits == (500, 0)
    assert uploader.files()["files"] == []
    assert storage.names(f"{uploader.user.id}/{file_id}/") == []
    assert code(uploader.complete(file_id)) == (404, "no_such_file")
    assert code(delete(uploader, file_id)) == (404, "no_such_file")


def test_a_file_that_was_paid_for_is_gone_and_stays_paid(
    uploader: Uploader, storage: Storage, database: Connection[dict[str, Any]]
) -> None:
    file = uploader.process("txt_upload", b"# One\n\ntext", filename="diary.txt")
    assert storage.names(f"{uploader.user.id}/{file['id']}/")
    assert delete(uploader, file["id"]).json() == {"balance": 497, "available": 497}
    assert storage.names(f"{uploader.user.id}/{file['id']}/") == []
    assert code(uploader.export([file["id"]])) == (404, "no_such_file")
    row = database.execute(
        "select to_jsonb(f)::text as row from files f where id = %s", [file["id"]]
    ).fetchone()
    assert row is not None
    assert "diary" not in row["row"]
    assert "One" not in row["row"]


def test_nobody_deletes_anothers_file_or_one_that_is_being_processed(
    uploader: Uploader, stack: RunningStack, database: Connection[dict[str, Any]]
) -> None:
    file_id = uploader.put("txt_upload", b"text")
    assert code(delete(Uploader.with_credits(stack, 0), file_id)) == (404, "no_such_file")
    leased = "select lease_file(%s, %s, 60, true) ->> 'lease' as lease"
    lease = database.execute(leased, [uploader.user.id, file_id]).fetchone()
    assert lease is not None
    assert code(delete(uploader, file_id)) == (409, "file_processing")
    database.execute("select release_file_lease(%s, %s)", [file_id, int(lease["lease"])])
    assert delete(uploader, file_id).status_code == 200


def test_what_arrives_after_the_deletion_is_swept_and_the_row_goes(
    uploader: Uploader, storage: Storage, database: Connection[dict[str, Any]]
) -> None:
    """An upload that had begun may end later."""
    file_id = uploader.put("txt_upload", b"text")
    delete(uploader, file_id)
    storage.write(f"{uploader.user.id}/{file_id}/upload", b"late", content_type="text/plain")
    database.execute(
        "update files set expires_at = expires_at - interval '2 days' where id = %s", [file_id]
    )
    assert uploader.stack.scheduled("/api/cleanup").status_code == 200
    assert storage.names(f"{uploader.user.id}/{file_id}/") == []
    rows = database.execute("select from files where id = %s", [file_id]).fetchall()
    assert rows == []


@pytest.mark.parametrize("query", ["", "?file_id=", "?file_id=../../x"])
def test_a_file_must_be_named(uploader: Uploader, query: str) -> None:
    answer = plain_http.delete(
        f"{uploader.stack.site_url}/api/files{query}", headers=uploader.user.auth
    )
    assert as_described(answer).status_code == 400
