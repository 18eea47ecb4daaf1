"""A process that has enough to do turns a file away, and the file loses nothing by it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from api._lib.errors import UnavailableError
from api._lib.files.processing import AT_ONCE, process, slot
from api._lib.http_client import supabase_http
from api._lib.settings import settings
from local.environment import functions_settings
from tests.samples import docx_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.files.processing import Result
    from api._lib.files.stored_file import Lease
    from tests.files.uploader import Uploader
    from tests.support import RunningStack

BOOK = docx_of((1, "One"), (0, "text"))


@pytest.fixture
def as_the_function(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process be the function: it has the settings of the stack's."""
    for name, value in functions_settings(stack).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    supabase_http.cache_clear()
    yield
    supabase_http().close()
    settings.cache_clear()
    supabase_http.cache_clear()


@pytest.mark.usefixtures("as_the_function")
def test_a_file_that_finds_no_slot_can_be_processed_later(ada: Uploader) -> None:
    file_id = ada.put("docx_processing", BOOK)

    def make(_lease: Lease) -> Result:
        pytest.fail("it was processed without a slot")

    with ExitStack() as taken:
        for _ in range(AT_ONCE):
            taken.enter_context(slot())
        with pytest.raises(UnavailableError) as refused:
            process(ada.user.id, file_id, is_uploaded=True, make=make)
    assert (refused.value.status, refused.value.code) == (503, "busy")
    assert int(refused.value.headers["Retry-After"]) > 0
    assert ada.credits == (500, 5)
    assert ada.complete(file_id).json()["file"]["status"] == "done"
