"""Deleting an account deletes its files: names, results, objects, and what is still on its way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import plain_http
from tests.files.uploader import Uploader, code
from tests.openapi import as_described

if TYPE_CHECKING:
    import httpx
    from psycopg import Connection

    from api._lib.files.storage import Storage
    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

TEXT = b"# One\n\ntext"


def delete_account(uploader: Uploader, balance: int) -> httpx.Response:
    return as_described(
        plain_http.request(
            "DELETE",
            f"{uploader.stack.site_url}/api/account",
            json={"balance": balance},
            headers=uploader.user.auth,
            timeout=30,
        )
    )


def rows(database: Database, uploader: Uploader) -> list[dict[str, Any]]:
    return database.execute(
        "select id, status, filename, to_jsonb(f)::text as text from files f where user_id = %s",
        [uploader.user.id],
    ).fetchall()


def test_files_go_with_their_names_results_and_objects(
    ada: Uploader, storage: Storage, database: Database
) -> None:
    done = ada.process("txt_upload", TEXT, filename="diary.txt")
    ada.export([done["id"]])
    ada.put("docx_processing", b"not read", filename="will.docx")
    assert storage.names(f"{ada.user.id}/")
    shown = ada.stack.get("/api/account", headers=ada.user.auth).json()
    assert (shown["files"], shown["balance"], shown["holds"]) == (3, 482, 1)

    answer = delete_account(ada, 482)
    assert answer.json() == {
        "deleted": True,
        "credits_given_up": 482,
        "holds_released": 1,
        "finished": True,
    }
    assert storage.names(f"{ada.user.id}/") == []
    found = rows(database, ada)
    assert {row["filename"] for row in found} == {"deleted"}
    assert not any(word in row["text"] for row in found for word in ("diary", "will", "One"))
    for refused in (
        ada.begin("txt_upload", 4),
        ada.complete(done["id"]),
        ada.export([done["id"]]),
        ada.stack.get("/api/files", headers=ada.user.auth),
    ):
        assert code(refused) == (403, "account_deleted")


def test_an_export_of_the_account_lists_the_files(ada: Uploader) -> None:
    names = ["one.txt", "two.txt", "three.txt"]
    for name in names:
        ada.process("txt_upload", TEXT, filename=name)
    export = as_described(ada.stack.get("/api/account/export", headers=ada.user.auth)).json()
    assert [file["filename"] for file in export["files"]] == names[::-1]
    assert {file["status"] for file in export["files"]} == {"done"}


def test_an_upload_that_ends_later_is_swept_and_its_row_goes(
    ada: Uploader, storage: Storage, database: Database
) -> None:
    begun = ada.begin("txt_upload", len(TEXT), filename="diary.txt").json()
    assert delete_account(ada, 500).json()["finished"] is True
    upload = begun["upload"]
    late = plain_http.put(upload["url"], content=TEXT, headers=upload["headers"])
    assert late.status_code == 200, late.text
    assert code(ada.complete(begun["file"]["id"])) == (403, "account_deleted")
    assert storage.names(f"{ada.user.id}/")
    database.execute(
        "update files set expires_at = expires_at - interval '2 days' where user_id = %s",
        [ada.user.id],
    )
    assert as_described(ada.stack.scheduled("/api/cleanup")).status_code == 200
    assert storage.names(f"{ada.user.id}/") == []
    assert rows(database, ada) == []


def test_a_worker_that_has_a_file_loses_it_and_charges_nothing(
    ada: Uploader, database: Database
) -> None:
    file_id = ada.put("txt_upload", TEXT, filename="diary.txt")
    row = database.execute(
        "select lease_file(%s, %s, 60, true) ->> 'lease' as lease", [ada.user.id, file_id]
    ).fetchone()
    assert row is not None
    assert delete_account(ada, 500).json()["credits_given_up"] == 500
    with pytest.raises(psycopg.Error) as refused:
        database.execute(
            "select finish_file(%s, %s, %s, '[]')",
            [file_id, int(row["lease"]), Jsonb({"title": "diary"})],
        )
    assert refused.value.diag.message_detail == "lease_lost"
    (found,) = rows(database, ada)
    assert (found["status"], found["filename"]) == ("expired", "deleted")


def test_uploads_at_the_same_time_leave_nothing(
    stack: RunningStack, storage: Storage, database: Database
) -> None:
    for _ in range(3):
        ada = Uploader.with_credits(stack)
        file_id = ada.put("txt_upload", TEXT, filename="diary.txt")

        def act(number: int, ada: Uploader = ada, file_id: str = file_id) -> int:
            if number == 0:
                account = ada.stack.get("/api/account", headers=ada.user.auth).json()
                return delete_account(ada, account.get("balance", 0)).status_code
            if number < 3:
                return ada.complete(file_id).status_code
            return ada.begin("txt_upload", len(TEXT), filename="diary.txt").status_code

        with ThreadPoolExecutor(6) as clients:
            outcomes = list(clients.map(act, range(6)))
        # 409: a file was paid for after the balance was shown, or another has the file.
        assert outcomes[0] in {200, 409, 503}
        assert set(outcomes[1:]) <= {200, 403, 404, 409, 503}
        account = ada.stack.get("/api/account", headers=ada.user.auth)
        balance = account.json()["balance"] if account.is_success else 0
        assert delete_account(ada, balance).json()["finished"] is True
        assert storage.names(f"{ada.user.id}/") == []
        assert {row["filename"] for row in rows(database, ada)} == {"deleted"}
