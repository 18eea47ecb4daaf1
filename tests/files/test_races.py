"""Parallel requests, dead workers and late uploads: a file is processed and charged once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests import plain_http
from tests.files.uploader import Uploader, code, download
from tests.samples import docx_of, mp3_of
from tests.support import until

if TYPE_CHECKING:
    import psycopg

    from api._lib.files.storage import Storage
    from tests.support import RunningStack

    Database = psycopg.Connection[dict[str, Any]]

BOOK = docx_of((1, "One"), (0, "text"))
AT_ONCE = 8


def spends(database: Database, ada: Uploader) -> int:
    row = database.execute(
        "select count(*) as n from credit_transactions where user_id = %s and kind = 'spend'",
        [ada.user.id],
    ).fetchone()
    assert row is not None
    count: int = row["n"]
    return count


def leases(database: Database, file_id: str) -> int:
    row = database.execute("select lease from files where id = %s", [file_id]).fetchone()
    assert row is not None
    number: int = row["lease"]
    return number


def lease(database: Database, ada: Uploader, file_id: str) -> dict[str, Any]:
    """Lease a file as a function that is about to die."""
    row = database.execute(
        "select lease_file(%s, %s, 330, true) as answer", [ada.user.id, file_id]
    ).fetchone()
    assert row is not None
    answer: dict[str, Any] = row["answer"]
    return answer


def let_time_pass(database: Database, file_id: str, column: str) -> None:
    database.execute(
        f"update files set {column} = now() - interval '1 second' where id = %s",
        [file_id],
    )


def let_the_hold_lapse(database: Database, file_id: str) -> None:
    database.execute(
        """
        with late as (
            update files set expires_at = now() - interval '2 hours', leased_until = null
            where id = %s returning hold_id, user_id
        ), lapsed as (
            update credit_holds h set expires_at = now() - interval '2 hours'
            from late where h.id = late.hold_id
        )
        update user_credits u set lapses_at = now() - interval '2 hours'
        from late where u.user_id = late.user_id
        """,
        [file_id],
    )


def test_two_completes_at_once_process_and_charge_once(ada: Uploader, database: Database) -> None:
    file_id = ada.put("docx_processing", BOOK)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: ada.complete(file_id), range(AT_ONCE)))
    for answer in answers:
        assert answer.status_code == 200 or code(answer) == (409, "file_processing")
    assert any(answer.status_code == 200 for answer in answers)
    assert (leases(database, file_id), spends(database, ada)) == (1, 1)
    assert ada.credits == (495, 0)


def test_the_same_announcement_at_once_is_one_file(ada: Uploader) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: ada.begin("txt_upload", 5, key="k"), range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["file"]["id"] for answer in answers}) == 1
    assert ada.credits == (500, 3)


def test_the_last_credits_pay_for_as_many_uploads_as_they_can(stack: RunningStack) -> None:
    poor = Uploader.with_credits(stack, 11)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: poor.begin("docx_processing", 5), range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, *[402] * 6]
    assert poor.credits == (11, 10)


def test_the_same_export_at_once_is_made_and_charged_once(
    ada: Uploader, database: Database
) -> None:
    sound = ada.process("audio_upload", mp3_of(2000))["id"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: ada.export([sound], key="k"), range(AT_ONCE)))
    for answer in answers:
        assert answer.status_code == 200 or code(answer) == (409, "file_processing")
    done = ada.export([sound], key="k").json()["file"]
    assert done["status"] == "done"
    assert leases(database, done["id"]) == 1
    assert ada.credits == (500 - 2 - 15, 0)


def test_a_lease_that_died_is_taken_over_after_its_time(ada: Uploader, database: Database) -> None:
    file_id = ada.put("docx_processing", BOOK)
    died = lease(database, ada, file_id)
    assert died["outcome"] == "leased"
    assert code(ada.complete(file_id)) == (409, "file_processing")
    assert ada.file(file_id)["status"] == "processing"

    let_time_pass(database, file_id, "leased_until")
    done = ada.complete(file_id).json()
    assert (done["file"]["status"], done["balance"]) == ("done", 495)
    assert (leases(database, file_id), spends(database, ada)) == (2, 1)


def test_who_lost_its_lease_can_neither_finish_nor_fail(ada: Uploader, database: Database) -> None:
    file_id = ada.put("docx_processing", BOOK)
    slow = lease(database, ada, file_id)
    let_time_pass(database, file_id, "leased_until")
    fast = lease(database, ada, file_id)
    assert (slow["lease"], fast["lease"]) == (1, 2)
    for statement in (
        "select finish_file(%s, 1, '{}', '[]')",
        "select fail_file(%s, 1, 'broken_document', 'No.')",
    ):
        assert refusal(database, statement, file_id) == ("PT409", "lease_lost")
    assert database.execute("select release_file_lease(%s, 1) as a", [file_id]).fetchone() == {
        "a": False
    }
    assert ada.credits == (500, 5)


def refusal(database: Database, statement: str, file_id: str) -> tuple[str | None, str | None]:
    try:
        database.execute(statement, [file_id])
    except Exception as error:  # noqa: BLE001 - psycopg has a class a code, ours has none
        diagnosis: Any = getattr(error, "diag", None)
        return diagnosis.sqlstate, diagnosis.message_detail
    return None, None


def test_an_upload_that_came_too_late_has_expired(ada: Uploader, database: Database) -> None:
    file_id = ada.put("docx_processing", BOOK)
    let_the_hold_lapse(database, file_id)
    assert code(ada.complete(file_id)) == (409, "upload_expired")
    assert ada.file(file_id)["status"] == "expired"
    assert ada.credits == (500, 0)


def test_an_announcement_that_lapsed_is_not_repeated(ada: Uploader, database: Database) -> None:
    file_id = ada.begin("txt_upload", 5, key="k").json()["file"]["id"]
    let_the_hold_lapse(database, file_id)
    assert code(ada.begin("txt_upload", 5, key="k")) == (409, "upload_expired")


def test_a_hold_that_lapsed_under_the_work_is_not_charged(
    ada: Uploader, database: Database
) -> None:
    file_id = ada.put("docx_processing", BOOK)
    leased = lease(database, ada, file_id)
    let_the_hold_lapse(database, file_id)
    statement = f"select finish_file(%s, {leased['lease']}, '{{}}', '[]')"
    assert refusal(database, statement, file_id) == ("PT409", "hold_lapsed")
    assert ada.file(file_id)["status"] == "expired"
    assert ada.credits == (500, 0)


def test_what_was_looked_at_is_what_is_kept(ada: Uploader) -> None:
    """The upload address is still valid afterwards, but the raw upload is not used any more."""
    begun = ada.begin("txt_upload", 5).json()
    upload = begun["upload"]
    plain_http.put(upload["url"], content=b"first", headers=upload["headers"]).raise_for_status()
    file = ada.complete(begun["file"]["id"]).json()["file"]
    plain_http.put(upload["url"], content=b"other", headers=upload["headers"]).raise_for_status()
    assert download(file, "source.txt").content == b"first"


def test_an_upload_that_is_replaced_while_it_is_processed_is_judged_by_its_copy(
    ada: Uploader, database: Database, storage: Storage
) -> None:
    """The lock stops the processing after it saw the upload and before it copies it."""
    file_id = ada.put("txt_upload", b"first")
    upload = f"{ada.user.id}/{file_id}/upload"

    def replace_meanwhile() -> dict[str, Any] | None:
        """Return the answer; None where the lock was held for longer than a request waits."""
        storage.write(upload, b"first", content_type="text/plain")
        with ThreadPoolExecutor() as pool:
            with ada.stack.connect() as other, other.transaction():
                other.execute("select from files where id = %s for update", [file_id])
                processing = pool.submit(ada.complete, file_id)
                until(
                    lambda: processing.done() or leases_waiting(database, other),
                    "a lease that waits",
                )
                storage.write(upload, b"longer", content_type="text/plain")
            answer = processing.result()
        return None if answer.status_code == 503 else answer.json()

    answer = until(replace_meanwhile, "a lock in time")
    assert answer["file"]["error"]["code"] == "size_mismatch"
    assert answer["balance"] == 500


def leases_waiting(database: Database, holder: Database) -> bool:
    """Whether somebody waits for a lock that the holder has."""
    row = database.execute(
        "select exists (select from pg_stat_activity"
        " where %s = any (pg_blocking_pids(pid))) as waits",
        [holder.info.backend_pid],
    ).fetchone()
    assert row is not None
    waits: bool = row["waits"]
    return waits


def test_a_storage_that_fails_half_way_leaves_the_file_for_another_attempt(
    ada: Uploader, database: Database
) -> None:
    """Put back: who asks next need not wait until the lease has ended."""
    file_id = ada.put("docx_processing", BOOK)
    leased = lease(database, ada, file_id)
    assert database.execute(
        "select release_file_lease(%s, %s) as a", [file_id, leased["lease"]]
    ).fetchone() == {"a": True}
    assert ada.file(file_id)["status"] == "awaiting_upload"
    assert ada.complete(file_id).json()["file"]["status"] == "done"
