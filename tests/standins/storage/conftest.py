"""The storage of the running stack, as our server and as a browser reach it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from api._lib.files.settings import StorageSettings
from api._lib.files.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import RunningStack


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
def storage(settings: StorageSettings) -> Iterator[Storage]:
    """The storage."""
    with closing(Storage(settings)) as storage:
        yield storage
