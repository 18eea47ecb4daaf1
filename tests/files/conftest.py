"""A user who uploads files, and the storage that they go to."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from api._lib.files.bucket import make_bucket
from api._lib.files.settings import storage_settings
from api._lib.files.storage import Storage
from api._lib.settings import load
from local.environment import functions_settings
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
    """The stack's storage, as our server sees it."""
    settings = load(functions_settings(stack))
    make_bucket(settings)
    with closing(Storage(storage_settings(settings))) as storage:
        yield storage
