"""The storage stops and starts again, or takes only files that are smaller than the results."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from api._lib.files.s3 import READ_TIMEOUT_SECONDS
from local.stack import running_services
from tests.files.uploader import Uploader, code, download
from tests.samples import docx_of
from tests.support import RunningStack, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Running

BOOK = docx_of((1, "One"), (0, "text"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A stack of its own, whose storage takes files of at most one megabyte."""
    state, environ = tmp_path_factory.mktemp("outage"), {"STORAGE_MAX_FILE_MB": "1"}
    with running_services(state, environ=environ, report=lambda _line: None) as running:
        yield running


@pytest.fixture
def bea(running: Running) -> Uploader:
    """A user with 500 credits."""
    return Uploader.with_credits(RunningStack.of(running.stack))


def test_a_storage_that_is_away_costs_nothing_and_loses_nothing(
    running: Running, bea: Uploader
) -> None:
    file_id = bea.put("docx_processing", BOOK)
    done = bea.process("docx_processing", BOOK)
    service = running.services["storage"]
    service.kill()
    try:
        assert code(bea.complete(file_id)) == (503, "storage_unavailable")
        failed = bea.export([done["id"]])
        assert code(failed) == (503, "storage_unavailable")
        assert bea.file(file_id)["status"] == "awaiting_upload"
        assert bea.credits == (495, 5 + 15)
    finally:
        service.start()
        service.wait_until_ready()
    assert bea.complete(file_id).json()["file"]["status"] == "done"
    assert download(done, "source.docx").content == BOOK


def test_a_storage_that_is_silent_is_given_up_and_health_says_so(
    running: Running, bea: Uploader
) -> None:
    """It accepts connections and never sends a byte. The site answers all the same."""
    file_id = bea.put("docx_processing", BOOK)
    port = httpx.URL(running.stack.storage_s3_endpoint).port
    service = running.services["storage"]
    service.kill()
    try:
        with until(lambda: _listener(port or 0), "the port is free"):
            assert code(bea.complete(file_id)) == (503, "storage_unavailable")
            health = bea.stack.get("/api/health")
            assert (health.status_code, health.json()["storage"]) == (503, "unreachable")
            assert (health.json()["status"], health.json()["database"]) == ("degraded", "ok")
    finally:
        service.start()
        service.wait_until_ready()
    assert bea.stack.get("/api/health").json()["storage"] == "ok"
    assert bea.complete(file_id).json()["file"]["status"] == "done"


def _listener(port: int) -> socket.socket | None:
    """Listen on a port; None while a process that was killed still has it."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None


def test_a_call_to_the_storage_waits_ten_seconds_for_a_byte() -> None:
    assert READ_TIMEOUT_SECONDS == 10


def test_an_export_that_the_storage_cut_short_is_made_under_the_same_key(
    running: Running, bea: Uploader
) -> None:
    done = bea.process("docx_processing", BOOK)
    service = running.services["storage"]
    service.kill()
    try:
        assert code(bea.export([done["id"]], key="k")) == (503, "storage_unavailable")
    finally:
        service.start()
        service.wait_until_ready()
    answer = bea.export([done["id"]], key="k").json()
    assert (answer["file"]["status"], answer["balance"]) == ("done", 500 - 5 - 15)
    assert bea.credits == (480, 0)


def test_a_text_that_is_larger_than_the_storage_takes_fails_and_costs_nothing(
    bea: Uploader,
) -> None:
    long = docx_of((0, " ".join(map(str, range(200_000)))))
    assert len(long) < 1_000_000
    file = bea.process("docx_processing", long)
    assert (file["status"], file["error"]["code"]) == ("failed", "document_too_large")
    assert bea.credits == (500, 0)


def test_a_file_that_is_larger_than_the_storage_takes_is_refused_before(bea: Uploader) -> None:
    answer = bea.begin("audio_upload", 1_000_001)
    assert code(answer) == (400, "file_too_large")
    assert "1 MB" in answer.json()["error"]["message"]
