"""The storage of the running stack, as our server and as a browser reach it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from api._lib.files.bucket import make_bucket
from api._lib.files.settings import StorageSettings
from api._lib.files.storage import Storage
from api._lib.settings import load
from local.environment import functions_settings
from tests.standins.storage.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support import RunningStack


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A storage of its own, empty, not started yet."""
    return Place.in_folder(tmp_path)


@pytest.fixture
def settings(stack: RunningStack) -> StorageSettings:
    """How to get into the stack's storage."""
    return StorageSettings(
        endpoint=stack.storage_s3_endpoint,
        region=stack.storage_s3_region,
        access_key_id=stack.storage_s3_access_key_id,
        secret_access_key=stack.storage_s3_secret_access_key,
        bucket=stack.storage_bucket,
        max_file_bytes=50_000_000,
    )


@pytest.fixture
def storage(stack: RunningStack, settings: StorageSettings) -> Iterator[Storage]:
    """The stack's storage, with its bucket."""
    make_bucket(load(functions_settings(stack)))
    with closing(Storage(settings)) as storage:
        yield storage
