"""The stand-in speaks S3 as the real server does: as lenient, as strict and as odd."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import httpx
import pytest
from botocore.exceptions import ClientError

from api._lib.files.bucket import make_bucket
from api._lib.files.s3 import bucket_url, object_url
from tests import plain_http
from tests.standins.storage.requests import TEXT, a_name, aws_client, code, presigned, signed

if TYPE_CHECKING:
    from api._lib.files.settings import StorageSettings
    from api._lib.files.storage import Storage
    from tests.standins.storage.place import Place

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


# Signatures -------------------------------------------------------------------------------------


def test_awss_own_client_is_let_in(storage: Storage, settings: StorageSettings) -> None:
    assert storage.has_bucket()
    where = {"Bucket": settings.bucket, "Key": a_name()}
    with closing(aws_client(settings)) as s3:
        s3.put_object(**where, Body=b"hello", ContentType=TEXT)
        assert s3.get_object(**where)["Body"].read() == b"hello"
        url = s3.generate_presigned_url("get_object", Params=where, ExpiresIn=60)
    assert plain_http.get(url).content == b"hello"


def test_a_url_is_valid_until_it_expires(storage: Storage, settings: StorageSettings) -> None:
    name, now = a_name(), datetime.now(UTC)
    storage.write(name, b"x", content_type=TEXT)
    valid = presigned(settings, "GET", name, at=now - timedelta(seconds=30))
    assert plain_http.get(valid).status_code == 200
    late = presigned(settings, "GET", name, at=now - timedelta(seconds=90))
    assert code(plain_http.get(late)) == (400, "ExpiredToken")


@pytest.mark.parametrize(
    ("key", "refusal"),
    [
        ({"secret_access_key": "wrong"}, (403, "SignatureDoesNotMatch")),
        ({"access_key_id": "somebody"}, (403, "InvalidAccessKeyId")),
        ({"region": "eu-west-9"}, (403, "SignatureDoesNotMatch")),
    ],
)
def test_another_key_opens_nothing(
    settings: StorageSettings, key: dict[str, str], refusal: tuple[int, str]
) -> None:
    other = replace(settings, **key)
    assert code(plain_http.get(presigned(other, "GET", "tests/x"))) == refusal
    assert code(signed(other, "GET", "tests/x")) == refusal


def test_nobody_is_let_in_without_a_signature(settings: StorageSettings) -> None:
    url = object_url(settings, "tests/x")
    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        assert plain_http.request(method, url).status_code == 403
    assert code(plain_http.get(f"{settings.endpoint}/")) == (403, "AccessDenied")
    halves = f"{url}?X-Amz-Credential=a/b/c/s3/aws4_request&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    assert code(plain_http.get(halves)) == (400, "InvalidSignature")
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=a"}
    assert code(plain_http.get(url, headers=headers)) == (400, "InvalidSignature")


def test_a_header_that_is_not_signed_is_obeyed(storage: Storage, settings: StorageSettings) -> None:
    name = a_name()
    storage.write(name, b"x", content_type=TEXT)
    unsigned = {"x-amz-copy-source": f"/{settings.bucket}/{name}"}
    assert signed(settings, "PUT", f"{name}-2", unsigned=unsigned).status_code == 200
    assert b"".join(storage.read(f"{name}-2")) == b"x"


def test_the_stand_in_is_stricter_about_clock_and_body(
    storage: Storage, settings: StorageSettings
) -> None:
    assert storage.has_bucket()
    for minutes in (-20, 20):
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        answer = signed(settings, "PUT", a_name(), at=at)
        assert code(answer) == (403, "RequestTimeTooSkewed")
    early = presigned(settings, "GET", a_name(), at=datetime.now(UTC) + timedelta(minutes=20))
    assert code(plain_http.get(early)) == (403, "RequestTimeTooSkewed")
    altered = signed(settings, "PUT", a_name(), body=b"jello", payload=b"hello")
    assert code(altered) == (400, "XAmzContentSHA256Mismatch")


# Errors -----------------------------------------------------------------------------------------


def test_errors_have_an_xml_namespace(storage: Storage, settings: StorageSettings) -> None:
    """AWS's own client therefore finds no code where it looks for one."""
    assert storage.has_bucket()
    answer = signed(settings, "GET", a_name())
    assert ET.fromstring(answer.content).findtext(f"{NAMESPACE}Code") == "NoSuchKey"  # noqa: S314
    with closing(aws_client(settings)) as s3, pytest.raises(ClientError) as raised:
        s3.get_object(Bucket=settings.bucket, Key=a_name())
    assert not raised.value.response["Error"].get("Code")


def test_a_missing_bucket_is_named_by_changes_and_lists_but_not_by_reading(
    settings: StorageSettings,
) -> None:
    other, name = replace(settings, bucket="another"), "tests/x"
    missing = (404, "NoSuchBucket")
    assert code(signed(other, "PUT", name)) == missing
    assert code(signed(other, "DELETE", name)) == missing
    assert code(signed(other, "POST", name, query={"uploads": ""})) == missing
    assert code(signed(other, "GET", query={"list-type": "2"})) == missing
    assert code(signed(other, "GET", name)) == (404, "NoSuchKey")
    for answer in (signed(other, "HEAD"), signed(other, "HEAD", name)):
        assert (answer.status_code, answer.content) == (404, b"")


def test_a_path_that_the_server_does_not_know_is_404_without_a_code(
    settings: StorageSettings,
) -> None:
    elsewhere = replace(settings, endpoint=settings.endpoint.replace("/s3", "/s4"))
    for answer in (
        plain_http.get(settings.endpoint.removesuffix("/storage/v1/s3")),
        plain_http.get(object_url(elsewhere, "tests/x"), headers={"authorization": "x"}),
        httpx.patch(object_url(settings, "tests/x")),
    ):
        assert answer.status_code == 404
        assert "<Code>" not in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize("name", ["%C3%BC", "a~b", "a%25b", "a%23b", "a%5Bb", "a%22b", "a%5Cb"])
def test_a_name_with_other_characters_is_refused_by_every_method(
    settings: StorageSettings, storage: Storage, method: str, name: str
) -> None:
    assert storage.has_bucket()
    answer = signed(settings, method, url=f"{bucket_url(settings)}/tests/{name}")
    assert answer.status_code == 400
    assert method == "HEAD" or code(answer) == (400, "InvalidKey")


@pytest.mark.parametrize("name", ["a%20b", "a%2Bb", "a%27b", "a%28b", "a%3Fb", "a%40b", "a%26b"])
def test_a_name_with_these_characters_is_taken(
    settings: StorageSettings, storage: Storage, name: str
) -> None:
    assert storage.has_bucket()
    url = f"{bucket_url(settings)}/tests/{name}"
    assert signed(settings, "PUT", body=b"x", url=url).status_code == 200
    assert signed(settings, "GET", url=url).content == b"x"


# Objects ----------------------------------------------------------------------------------------


def test_the_head_of_an_empty_object_has_no_content_length(
    storage: Storage, settings: StorageSettings
) -> None:
    name = a_name()
    storage.write(name, b"", content_type=TEXT)
    answer = signed(settings, "HEAD", name)
    assert (answer.status_code, "content-length" in answer.headers) == (200, False)
    storage.write(name, b"x", content_type=TEXT)
    assert signed(settings, "HEAD", name).headers["content-length"] == "1"


def test_the_stored_content_encoding_is_handed_back(
    storage: Storage, settings: StorageSettings
) -> None:
    name = a_name()
    assert storage.has_bucket()
    signed(settings, "PUT", name, body=b"x", headers={"content-encoding": "br"})
    assert signed(settings, "HEAD", name).headers["content-encoding"] == "br"


def test_the_source_of_a_copy_is_not_decoded(storage: Storage, settings: StorageSettings) -> None:
    assert storage.has_bucket()
    url = f"{bucket_url(settings)}/tests/a%20b"
    assert signed(settings, "PUT", body=b"x", url=url).status_code == 200
    for source, expected in (("tests/a b", 200), ("tests/a%20b", 404)):
        headers = {"x-amz-copy-source": f"/{settings.bucket}/{source}"}
        assert signed(settings, "PUT", a_name(), headers=headers).status_code == expected


def test_several_objects_are_not_deleted_at_once(
    storage: Storage, settings: StorageSettings
) -> None:
    name = a_name()
    storage.write(name, b"x", content_type=TEXT)
    with closing(aws_client(settings)) as s3, pytest.raises(ClientError):
        s3.delete_objects(Bucket=settings.bucket, Delete={"Objects": [{"Key": name}]})
    assert storage.size(name) == 1


# Parts ------------------------------------------------------------------------------------------


def begun(storage: Storage, name: str) -> tuple[dict[str, str], str]:
    """Send a part; return the query that ends the upload, and the part's tag."""
    upload_id = storage.begin_parts(name, content_type=TEXT)
    return {"uploadId": upload_id}, storage.send_part(name, upload_id, 1, b"hello")


def listing(tag: str) -> bytes:
    part = f"<Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part>"
    return f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>".encode()


def test_the_list_of_parts_is_ignored_unless_it_is_declared_as_xml(
    storage: Storage, settings: StorageSettings
) -> None:
    name = a_name()
    query, _ = begun(storage, name)
    body = listing('"00000000000000000000000000000000"')
    xml = {"content-type": "application/xml"}
    refused = signed(settings, "POST", name, query=query, body=body, headers=xml)
    assert refused.status_code == 400
    taken = signed(settings, "POST", name, query=query, body=body)
    assert taken.status_code == 200
    assert b"".join(storage.read(name)) == b"hello"


def test_parts_cannot_be_ended_twice(storage: Storage, settings: StorageSettings) -> None:
    name = a_name()
    query, tag = begun(storage, name)
    xml = {"content-type": "application/xml"}
    ends = [
        signed(settings, "POST", name, query=query, body=listing(tag), headers=xml)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in ends] == [200, 404]
    assert code(ends[1]) == (404, "NoSuchUpload")


# Limits -----------------------------------------------------------------------------------------


def test_a_buckets_limit_holds_for_uploads_and_parts_but_not_for_copies(place: Place) -> None:
    config = replace(place.storage_settings, bucket="small", max_file_bytes=10)
    with place.running() as storage:
        make_bucket(place.settings())
        make_bucket(replace(place.settings(), files=config))
        storage.write("large", bytes(11), content_type=TEXT)
        assert signed(config, "PUT", "a", body=bytes(10)).status_code == 200
        assert code(signed(config, "PUT", "a", body=bytes(11))) == (413, "EntityTooLarge")
        begin = signed(config, "POST", "b", query={"uploads": ""})
        upload = begin.text.partition("<UploadId>")[2].partition("</UploadId>")[0]
        first, second = ({"uploadId": upload, "partNumber": number} for number in "12")
        assert signed(config, "PUT", "b", query=first, body=bytes(6)).status_code == 200
        part = signed(config, "PUT", "b", query=second, body=bytes(6))
        assert code(part) == (413, "EntityTooLarge")
        source = {"x-amz-copy-source": "/files/large"}
        assert signed(config, "PUT", "c", headers=source).status_code == 200


def test_parts_are_not_bound_by_the_limit_of_single_uploads(place: Place) -> None:
    with place.running(STORAGE_MAX_FILE_MB="1", SUPABASE_SECRET_KEY="") as storage:
        assert code(signed(place.storage_settings, "PUT", "a", body=bytes(1_000_001)))[0] == 413
        upload_id = storage.begin_parts("b", content_type=TEXT)
        tag = storage.send_part("b", upload_id, 1, bytes(1_000_001))
        storage.end_parts("b", upload_id, [tag])
        assert storage.size("b") == 1_000_001


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 200),
        ("text/plain; charset=utf-8", 415),
        ("Text/Plain", 415),
        ("audio/wav", 200),
        ("image/png", 415),
        ("nonsense", 415),
    ],
)
def test_a_buckets_types_are_compared_as_text(place: Place, content_type: str, status: int) -> None:
    config = replace(place.storage_settings, bucket="typed")
    with place.running():
        bucket = {"name": "typed", "allowed_mime_types": ["text/plain", "audio/*"]}
        key = {"Authorization": f"Bearer {place.environ['SUPABASE_SECRET_KEY']}"}
        made = plain_http.post(f"{place.url}/storage/v1/bucket", json=bucket, headers=key)
        assert made.status_code == 200
        headers = {"content-type": content_type}
        answer = signed(config, "PUT", "a", body=b"x", headers=headers)
    assert answer.status_code == status
    assert status == 200 or code(answer) == (415, "InvalidMimeType")


# The gateway ------------------------------------------------------------------------------------

PREFLIGHT = {
    "Origin": "https://shop.example.com",
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "content-type",
}


def test_the_gateway_answers_a_browsers_preflight(
    storage: Storage, settings: StorageSettings
) -> None:
    assert storage.has_bucket()
    url = presigned(settings, "PUT", a_name())
    preflight = httpx.options(url, headers=PREFLIGHT)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "content-type" in preflight.headers["access-control-allow-headers"]
    sent = plain_http.put(url, content=b"hello", headers=PREFLIGHT)
    assert sent.headers["access-control-allow-origin"] == "*"


def test_the_server_without_the_gateway_knows_no_preflight(place: Place) -> None:
    with place.running(PURSE_LOCAL_STORAGE_CORS="", SUPABASE_SECRET_KEY=""):
        url = presigned(place.storage_settings, "PUT", "a")
        preflight = httpx.options(url, headers=PREFLIGHT)
        sent = plain_http.put(url, content=b"hello", headers=PREFLIGHT)
    assert (preflight.status_code, sent.status_code) == (404, 200)
    for answer in (preflight, sent):
        assert not [name for name in answer.headers if name.startswith("access-control")]
