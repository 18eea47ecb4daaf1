"""Our client against the storage."""

from __future__ import annotations

import gzip
import secrets
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from api._lib.errors import StorageUnavailableError
from api._lib.files import multipart
from api._lib.files.multipart import PartWriter
from api._lib.files.s3 import NoSuchObjectError, ObjectTooLargeError
from api._lib.files.signed_urls import attachment, download_url
from api._lib.files.storage import Storage
from tests.standins.storage.requests import TEXT, a_name, aws_client, signed

if TYPE_CHECKING:
    from api._lib.files.settings import StorageSettings
    from tests.standins.storage.place import Place


def content(storage: Storage, name: str) -> bytes:
    return b"".join(storage.read(name))


def test_an_object_is_written_read_measured_copied_listed_and_deleted(
    storage: Storage, settings: StorageSettings
) -> None:
    name = a_name()
    storage.write(name, b"hello", content_type=TEXT)
    assert (content(storage, name), storage.size(name)) == (b"hello", 5)
    storage.copy(name, f"{name}-2", content_type="audio/wav")
    assert sorted(storage.names(name)) == [name, f"{name}-2"]
    storage.delete(name)
    storage.delete(name)
    assert storage.size(name) is None
    copy = httpx.get(download_url(settings, f"{name}-2", filename="x", seconds=60))
    assert (copy.content, copy.headers["content-type"]) == (b"hello", "audio/wav")


def test_an_object_that_does_not_exist_is_no_such_object(storage: Storage) -> None:
    with pytest.raises(NoSuchObjectError):
        content(storage, a_name())
    with pytest.raises(NoSuchObjectError):
        storage.copy(a_name(), a_name(), content_type=TEXT)
    assert storage.names(a_name()) == []


def test_an_empty_object_has_size_0(storage: Storage) -> None:
    name = a_name()
    storage.write(name, b"", content_type=TEXT)
    assert (storage.size(name), content(storage, name)) == (0, b"")


@pytest.mark.parametrize("stored", [gzip.compress(b"hello", mtime=0), b"not gzip at all"])
def test_an_object_is_read_as_it_is_stored_whatever_encoding_it_claims(
    storage: Storage, settings: StorageSettings, stored: bytes
) -> None:
    name = a_name()
    headers = {"content-encoding": "gzip"}
    assert signed(settings, "PUT", name, body=stored, headers=headers).status_code == 200
    assert content(storage, name) == stored


@pytest.mark.parametrize("name", ["a b", "ü", "a~b", "a%41", "a?b", "", "a\n"])
def test_a_name_that_is_not_plain_is_our_mistake(storage: Storage, name: str) -> None:
    with pytest.raises(ValueError, match="not a plain object name"):
        storage.copy(a_name(), name or "\x00", content_type=TEXT)


# Parts ------------------------------------------------------------------------------------------


def test_parts_become_one_object(storage: Storage) -> None:
    name, piece = a_name(), secrets.token_bytes(3_000_000)
    with PartWriter(storage, name, content_type=TEXT, limit_bytes=50_000_000) as writer:
        for _ in range(7):
            writer.write(piece)
    assert content(storage, name) == piece * 7
    assert writer.size == 21_000_000


def test_parts_with_a_wrong_tag_become_no_object(storage: Storage) -> None:
    name = a_name()
    upload_id = storage.begin_parts(name, content_type=TEXT)
    storage.send_part(name, upload_id, 1, b"hello")
    with pytest.raises(StorageUnavailableError):
        storage.end_parts(name, upload_id, ['"00000000000000000000000000000000"'])
    assert storage.size(name) is None


def test_parts_that_ended_already_are_no_missing_object(storage: Storage) -> None:
    """An export must not fail for good because the answer to its end was lost."""
    name = a_name()
    upload_id = storage.begin_parts(name, content_type=TEXT)
    tag = storage.send_part(name, upload_id, 1, b"hello")
    storage.end_parts(name, upload_id, [tag])
    with pytest.raises(StorageUnavailableError):
        storage.end_parts(name, upload_id, [tag])


def test_a_failed_upload_leaves_no_parts(storage: Storage, settings: StorageSettings) -> None:
    name = a_name()

    def fail_half_way() -> None:
        with PartWriter(storage, name, content_type=TEXT, limit_bytes=50_000_000) as writer:
            writer.write(bytes(multipart.PART_BYTES))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert storage.size(name) is None
    with closing(aws_client(settings)) as s3:
        left = s3.list_multipart_uploads(Bucket=settings.bucket).get("Uploads", [])
    assert name not in [upload["Key"] for upload in left]


def test_an_object_in_parts_has_our_limit(storage: Storage) -> None:
    name = a_name()
    with (
        pytest.raises(ObjectTooLargeError),
        PartWriter(storage, name, content_type=TEXT, limit_bytes=1000) as writer,
    ):
        writer.write(bytes(1001))
    assert storage.size(name) is None


def test_an_object_above_the_storages_limit_is_too_large(storage: Storage) -> None:
    name = a_name()
    with pytest.raises(ObjectTooLargeError):
        storage.write(name, bytes(50_000_001), content_type=TEXT)

    def write_in_parts() -> None:
        with PartWriter(storage, name, content_type=TEXT, limit_bytes=10**9) as writer:
            for _ in range(6):
                writer.write(bytes(9_000_000))

    with pytest.raises(ObjectTooLargeError):
        write_in_parts()
    assert storage.size(name) is None


# A storage that is away -------------------------------------------------------------------------


def assert_unavailable(storage: Storage) -> None:
    name = a_name()
    with pytest.raises(StorageUnavailableError):
        storage.write(name, b"", content_type=TEXT)
    with pytest.raises(StorageUnavailableError):
        content(storage, name)
    with pytest.raises(StorageUnavailableError):
        storage.size(name)
    with pytest.raises(StorageUnavailableError):
        storage.copy(name, a_name(), content_type=TEXT)
    with pytest.raises(StorageUnavailableError):
        storage.delete(name)
    with pytest.raises(StorageUnavailableError):
        storage.names(name)


@pytest.mark.parametrize(
    "broken",
    [{"endpoint": "http://127.0.0.1:9/storage/v1/s3"}, {"secret_access_key": "wrong"}],
)
def test_a_storage_that_is_away_or_refuses_our_key_is_unavailable(
    settings: StorageSettings, broken: dict[str, str]
) -> None:
    with closing(Storage(replace(settings, **broken))) as storage:
        assert_unavailable(storage)
        with pytest.raises(StorageUnavailableError):
            storage.has_bucket()


def test_a_missing_bucket_is_unavailable_and_not_a_missing_object(
    settings: StorageSettings,
) -> None:
    with closing(Storage(replace(settings, bucket="another"))) as storage:
        assert not storage.has_bucket()
        assert_unavailable(storage)


def test_a_wrong_endpoint_is_unavailable(settings: StorageSettings) -> None:
    elsewhere = settings.endpoint.replace("/storage/v1/s3", "/storage/v2/s3")
    with closing(Storage(replace(settings, endpoint=elsewhere))) as storage:
        assert_unavailable(storage)


def test_a_bucket_exists_or_not(storage: Storage, place: Place) -> None:
    assert storage.has_bucket()
    with place.running() as empty:
        assert not empty.has_bucket()


@pytest.mark.parametrize(
    "filename", ["a.docx", 'say "hi".txt', "Größe 📄.mp3", "a\\b%41.txt", "📄" * 251 + ".txt"]
)
def test_a_download_is_saved_under_its_name(
    storage: Storage, settings: StorageSettings, filename: str
) -> None:
    name = a_name()
    storage.write(name, b"x", content_type=TEXT)
    answer = httpx.get(download_url(settings, name, filename=filename, seconds=60))
    assert (answer.status_code, answer.content) == (200, b"x")
    assert answer.headers["content-disposition"] == attachment(filename)
    assert answer.headers["content-disposition"].isascii()
