"""How a reader refuses a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api._lib.files.readers.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Callable


def refusal_by(read: Callable[[bytes], object], data: bytes) -> str:
    """Read a file, which must be refused with a sentence for people; return the code."""
    with pytest.raises(UnreadableFileError) as caught:
        read(data)
    assert 0 < len(caught.value.message) <= 200
    return caught.value.code
