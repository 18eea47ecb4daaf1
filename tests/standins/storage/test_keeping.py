"""What was uploaded is there after the next `make run`."""

from __future__ import annotations

import os
import socket
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from api._lib.files.multipart import PartWriter
from api._lib.files.settings import StorageSettings
from api._lib.files.storage import Storage
from local.services import Part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A storage of its own, which can be started time and again."""

    settings: StorageSettings
    folder: Path

    @contextmanager
    def running(self, *, crash: bool = False) -> Iterator[Storage]:
        """Run it; end it, or kill it, at the end of the block."""
        port = int(self.settings.endpoint.split(":")[2].partition("/")[0])
        environ = {
            "PATH": os.environ["PATH"],
            "PURSE_LOCAL_STATE": str(self.folder),
            "STORAGE_S3_ENDPOINT": self.settings.endpoint,
            "STORAGE_S3_REGION": self.settings.region,
            "STORAGE_S3_ACCESS_KEY_ID": self.settings.access_key_id,
            "STORAGE_S3_SECRET_ACCESS_KEY": self.settings.secret_access_key,
            "STORAGE_BUCKET": self.settings.bucket,
            "STORAGE_MAX_FILE_MB": "50",
        }
        part = Part("storage", port, environ, self.folder / "storage.log")
        part.start()
        try:
            part.wait_until_ready()
            with closing(Storage(self.settings)) as storage:
                yield storage
        finally:
            (part.kill if crash else part.stop)()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place that nothing was put in yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}/storage/v1/s3"
    return Place(StorageSettings(endpoint, "us-east-1", "id", "secret", "files", 10**8), tmp_path)


@pytest.mark.parametrize("crash", [False, True])
def test_objects_outlive_the_process(place: Place, crash: bool) -> None:
    large = os.urandom(9_000_000)
    with place.running(crash=crash) as storage:
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
        assert sorted(storage.names("a/")) == ["a/copy", "a/large", "a/one"]
        assert b"".join(storage.read("a/copy")) == b"1"
        assert b"".join(storage.read("a/large")) == large
