"""What an upload URL of ours allows, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from api._lib.files.signed_urls import FORBIDDEN_HEADERS, upload_url
from tests import plain_http
from tests.standins.storage.requests import TEXT, a_name, code, presigned

if TYPE_CHECKING:
    from api._lib.files.settings import StorageSettings
    from api._lib.files.storage import Storage

# A body in Amazon's chunks: its 5 bytes of content are 2 for the storage.
CHUNKED = b"2\r\nhi\r\n0\r\n\r\n"
COPY = {"x-amz-copy-source": "/purse-files/THEIRS"}
CHUNKS = {
    "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "x-amz-decoded-content-length": "2",
}
ENCODING = {"content-encoding": "gzip"}


def put(
    settings: StorageSettings, name: str, body: bytes, headers: dict[str, str], *, size: int = 5
) -> httpx.Response:
    upload = upload_url(settings, name, size=size, content_type=TEXT, seconds=60)
    return plain_http.put(upload.url, content=body, headers={**upload.headers, **headers})


def content(storage: Storage, name: str) -> bytes:
    return b"".join(storage.read(name))


def test_an_upload_of_the_size_and_type_is_taken(
    storage: Storage, settings: StorageSettings
) -> None:
    name = a_name()
    assert put(settings, name, b"hello", {}).status_code == 200
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
def test_an_upload_of_another_size_or_type_is_refused(
    storage: Storage, settings: StorageSettings, body: bytes, headers: dict[str, str]
) -> None:
    name = a_name()
    assert code(put(settings, name, body, headers)) == (403, "SignatureDoesNotMatch")
    assert storage.size(name) is None


@pytest.mark.parametrize("headers", [COPY, CHUNKS, ENCODING])
def test_an_upload_with_a_header_that_changes_what_is_stored_is_refused(
    storage: Storage, settings: StorageSettings, headers: dict[str, str]
) -> None:
    mine, theirs = a_name(), a_name()
    storage.write(theirs, b"secret", content_type=TEXT)
    sent = {name: text.replace("THEIRS", theirs) for name, text in headers.items()}
    answer = put(settings, mine, CHUNKED, sent, size=len(CHUNKED))
    assert code(answer) == (403, "SignatureDoesNotMatch")
    assert storage.size(mine) is None


@pytest.mark.parametrize(
    ("headers", "stored"), [(COPY, b"secret"), (CHUNKS, b"hi"), (ENCODING, CHUNKED)]
)
def test_the_storage_would_obey_such_a_header_if_the_url_did_not_name_it(
    storage: Storage, settings: StorageSettings, headers: dict[str, str], stored: bytes
) -> None:
    mine, theirs = a_name(), a_name()
    storage.write(theirs, b"secret", content_type=TEXT)
    sent = {name: text.replace("THEIRS", theirs) for name, text in headers.items()}
    url = presigned(settings, "PUT", mine)
    assert plain_http.put(url, content=CHUNKED, headers=sent).status_code == 200
    read = httpx.stream("GET", presigned(settings, "GET", mine))
    with read as answer:
        assert b"".join(answer.iter_raw()) == stored
        assert answer.headers.get("content-encoding") == sent.get("content-encoding")


def test_a_url_that_names_a_header_without_a_value_is_valid_without_the_header(
    storage: Storage, settings: StorageSettings
) -> None:
    name = a_name()
    url = presigned(settings, "PUT", name, absent=FORBIDDEN_HEADERS)
    assert plain_http.put(url, content=b"hello").status_code == 200
    assert content(storage, name) == b"hello"


def test_an_upload_url_is_valid_for_nothing_else(
    storage: Storage, settings: StorageSettings
) -> None:
    name = a_name()
    url = upload_url(settings, name, size=5, content_type=TEXT, seconds=60).url
    storage.write(name, b"hello", content_type=TEXT)
    assert plain_http.get(url).status_code == 403
    assert plain_http.delete(url).status_code == 403
    for changed in (
        url.replace(name, a_name()),
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        url.replace("x-amz-copy-source", "x-amz-copy-sourcf"),
        f"{url}&partNumber=1&uploadId=x",
    ):
        sent = plain_http.put(changed, content=b"hello", headers={"Content-Type": TEXT})
        assert code(sent) == (403, "SignatureDoesNotMatch")


def test_an_upload_url_can_be_used_again_and_replaces_the_object(
    storage: Storage, settings: StorageSettings
) -> None:
    name = a_name()
    upload = upload_url(settings, name, size=5, content_type=TEXT, seconds=60)
    for body in (b"first", b"other"):
        # If-None-Match is ignored too.
        headers = {**upload.headers, "If-None-Match": "*"}
        assert plain_http.put(upload.url, content=body, headers=headers).status_code == 200
        assert content(storage, name) == body
