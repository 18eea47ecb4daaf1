"""Our client against the storage, and the storage as strict as what it stands in for."""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.config import Config

from api._lib.errors import StorageUnavailableError
from api._lib.files import multipart
from api._lib.files.multipart import PartWriter
from api._lib.files.sigv4 import AccessKey, presign, sign
from api._lib.files.storage import NoSuchObjectError, ObjectTooLargeError, Storage, attachment

if TYPE_CHECKING:
    from api._lib.files.settings import StorageSettings

TEXT = "text/plain"


def a_name() -> str:
    return f"tests/{secrets.token_hex(8)}/source"


def content(storage: Storage, name: str) -> bytes:
    return b"".join(storage.read(name))


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.text.partition("<Code>")[2].partition("</Code>")[0]


# Our client -------------------------------------------------------------------------------------


def test_what_is_written_is_read_measured_copied_listed_and_deleted(storage: Storage) -> None:
    name = a_name()
    storage.write(name, b"hello", content_type=TEXT)
    assert (content(storage, name), storage.size(name)) == (b"hello", 5)
    storage.copy(name, f"{name}-2", content_type="audio/wav")
    assert sorted(storage.names(name)) == [name, f"{name}-2"]
    storage.delete(name)
    storage.delete(name)
    assert storage.size(name) is None
    copy = httpx.get(storage.download_url(f"{name}-2", filename="x", seconds=60))
    assert (copy.content, copy.headers["content-type"]) == (b"hello", "audio/wav")


def test_what_is_not_there_is_no_such_object(storage: Storage) -> None:
    with pytest.raises(NoSuchObjectError):
        content(storage, a_name())
    with pytest.raises(NoSuchObjectError):
        storage.copy(a_name(), a_name(), content_type=TEXT)
    assert storage.names(a_name()) == []


def test_parts_become_one_object(storage: Storage) -> None:
    name, piece = a_name(), secrets.token_bytes(3_000_000)
    with PartWriter(storage, name, content_type=TEXT, limit_bytes=50_000_000) as writer:
        for _ in range(7):
            writer.write(piece)
    assert content(storage, name) == piece * 7
    assert writer.size == 21_000_000


def test_parts_of_what_fails_are_forgotten(storage: Storage, settings: StorageSettings) -> None:
    name = a_name()

    def fail_half_way() -> None:
        with PartWriter(storage, name, content_type=TEXT, limit_bytes=50_000_000) as writer:
            writer.write(bytes(multipart.PART_BYTES))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert storage.size(name) is None
    with closing(client(settings)) as s3:
        left = s3.list_multipart_uploads(Bucket=settings.bucket).get("Uploads", [])
    assert name not in [upload["Key"] for upload in left]


def test_a_file_in_parts_has_its_limit(storage: Storage) -> None:
    name = a_name()
    with (
        pytest.raises(ObjectTooLargeError),
        PartWriter(storage, name, content_type=TEXT, limit_bytes=1000) as writer,
    ):
        writer.write(bytes(1001))
    assert storage.size(name) is None


def test_more_than_the_storage_takes_is_too_large(storage: Storage) -> None:
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


def test_a_storage_that_is_away_or_refuses_us_is_unavailable(settings: StorageSettings) -> None:
    away = replace(settings, endpoint="http://127.0.0.1:9/storage/v1/s3")
    for broken in (away, replace(settings, secret_access_key="wrong")):
        with closing(Storage(broken)) as storage:
            with pytest.raises(StorageUnavailableError):
                storage.write(a_name(), b"", content_type=TEXT)
            with pytest.raises(StorageUnavailableError):
                content(storage, a_name())
            assert not storage.is_there()


def test_a_bucket_is_there_or_not(storage: Storage, settings: StorageSettings) -> None:
    assert storage.is_there()
    with closing(Storage(replace(settings, bucket="another"))) as another:
        assert not another.is_there()


@pytest.mark.parametrize("filename", ["a.docx", 'say "hi".txt', "Größe 📄.mp3", "a\\b%41.txt"])
def test_a_download_is_saved_under_its_name(storage: Storage, filename: str) -> None:
    name = a_name()
    storage.write(name, b"x", content_type=TEXT)
    answer = httpx.get(storage.download_url(name, filename=filename, seconds=60))
    assert (answer.status_code, answer.content) == (200, b"x")
    assert answer.headers["content-disposition"] == attachment(filename)
    assert answer.headers["content-disposition"].isascii()


# The storage, judged by what AWS's own client thinks of it ---------------------------------------


def client(settings: StorageSettings) -> Any:
    """Return AWS's own client."""
    return boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
        ),
    )


def test_awss_own_client_is_let_in(settings: StorageSettings) -> None:
    where = {"Bucket": settings.bucket, "Key": a_name()}
    with closing(client(settings)) as s3:
        s3.put_object(**where, Body=b"hello", ContentType=TEXT)
        assert s3.get_object(**where)["Body"].read() == b"hello"
        url = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=60)
    assert httpx.get(url).content == b"hello"


# Uploads by URL ---------------------------------------------------------------------------------


def put(storage: Storage, name: str, body: bytes, **headers: str) -> httpx.Response:
    upload = storage.upload_url(name, size=5, content_type=TEXT, seconds=60)
    return httpx.put(upload.url, content=body, headers={**upload.headers, **headers})


def test_an_upload_of_the_size_and_type_is_taken(storage: Storage) -> None:
    name = a_name()
    assert put(storage, name, b"hello").status_code == 200
    assert content(storage, name) == b"hello"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"hell", {}),
        (b"hello!", {}),
        (b"", {}),
        (b"hello", {"Content-Type": "text/html"}),
        (b"hello", {"Content-Type": "text/plain; charset=utf-8"}),
    ],
)
def test_an_upload_of_another_size_or_type_is_not(
    storage: Storage, body: bytes, headers: dict[str, str]
) -> None:
    name = a_name()
    assert code(put(storage, name, body, **headers)) == (403, "SignatureDoesNotMatch")
    assert storage.size(name) is None


def test_an_upload_cannot_be_turned_into_a_copy_of_anothers_file(storage: Storage) -> None:
    mine, theirs = a_name(), a_name()
    storage.write(theirs, b"secret", content_type=TEXT)
    answer = put(storage, mine, b"hello", **{"x-amz-copy-source": f"/purse-files/{theirs}"})
    assert code(answer) == (403, "AccessDenied")
    assert storage.size(mine) is None


def test_an_upload_url_is_good_for_nothing_else(storage: Storage) -> None:
    name = a_name()
    url = storage.upload_url(name, size=5, content_type=TEXT, seconds=60).url
    storage.write(name, b"hello", content_type=TEXT)
    assert httpx.get(url).status_code == 403
    assert httpx.delete(url).status_code == 403
    other = url.replace(name, a_name())
    sent = httpx.put(other, content=b"hello", headers={"Content-Type": TEXT})
    assert code(sent) == (403, "SignatureDoesNotMatch")
    longer = url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")
    sent = httpx.put(longer, content=b"hello", headers={"Content-Type": TEXT})
    assert code(sent) == (403, "SignatureDoesNotMatch")


# What is refused --------------------------------------------------------------------------------


def presigned(settings: StorageSettings, *, at: datetime, seconds: int = 60, **key: str) -> str:
    parts_of_key = {
        "access_key_id": settings.access_key_id,
        "secret": settings.secret_access_key,
        "region": settings.region,
        **key,
    }
    url = f"{settings.endpoint}/{settings.bucket}/tests/expiry"
    return presign(AccessKey(**parts_of_key), "GET", url, now=at, seconds=seconds)


def test_a_url_is_good_until_it_expires(storage: Storage, settings: StorageSettings) -> None:
    storage.write("tests/expiry", b"x", content_type=TEXT)
    now = datetime.now(UTC)
    assert httpx.get(presigned(settings, at=now - timedelta(seconds=30))).status_code == 200
    late = httpx.get(presigned(settings, at=now - timedelta(seconds=90)))
    assert code(late) == (403, "AccessDenied")
    assert "expired" in late.text
    early = httpx.get(presigned(settings, at=now + timedelta(minutes=20)))
    assert code(early) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("key", "refusal"),
    [
        ({"secret": "wrong"}, (403, "SignatureDoesNotMatch")),
        ({"access_key_id": "somebody"}, (403, "InvalidAccessKeyId")),
        ({"region": "eu-west-9"}, (400, "AuthorizationQueryParametersError")),
    ],
)
def test_another_key_opens_nothing(
    settings: StorageSettings, key: dict[str, str], refusal: tuple[int, str]
) -> None:
    assert code(httpx.get(presigned(settings, at=datetime.now(UTC), **key))) == refusal


def signed_put(
    settings: StorageSettings, body: bytes, *, at: datetime | None = None, **headers: str
) -> httpx.Response:
    key = AccessKey(settings.access_key_id, settings.secret_access_key, settings.region)
    url = f"{settings.endpoint}/{settings.bucket}/{a_name()}"
    signed = sign(key, "PUT", url, now=at or datetime.now(UTC), payload=b"hello")
    return httpx.put(url, content=body, headers={**signed, **headers})


def test_a_signed_request_is_for_its_moment_its_body_and_its_headers(
    settings: StorageSettings,
) -> None:
    assert signed_put(settings, b"hello").status_code == 200
    assert code(signed_put(settings, b"jello")) == (400, "XAmzContentSHA256Mismatch")
    for minutes in (-20, 20):
        moment = datetime.now(UTC) + timedelta(minutes=minutes)
        assert code(signed_put(settings, b"hello", at=moment)) == (403, "RequestTimeTooSkewed")
    unsigned = {"x-amz-acl": "public-read"}
    assert code(signed_put(settings, b"hello", **unsigned)) == (403, "AccessDenied")
    assert code(signed_put(settings, b"hello", authorization="AWS4")) == (403, "AccessDenied")


def test_nobody_is_let_in_without_a_signature(settings: StorageSettings) -> None:
    url = f"{settings.endpoint}/{settings.bucket}/tests/x"
    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        assert httpx.request(method, url).status_code == 403
    assert httpx.get(f"{settings.endpoint}/").status_code == 403
    assert httpx.patch(url).status_code == 405
    halves = f"{url}?X-Amz-Signature={'0' * 64}&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    assert code(httpx.get(halves)) == (400, "AuthorizationQueryParametersError")


def test_a_page_elsewhere_may_upload(storage: Storage) -> None:
    upload = storage.upload_url(a_name(), size=5, content_type=TEXT, seconds=60)
    asked = {
        "Origin": "https://shop.example.com",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = httpx.options(upload.url, headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "content-type" in preflight.headers["access-control-allow-headers"]
    sent = httpx.put(upload.url, content=b"hello", headers={**upload.headers, **asked})
    assert sent.headers["access-control-allow-origin"] == "*"
