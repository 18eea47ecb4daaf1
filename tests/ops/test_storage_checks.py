"""`make doctor` looks at the file storage: bucket, object, upload URL, browser's preflight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api._lib.files.bucket import make_bucket
from ops.checks.storage import check_storage
from ops.doctor import check_files
from tests.standins.storage.place import Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.ops.conftest import Operator

READ = ("ok", "An object was uploaded, read and deleted.")
REFUSED = ("ok", "An upload URL cannot be turned into a copy of another object.")
CORS = ("ok", "A browser on https://shop.example.com may upload to the storage (CORS).")
BUCKET = ("ok", "The bucket files is private and accepts our files.")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A storage of its own, empty, not started yet."""
    return Place.in_folder(tmp_path)


def findings(place: Place, **environ: str) -> Sequence[tuple[str, str]]:
    found = check_storage(place.settings(**environ))
    return [(finding.level, finding.sentence) for finding in found]


def make(place: Place, **bucket: Any) -> None:
    key = {"Authorization": f"Bearer {place.environ['SUPABASE_SECRET_KEY']}"}
    answer = httpx.post(
        f"{place.url}/storage/v1/bucket", json={"name": "files", **bucket}, headers=key
    )
    answer.raise_for_status()


def test_doctor_makes_the_bucket_and_finds_it_right_from_then_on(place: Place) -> None:
    with place.running() as storage:
        made, *rest = findings(place)
        assert made == ("ok", "The private bucket files did not exist. It was made.")
        assert rest == [READ, REFUSED, CORS]
        assert findings(place) == [BUCKET, READ, REFUSED, CORS]
        assert storage.names("doctor/") == []


def test_doctor_finds_a_bucket_that_is_set_up_wrong(place: Place) -> None:
    with place.running():
        make(place, public=True, file_size_limit=1_000_000, allowed_mime_types=["text/plain"])
        public, small, types, *rest = findings(place)
    assert public[0] == small[0] == types[0] == "WRONG"
    assert "is public" in public[1]
    assert "accepts 1,000,000 bytes a file, STORAGE_MAX_FILE_MB allows 50,000,000" in small[1]
    assert "refuses types of ours: application/json, " in types[1]
    assert "text/html; charset=utf-8" in types[1]
    assert rest == [READ, REFUSED, CORS]


def test_doctor_accepts_a_list_with_all_our_types(place: Place) -> None:
    with place.running():
        make(place, allowed_mime_types=["text/*", "audio/*", "application/*"])
        assert findings(place)[0] == BUCKET


@pytest.mark.parametrize(
    ("origin", "faults"),
    [
        (
            "",
            [
                "OPTIONS answers 404, a browser needs 2xx.",
                "OPTIONS answers with Access-Control-Allow-Origin missing.",
                "OPTIONS answers without put in Access-Control-Allow-Methods.",
                "OPTIONS answers without content-type in Access-Control-Allow-Headers.",
                "PUT answers with Access-Control-Allow-Origin missing.",
            ],
        ),
        (
            "https://other.example.com",
            [
                "OPTIONS answers with Access-Control-Allow-Origin https://other.example.com.",
                "PUT answers with Access-Control-Allow-Origin https://other.example.com.",
            ],
        ),
    ],
)
def test_doctor_says_what_a_browser_would_refuse(
    place: Place, origin: str, faults: list[str]
) -> None:
    with place.running(PURSE_LOCAL_STORAGE_CORS=origin):
        make_bucket(place.settings())
        *_, cors = check_storage(place.settings())
    assert (cors.level, cors.cases) == ("WRONG", faults)
    assert cors.sentence.startswith("A browser on https://shop.example.com refuses to upload")


@pytest.mark.parametrize(
    "environ",
    [{"STORAGE_S3_SECRET_ACCESS_KEY": "wrong"}, {"STORAGE_S3_ENDPOINT": "http://127.0.0.1:9/s3"}],
)
def test_doctor_finds_a_storage_that_cannot_be_used(place: Place, environ: dict[str, str]) -> None:
    with place.running():
        make_bucket(place.settings())
        *_, last = findings(place, **environ)
    assert last[0] == "WRONG"
    assert last[1].startswith("The bucket files cannot be written, read and cleared")


def test_doctor_finds_a_service_key_that_is_wrong(place: Place) -> None:
    with place.running():
        make_bucket(place.settings())
        first, *rest = findings(place, SUPABASE_SECRET_KEY="sb_secret_wrong")
    assert first[0] == "WRONG"
    assert "could not make or describe the bucket files" in first[1]
    assert rest == [READ, REFUSED, CORS]


def test_a_deployment_without_files_is_only_noted(place: Place) -> None:
    keys = {"STORAGE_S3_ACCESS_KEY_ID": "", "STORAGE_S3_SECRET_ACCESS_KEY": ""}
    assert [found.level for found in check_files(place.settings(**keys))] == ["note"]


def test_the_command_looks_at_the_storage(operator: Operator) -> None:
    said = operator.run("doctor")
    assert "An object was uploaded, read and deleted." in said.text
    assert "may upload to the storage (CORS)." in said.text
