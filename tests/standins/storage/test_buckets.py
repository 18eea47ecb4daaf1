"""The private bucket makes itself, and the stand-in's REST routes answer as the real server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from storage3 import SyncStorageClient
from storage3.exceptions import StorageApiError

from api._lib.errors import StorageUnavailableError
from api._lib.files.bucket import Bucket, make_bucket, read_bucket
from tests import plain_http

if TYPE_CHECKING:
    from tests.standins.storage.place import Place
    from tests.support import RunningStack


def test_the_bucket_is_made_private_with_our_limit_and_no_list_of_types(place: Place) -> None:
    config = place.settings()
    with place.running() as storage:
        assert (read_bucket(config), storage.has_bucket()) == (None, False)
        make_bucket(config)
        assert storage.has_bucket()
        assert read_bucket(config) == Bucket(
            public=False, file_size_limit=50_000_000, allowed_mime_types=None
        )


def test_a_bucket_that_exists_is_left_as_it_is(place: Place) -> None:
    with place.running():
        make_bucket(place.settings(STORAGE_MAX_FILE_MB="1"))
        make_bucket(place.settings())
        bucket = read_bucket(place.settings())
    assert bucket is not None
    assert bucket.file_size_limit == 1_000_000


@pytest.mark.parametrize(
    "environ",
    [
        {"SUPABASE_SECRET_KEY": "sb_secret_wrong"},
        {"SUPABASE_URL": "http://127.0.0.1:9"},
        # The project's own limit is lower.
        {"STORAGE_MAX_FILE_MB": "51"},
    ],
)
def test_a_bucket_that_cannot_be_made_is_a_storage_that_is_unavailable(
    place: Place, environ: dict[str, str]
) -> None:
    with place.running() as storage:
        with pytest.raises(StorageUnavailableError):
            make_bucket(place.settings(**environ))
        assert not storage.has_bucket()


def test_a_supabase_without_a_storage_api_is_unavailable_and_not_without_a_bucket(
    place: Place,
) -> None:
    with place.running():
        config = replace(place.settings(), supabase_url=f"{place.url}/nothing")
        with pytest.raises(StorageUnavailableError):
            read_bucket(config)


def refused(place: Place, method: str, path: str, key: str, **more: Any) -> tuple[int, str, str]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = plain_http.request(method, f"{place.url}/storage/v1{path}", headers=headers, **more)
    body = answer.json()
    return answer.status_code, body["statusCode"], body["code"]


def test_rest_refuses_with_400_and_the_status_in_the_body(place: Place) -> None:
    key = place.environ["SUPABASE_SECRET_KEY"]
    bucket = {"name": "files", "public": False}
    with place.running():
        make_bucket(place.settings())
        assert refused(place, "GET", "/bucket/x", key) == (400, "404", "NoSuchBucket")
        assert refused(place, "GET", "/bucket/x", "other") == (400, "403", "AccessDenied")
        assert refused(place, "GET", "/bucket/x", "") == (400, "400", "InvalidRequest")
        made = refused(place, "POST", "/bucket", key, json=bucket)
        assert made == (400, "409", "BucketAlreadyExists")
        large = {"name": "large", "file_size_limit": 50_000_001}
        made = refused(place, "POST", "/bucket", key, json=large)
        assert made == (400, "413", "EntityTooLarge")
        made = refused(place, "POST", "/bucket", key, json={"name": "a/b"})
        assert made == (400, "400", "InvalidBucketName")


def test_supabases_client_makes_and_finds_buckets_through_the_gateway(
    stack: RunningStack,
) -> None:
    headers = {"apikey": stack.secret_key, "Authorization": f"Bearer {stack.secret_key}"}
    with httpx.Client() as http:
        client = SyncStorageClient(f"{stack.supabase_url}/storage/v1/", headers, http_client=http)
        client.create_bucket("through-the-gateway", options={"public": True})
        assert client.get_bucket("through-the-gateway").public
        assert "through-the-gateway" in [bucket.id for bucket in client.list_buckets()]
        with pytest.raises(StorageApiError) as raised:
            client.get_bucket("missing")
    assert (raised.value.status, raised.value.code) == ("404", "Bucket not found")
