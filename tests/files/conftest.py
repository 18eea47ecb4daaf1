"""A user who uploads files, and the storage that they go to."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from api._lib.files.settings import StorageSettings
from api._lib.files.storage import Storage
from tests.files.uploader import Uploader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import RunningStack


@pytest.fixture
def ada(stack: RunningStack) -> Uploader:
    """A user with 500 credits."""
    return Uploader.with_credits(stack)


@pytest.fixture
def storage(stack: RunningStack) -> Iterator[Storage]:
    """The stack's storage, with the server's own client."""
    settings = StorageSettings(
        stack.storage_s3_endpoint,
        stack.storage_s3_region,
        stack.storage_s3_access_key_id,
        stack.storage_s3_secret_access_key,
        stack.storage_bucket,
        50_000_000,
    )
    with closing(Storage(settings)) as storage:
        yield storage
