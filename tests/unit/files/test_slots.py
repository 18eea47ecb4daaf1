"""A process works on only so many files at a time."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from api._lib.errors import UnavailableError
from api._lib.files.processing import AT_ONCE, slot


def test_when_all_slots_are_taken_a_request_is_told_to_come_again() -> None:
    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(slot())
        with pytest.raises(UnavailableError) as refused, slot():
            pass
        assert (refused.value.status, refused.value.code) == (503, "busy")
        assert int(refused.value.headers["Retry-After"]) > 0
    with slot():
        pass
