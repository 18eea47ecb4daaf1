"""Buckets and objects are on disk before a request is answered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from api._lib.files.bucket import make_bucket, read_bucket
from api._lib.files.multipart import PartWriter

if TYPE_CHECKING:
    from tests.standins.storage.place import Place


@pytest.mark.parametrize("crash", [False, True])
def test_objects_outlive_the_process(place: Place, crash: bool) -> None:
    large = os.urandom(9_000_000)
    with place.running(crash=crash) as storage:
        make_bucket(place.settings())
        bucket = read_bucket(place.settings())
        storage.write("a/one", b"1", content_type="text/plain")
        storage.write("a/two", b"2", content_type="text/plain")
        storage.copy("a/one", "a/copy", content_type="text/plain")
        storage.delete("a/two")
        with PartWriter(
            storage, "a/large", content_type="application/zip", limit_bytes=10**8
        ) as writer:
            writer.write(large)
        storage.begin_parts("a/unfinished", content_type="application/zip")
    with place.running() as storage:
        assert read_bucket(place.settings()) == bucket
        assert sorted(storage.names("a/")) == ["a/copy", "a/large", "a/one"]
        assert b"".join(storage.read("a/copy")) == b"1"
        assert b"".join(storage.read("a/large")) == large


def test_the_bucket_is_there_from_the_start_where_nobody_can_make_it(place: Place) -> None:
    with place.running(SUPABASE_SECRET_KEY="") as storage:
        storage.write("a/one", b"1", content_type="text/plain")
