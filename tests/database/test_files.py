"""Files in the database: who sees them, what is refused, and that state and credits go together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.actors import as_anon, as_user
from tests.database.purse import Purse, key

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    """Somebody with 100 credits."""
    purse = Purse(database)
    purse.buy(100)
    return purse


def begin(purse: Purse, feature: str = "docx_processing", **more: Any) -> Any:
    return purse.call(
        "begin_file",
        *(purse.user_id, feature, more.get("filename", "a.docx"), 10, "text/plain"),
        *(more.get("key"), more.get("seconds", 900), more.get("sources", [])),
    )["file"]


def lease(purse: Purse, file_id: str, *, seconds: int = 60) -> Any:
    return purse.call("lease_file", purse.user_id, file_id, seconds, True)


def test_a_user_sees_their_own_files_and_nobody_elses(purse: Purse, database: Database) -> None:
    begin(purse)
    other = Purse(database)
    other.buy(100)
    begin(other)
    with as_user(database, purse.user_id):
        rows = database.execute("select user_id::text from files").fetchall()
    assert [row["user_id"] for row in rows] == [purse.user_id]
    with as_anon(database), pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.execute("select from files")


def test_what_a_feature_costs_is_held_with_the_row_or_neither_is(purse: Purse) -> None:
    file = begin(purse)
    assert (file["credits"], file["status"], purse.read()["held"]) == (5, "awaiting_upload", 5)
    assert purse.refused("begin_file", *_arguments(purse, "gold")) == "PT404"
    for _ in range(19):
        begin(purse)
    assert purse.refused("begin_file", *_arguments(purse, "docx_processing")) == "PT402"
    count = purse.database.execute(
        "select count(*) as n from files where user_id = %s", [purse.user_id]
    ).fetchone()
    assert count == {"n": 20}
    assert purse.read()["held"] == 100


def _arguments(purse: Purse, feature: str) -> tuple[Any, ...]:
    return (purse.user_id, feature, "a.docx", 10, "text/plain", key(), 900)


def test_done_is_spent_and_failed_is_free(purse: Purse) -> None:
    done, failed = begin(purse), begin(purse)
    number = lease(purse, done["id"])["lease"]
    answer = purse.database.execute(
        "select finish_file(%s, %s, '{}', '[]', 77) as a", [done["id"], number]
    ).fetchone()
    assert answer is not None
    assert (answer["a"]["file"]["status"], answer["a"]["file"]["size"]) == ("done", 77)
    assert answer["a"]["balance"] == 95
    assert answer["a"]["file"]["transaction_id"]
    number = lease(purse, failed["id"])["lease"]
    told = purse.call("fail_file", failed["id"], number, "broken", "It is broken.")
    assert told["file"]["error"] == {"code": "broken", "message": "It is broken."}
    assert (told["balance"], purse.read()["held"]) == (95, 0)
    assert lease(purse, done["id"])["outcome"] == "settled"


def test_a_lease_is_one_callers_until_its_time_is_over(purse: Purse) -> None:
    file = begin(purse)
    outcomes = [lease(purse, file["id"], seconds=seconds)["outcome"] for seconds in (0, 60, 60)]
    assert outcomes == ["leased", "leased", "processing"]
    assert purse.call("release_file_lease", file["id"], 1) is False
    assert purse.call("release_file_lease", file["id"], 2) is True
    assert lease(purse, file["id"])["outcome"] == "leased"
    assert purse.refused("fail_file", file["id"], 2, "broken", "No.") == "PT409"


def test_what_is_not_uploaded_is_not_leased(purse: Purse) -> None:
    file = begin(purse)
    answer = purse.call("lease_file", purse.user_id, file["id"], 60, False)
    assert answer["outcome"] == "not_uploaded"
    assert answer["file"]["status"] == "awaiting_upload"


def test_a_file_that_waits_too_long_has_expired_and_is_swept_twice(purse: Purse) -> None:
    file = begin(purse)
    _expire(purse, file["id"], "59 minutes")
    assert lease(purse, file["id"])["outcome"] == "expired"
    assert file["id"] not in _to_sweep(purse)  # an upload may still be coming in
    _expire(purse, file["id"], "61 minutes")
    assert file["id"] in _to_sweep(purse)
    assert purse.call("mark_swept", [file["id"]]) == {"swept": 1, "expired": 1}
    assert purse.read()["held"] == 0
    assert lease(purse, file["id"])["outcome"] == "expired"

    _expire(purse, file["id"], "23 hours")
    assert file["id"] not in _to_sweep(purse)
    _expire(purse, file["id"], "25 hours")
    assert file["id"] in _to_sweep(purse)  # an upload may have ended after the first sweep
    assert purse.call("mark_swept", [file["id"]]) == {"swept": 1, "expired": 0}
    assert file["id"] not in _to_sweep(purse)


def test_a_file_whose_first_sweep_is_a_day_late_is_swept_once(purse: Purse) -> None:
    file = begin(purse)
    _expire(purse, file["id"], "25 hours")
    assert purse.call("mark_swept", [file["id"]]) == {"swept": 1, "expired": 1}
    assert file["id"] not in _to_sweep(purse)


def _expire(purse: Purse, file_id: str, ago: str) -> None:
    purse.database.execute(
        "update files set expires_at = now() - %s::interval where id = %s", [ago, file_id]
    )


def _to_sweep(purse: Purse) -> list[str]:
    return [entry["id"] for entry in purse.call("files_to_sweep", 10_000)]


def test_an_export_is_of_files_that_are_ones_own_and_done(purse: Purse, database: Database) -> None:
    file = begin(purse)
    arguments = (*_arguments(purse, "premium_export"), [file["id"]])
    assert purse.refused("begin_file", *arguments) == "PT409"
    number = lease(purse, file["id"])["lease"]
    database.execute("select finish_file(%s, %s, '{}', '[]')", [file["id"], number])
    export = begin(purse, "premium_export", sources=[file["id"]])
    assert [source["id"] for source in lease(purse, export["id"])["sources"]] == [file["id"]]
    stranger = Purse(database)
    stranger.buy(100)
    arguments = (*_arguments(stranger, "premium_export"), [file["id"]])
    assert stranger.refused("begin_file", *arguments) == "PT404"


def test_an_export_that_is_asked_for_again_on_the_next_day_is_the_same(
    purse: Purse, database: Database
) -> None:
    file = begin(purse)
    number = lease(purse, file["id"])["lease"]
    database.execute("select finish_file(%s, %s, '{}', '[]')", [file["id"], number])
    of_one = {"key": key(), "sources": [file["id"]]}
    first, second = (
        begin(purse, "premium_export", filename=f"files-2026-11-{day}.zip", **of_one)
        for day in (29, 30)
    )
    assert second["id"] == first["id"]
    assert second["filename"] == "files-2026-11-29.zip"


def test_a_page_of_files_is_short_enough_for_an_answer_and_none_is_left_out(purse: Purse) -> None:
    """Vercel's answers may have 4.5 MB, and a summary lists hundreds of chapters."""
    purse.grant(1000)
    summary = Jsonb({"chapters": [{"title": "章" * 200, "words": 1}] * 100})
    for _ in range(50):
        file = begin(purse, "audio_upload")
        number = lease(purse, file["id"])["lease"]
        purse.call("finish_file", UUID(file["id"]), number, summary, Jsonb([]))
    seen, sizes, cursor = [], [], None
    for _ in range(51):
        page = purse.call("read_files", purse.user_id, 100, cursor)
        seen += [file["id"] for file in page["files"]]
        sizes.append(len(json.dumps(page, ensure_ascii=False).encode()))
        if page["next_cursor"] is None:
            break
        cursor = int(page["next_cursor"])
    else:
        pytest.fail("the pages have no end")
    assert len(seen) == len(set(seen)) == 50
    assert len(sizes) > 1
    assert max(sizes) < 2_500_000


def test_a_file_that_is_too_long_for_a_page_is_a_page(purse: Purse) -> None:
    for _ in range(2):
        file = begin(purse, "audio_upload")
        number = lease(purse, file["id"])["lease"]
        summary = Jsonb({"title": "a" * 2_100_000})
        purse.call("finish_file", UUID(file["id"]), number, summary, Jsonb([]))
    page = purse.call("read_files", purse.user_id, 100)
    assert len(page["files"]) == 1
    rest = purse.call("read_files", purse.user_id, 100, int(page["next_cursor"]))
    assert (len(rest["files"]), rest["next_cursor"]) == (1, None)


def test_two_files_of_a_user_are_processed_at_a_time(purse: Purse, database: Database) -> None:
    files = [begin(purse)["id"] for _ in range(3)]
    first, second, third = (lease(purse, file_id) for file_id in files)
    assert [each["outcome"] for each in (first, second, third)] == ["leased", "leased", "busy"]
    other = Purse(database)
    other.buy(100)
    assert lease(other, begin(other)["id"])["outcome"] == "leased"
    purse.call("fail_file", UUID(files[0]), first["lease"], "unreadable", "It is empty.")
    assert lease(purse, files[2])["outcome"] == "leased"


def test_a_lease_that_ran_out_does_not_count(purse: Purse) -> None:
    for _ in range(2):
        lease(purse, begin(purse)["id"])
    purse.database.execute(
        "update files set leased_until = now() - interval '1 second' where user_id = %s",
        [purse.user_id],
    )
    assert lease(purse, begin(purse)["id"])["outcome"] == "leased"


def test_after_twenty_failures_within_an_hour_one_waits(purse: Purse) -> None:
    for _ in range(20):
        file = begin(purse)
        number = lease(purse, file["id"])["lease"]
        purse.call("fail_file", UUID(file["id"]), number, "unreadable", "It is empty.")
    with pytest.raises(psycopg.Error) as refused:
        begin(purse)
    assert refused.value.sqlstate == "PT429"
    assert 0 < int(refused.value.diag.message_detail or "") <= 3600
    assert purse.read()["held"] == 0
    purse.database.execute(
        "update files set completed_at = completed_at - interval '1 hour' where user_id = %s",
        [purse.user_id],
    )
    assert begin(purse)["status"] == "awaiting_upload"
