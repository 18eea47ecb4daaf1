"""A storage of its own, which a test can start with other settings and start again."""

from __future__ import annotations

import os
import socket
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api._lib.files.settings import StorageSettings, storage_settings
from api._lib.files.storage import Storage
from api._lib.settings import Settings, load
from local.services import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICE_KEY = "sb_secret_of_the_test"


@dataclass(frozen=True)
class Place:
    """A storage of its own. Gateway and storage are one process, so it is SUPABASE_URL too."""

    port: int
    folder: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Place:
        """Choose a free port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return cls(probe.getsockname()[1], folder)

    @property
    def url(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of functions that use the storage."""
        return {
            "SITE_URL": "https://shop.example.com",
            "PAYMENTS_ENABLED": "false",
            "SUPABASE_URL": self.url,
            "SUPABASE_SECRET_KEY": SERVICE_KEY,
            "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_of_the_test",
            "STORAGE_S3_ENDPOINT": f"{self.url}/storage/v1/s3",
            "STORAGE_S3_REGION": "us-east-1",
            "STORAGE_S3_ACCESS_KEY_ID": "id",
            "STORAGE_S3_SECRET_ACCESS_KEY": "secret",
            "STORAGE_BUCKET": "files",
            "STORAGE_MAX_FILE_MB": "50",
        }

    def settings(self, **environ: str) -> Settings:
        """Return the settings of functions that use the storage."""
        return load({**self.environ, **environ})

    @property
    def storage_settings(self) -> StorageSettings:
        """Return where the storage is."""
        return storage_settings(self.settings())

    @contextmanager
    def running(self, *, crash: bool = False, **environ: str) -> Iterator[Storage]:
        """Run it; stop or kill it at the end of the block."""
        told = {
            "PATH": os.environ["PATH"],
            "PURSE_LOCAL_STATE": str(self.folder),
            **self.environ,
            **environ,
        }
        service = Service("storage", self.port, told, self.folder / "storage.log")
        service.start()
        try:
            service.wait_until_ready()
            with closing(Storage(self.storage_settings)) as storage:
                yield storage
        finally:
            (service.kill if crash else service.stop)()
