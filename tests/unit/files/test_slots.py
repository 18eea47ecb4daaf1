"""A process works on only so many files at a time."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from api._lib.errors import UnavailableError
from api._lib.files import processing
from api._lib.files.processing import AT_ONCE, process


def test_when_all_slots_are_taken_a_request_is_told_to_come_again() -> None:
    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(processing.slots)
        with pytest.raises(UnavailableError) as refused:
            # It is refused before anything is asked of the database.
            process("user", "file", is_uploaded=True, make=lambda _: pytest.fail("was made"))
        assert (refused.value.status, refused.value.code) == (503, "busy")
        assert int(refused.value.headers["Retry-After"]) > 0
