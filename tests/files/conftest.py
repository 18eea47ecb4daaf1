"""Who uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.files.uploader import Uploader

if TYPE_CHECKING:
    from tests.support import RunningStack


@pytest.fixture
def ada(stack: RunningStack) -> Uploader:
    """Somebody with 500 credits."""
    return Uploader.with_credits(stack)
